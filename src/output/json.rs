//! JSON Lines: one object for each line that is not blank.
//!
//! ```json
//! {"document":"page.txt","line":7,"offset":212,"kept":true,"score":3.7021,"probability":0.9758,"kind":"prose","text":"The council voted on Tuesday."}
//! ```
//!
//! | key | type | |
//! |---|---|---|
//! | `document` | string | the path as given, `-` for standard input |
//! | `line` | number | number of the line in its document, from 1; blank lines count |
//! | `offset` | number | bytes of the document before the line |
//! | `kept` | boolean | whether the plain output would have it |
//! | `score` | number | log-odds, content is positive; 4 decimals |
//! | `probability` | number | calibrated, 0 to 1, that the line is content; 4 decimals |
//! | `kind` | string | a [`Kind`](crate::label::Kind) by name |
//! | `text` | string | the line without its ending; what is no UTF-8 becomes U+FFFD |
//!
//! All keys are always there, in this order, and there are no others. Each object ends with a
//! `\n`. Characters that a terminal could act on (see [`sanitize`]) are
//! escaped, so the output is safe to look at. Over-long lines are streamed: memory does not grow
//! with the line.

use std::io::{self, Write};

use super::lossy::LossyText;
use super::{Writer, sanitize};
use crate::filter::{Piece, Sink};

/// Writes JSON Lines.
#[derive(Debug)]
pub struct Json<W> {
    out: W,
    /// The document's name, escaped.
    document: Vec<u8>,
    text: LossyText,
}

impl<W: Write> Json<W> {
    /// A writer to `out`.
    pub fn new(out: W) -> Json<W> {
        Json { out, document: Vec::new(), text: LossyText::default() }
    }
}

impl<W: Write> Sink for Json<W> {
    type Error = io::Error;

    fn take(&mut self, piece: &Piece<'_>) -> io::Result<()> {
        let Some(verdict) = piece.verdict else {
            return Ok(());
        };
        if piece.starts {
            self.out.write_all(b"{\"document\":\"")?;
            self.out.write_all(&self.document)?;
            write!(
                self.out,
                "\",\"line\":{},\"offset\":{},\"kept\":{},\"score\":{:.4},\
                 \"probability\":{:.4},\"kind\":\"{}\",\"text\":\"",
                piece.line.number,
                piece.line.offset,
                verdict.kept,
                verdict.score,
                verdict.probability,
                verdict.kind,
            )?;
        }
        self.text.take(piece, |part| write_escaped(&mut self.out, part))?;
        if piece.ends {
            self.out.write_all(b"\"}\n")?;
        }
        Ok(())
    }
}

impl<W: Write> Writer for Json<W> {
    fn begin_document(&mut self, name: &str) -> io::Result<()> {
        self.document.clear();
        write_escaped(&mut self.document, name)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes the inside of a JSON string.
fn write_escaped(out: &mut impl Write, text: &str) -> io::Result<()> {
    let needs_escape = |c: char| matches!(c, '"' | '\\' | '\t') || sanitize::is_active(c);
    let mut done = 0;
    for (at, c) in text.char_indices().filter(|&(_, c)| needs_escape(c)) {
        out.write_all(&text.as_bytes()[done..at])?;
        match c {
            '"' | '\\' => out.write_all(&[b'\\', c as u8])?,
            '\t' => out.write_all(b"\\t")?,
            '\n' => out.write_all(b"\\n")?,
            '\r' => out.write_all(b"\\r")?,
            // All active characters are in the basic plane: one unit of UTF-16 each.
            c => write!(out, "\\u{:04x}", u32::from(c))?,
        }
        done = at + c.len_utf8();
    }
    out.write_all(&text.as_bytes()[done..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Line;
    use crate::label::{Kind, Verdict};

    #[test]
    fn escaping_reads_back() {
        let every: String = (char::MIN..=char::MAX).collect();
        let mut out = vec![b'"'];
        write_escaped(&mut out, &every).unwrap();
        out.push(b'"');
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains(sanitize::is_active) && !text.contains('\t'));
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), every);
    }

    #[test]
    fn pieces_make_one_object() {
        let verdict = Verdict { kept: false, score: -0.12346, probability: 0.25, kind: Kind::Menu };
        let mut out = Vec::new();
        let mut writer = Json::new(&mut out);
        writer.begin_document("a \"b\"").unwrap();
        for (bytes, offset, verdict, starts, ends) in [
            (&b"\n"[..], 0, None, true, true),
            (b"x\xe2", 1, Some(verdict), true, false),
            (b"\x82", 3, Some(verdict), false, false),
            (b"\xac\xff\r", 4, Some(verdict), false, false),
            (b"\n", 7, Some(verdict), false, true),
        ] {
            let line = Line { number: 1 + u64::from(offset > 0), offset, bytes };
            writer.take(&Piece { line, verdict, starts, ends }).unwrap();
        }
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"document\":\"a \\\"b\\\"\",\"line\":2,\"offset\":1,\"kept\":false,\
             \"score\":-0.1235,\"probability\":0.2500,\"kind\":\"menu\",\
             \"text\":\"x\u{20ac}\u{fffd}\"}\n"
        );
    }
}
