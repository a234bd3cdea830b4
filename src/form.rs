//! Kinds that the form of a line gives away where a page is Markdown: rows of tables and quotations.
//! The pages to learn from have so few of them that the model names neither.
//!
//! Of the lines of content in Markdown pages of the training fold, 92 % of those with two pipes are
//! labelled as rows of a table, and 66 % of those that start with `>` as quotations, most others as
//! lists in such. In other pages that is code.

use crate::features::{Dense, Feature};
use crate::label::Kind;

/// What the forms of a document's lines say, line by line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forms {
    /// Whether a Markdown link was seen.
    is_markdown: bool,
    /// Whether the last line had a pipe, and whether it was in a table.
    had_pipe: bool,
    in_table: bool,
}

/// What the form of a line says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// Its kind, if it is content.
    pub kind: Option<Kind>,
    /// Whether the line before it, not blank, is the head of a table.
    pub is_below_head: bool,
}

impl Form {
    /// That of a line of which it says nothing.
    pub const NONE: Form = Form { kind: None, is_below_head: false };
}

impl Forms {
    /// Takes note of a blank line, which ends a table.
    pub fn blank_line(&mut self) {
        (self.had_pipe, self.in_table) = (false, false);
    }

    /// The next line, which has these features.
    pub fn line(&mut self, text: &[u8], dense: &Dense) -> Form {
        let has = |feature: Feature| dense[feature as usize] > 0;
        self.is_markdown |= has(Feature::Links) || has(Feature::Images);
        let (had_pipe, was_in_table) = (self.had_pipe, self.in_table);
        self.had_pipe = has(Feature::Pipes);
        self.in_table = self.had_pipe && (was_in_table || is_delimiter_row(text));
        if self.in_table {
            let is_below_head = !was_in_table && had_pipe;
            return Form { kind: Some(Kind::Table), is_below_head };
        }
        let is_quotation = self.is_markdown && text.starts_with(b">");
        Form { kind: is_quotation.then_some(Kind::Quote), is_below_head: false }
    }
}

/// Whether it is the row below the head of a table, as in `|---|:--:|` or `---|---`.
fn is_delimiter_row(text: &[u8]) -> bool {
    let row = text.trim_ascii();
    let row = row.strip_prefix(b"|").unwrap_or(row);
    let row = row.strip_suffix(b"|").unwrap_or(row);
    row.split(|&byte| byte == b'|').all(|cell| {
        let cell = cell.trim_ascii();
        let cell = cell.strip_prefix(b":").unwrap_or(cell);
        let cell = cell.strip_suffix(b":").unwrap_or(cell);
        cell.len() >= 3 && cell.iter().all(|&byte| byte == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Extractor;

    #[test]
    fn tables_and_quotations_of_markdown_are_told() {
        let (table, quote) = (Some(Kind::Table), Some(Kind::Quote));
        let page = [
            ("> no Markdown so far", None),
            ("Home | [About](/about) | Contact", None),
            ("> A word of the harbour master", quote),
            ("Ferry | Leaves", table),
            ("---|---", table),
            ("Anna | 9:00", table),
            ("| Berta | 9:30 |", table),
            ("In winter they stay in the harbour.", None),
            ("Ferry | Fare", None),
            ("", None),
            ("|:---|---:|", table),
            ("Anna | 12", table),
            ("", None),
            ("Anna | 13", None),
            ("a ---|--- b", None),
            ("--|--", None),
        ];
        let (mut extractor, mut forms) = (Extractor::new(), Forms::default());
        let mut kinds: Vec<Option<Kind>> = Vec::new();
        for (line, _) in page {
            if line.is_empty() {
                forms.blank_line();
                kinds.push(None);
                continue;
            }
            let dense = extractor.line(line.as_bytes(), None, &mut |_| {});
            let form = forms.line(line.as_bytes(), &dense);
            if form.is_below_head {
                *kinds.last_mut().expect("there is a head") = table;
            }
            kinds.push(form.kind);
        }
        assert_eq!(kinds, page.map(|(_, kind)| kind));
    }
}
