//! A report to look at: one HTML page with every line, its verdict and the reasons for it.
//!
//! It needs nothing but itself: no network, no other file. The text of the lines is escaped, and
//! the page's own policy (CSP) lets no script run but the one it brings along. Without scripts it
//! still says all; with them there are a threshold to try, kinds to hide, and rules to copy.
//!
//! [`Report`] writes the middle of the page, a section a document; [`head`] goes before the
//! first and [`tail`] behind the last.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::lossy::LossyText;
use super::page::{Held, Taken, no_reasons};
use super::{Writer, sanitize};
use crate::decode::Policy;
use crate::explain::{Explanation, Page};
use crate::filter::{Piece, Sink};
use crate::label::{Kind, Verdict};
use crate::model::Model;
use crate::rules::Rules;

const STYLE: &str = include_str!("report.css");
/// SHA-256 of [`STYLE`], as policies have it.
const STYLE_HASH: &str = "3hRn9nLDMatIV0clBXSOYjbzcPF2/b9sMfjJ09tctIM=";

const SCRIPT: &str = include_str!("report.js");
/// Likewise of [`SCRIPT`].
const SCRIPT_HASH: &str = "FnJJXzXouGhEWrCg+c3lAgJBpuwzxGd2QtGv4KvAbGE=";

/// Lines that a browser lays out together, and not before they come into view.
const GROUP_LINES: usize = 50;

/// The thresholds that can be tried, above and below 0.
const TRIED_THRESHOLD: f32 = 8.0;

/// What stands before the first document.
pub fn head(policy: Policy) -> String {
    let Policy { threshold, keep } = policy;
    let threshold = threshold.clamp(-TRIED_THRESHOLD, TRIED_THRESHOLD);
    let kept: Vec<&str> =
        Kind::ALL.into_iter().filter(|&kind| keep.contains(kind)).map(Kind::name).collect();
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'sha256-{STYLE_HASH}'; script-src 'sha256-{SCRIPT_HASH}'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>What dechrome keeps, and why</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>What dechrome keeps, and why</h1>\n\
         <p class=\"note\">A score above the threshold is content. Open a line for its reasons: what \
         moved the score, cause by cause, and what is left of it.</p>\n\
         <form hidden data-keep=\"{}\">\n\
         <div><label for=\"threshold\">Threshold</label> <output name=\"tells\" \
         for=\"threshold\"></output><input type=\"range\" id=\"threshold\" name=\"threshold\" \
         min=\"-{TRIED_THRESHOLD}\" max=\"{TRIED_THRESHOLD}\" step=\"0.1\" \
         value=\"{threshold}\"></div>\n\
         <label>Lines <select name=\"which\"><option value=\"all\">all</option>\
         <option value=\"kept\">kept</option><option value=\"dropped\">dropped</option>\
         <option value=\"moved\">changed by the threshold</option></select></label>\n\
         <button type=\"button\" name=\"again\">Reset</button>\n\
         <fieldset><legend>Kinds</legend><div>",
        kept.join(" "),
    );
    for kind in Kind::ALL {
        _ = write!(
            html,
            "<label><input type=\"checkbox\" value=\"{kind}\" checked> {kind}</label> "
        );
    }
    html.push_str("</div></fieldset>\n<p class=\"note\" id=\"count\" role=\"status\"></p>\n</form>\n</header>\n<main>\n");
    html
}

/// What stands behind the last document.
pub fn tail() -> String {
    format!("</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n")
}

/// Writes a section for each document.
#[derive(Debug)]
pub struct Report<'m, W> {
    out: W,
    model: &'m Model,
    policy: Policy,
    rules: Rules,
    name: String,
    held: Held,
    text: LossyText,
    /// Lines written in this section.
    rows: usize,
    /// Whether a blank line came before.
    has_gap: bool,
}

impl<'m, W: Write> Report<'m, W> {
    /// A writer to `out` of what a filter with this model, policy and rules judges.
    pub fn new(out: W, model: &'m Model, policy: Policy, rules: Rules) -> Report<'m, W> {
        Report {
            out,
            model,
            policy,
            rules,
            name: String::new(),
            held: Held::default(),
            text: LossyText::default(),
            rows: 0,
            has_gap: false,
        }
    }

    fn begin_section(&mut self, note: &str) -> io::Result<()> {
        self.out.write_all(b"<section>\n<h2>")?;
        let name = if self.name == "-" { "standard input" } else { &self.name };
        write_text(&mut self.out, name)?;
        write!(self.out, "</h2>\n<p class=\"note\">{note}</p>\n<ol>\n")
    }

    /// Writes a line, or the next piece of one.
    fn write(&mut self, piece: &Piece<'_>, explanation: Option<&Explanation>) -> io::Result<()> {
        let Some(verdict) = piece.verdict else {
            self.has_gap = true;
            return Ok(());
        };
        if piece.starts {
            if self.rows > 0 && self.rows.is_multiple_of(GROUP_LINES) {
                self.out.write_all(b"</ol>\n<ol>\n")?;
            }
            self.rows += 1;
            self.begin_row(piece.line.number, &verdict, explanation)?;
        }
        self.text.take(piece, |part| write_text(&mut self.out, part))?;
        if piece.ends {
            self.out.write_all(b"</span></summary><p>")?;
            match explanation {
                Some(explanation) => write_reasons(&mut self.out, explanation)?,
                None => self.out.write_all(b"no reasons: the page is too long")?,
            }
            self.out.write_all(b"</p></details>\n")?;
        }
        Ok(())
    }

    fn begin_row(
        &mut self,
        number: u64,
        verdict: &Verdict,
        explanation: Option<&Explanation>,
    ) -> io::Result<()> {
        let Verdict { kept, score, kind, .. } = *verdict;
        let (dropped, mark) = if kept { ("", "kept") } else { ("d ", "dropped") };
        let gap = if std::mem::take(&mut self.has_gap) { "g " } else { "" };
        let side = if score < 0.0 { 'n' } else { 'p' };
        let bar = (score.abs() / 1.5).ceil().min(4.0);
        write!(
            self.out,
            "<li value={number} class=\"{dropped}{gap}{side}{bar}\" data-s={score:.2}"
        )?;
        match explanation {
            Some(Explanation { scores, told: None, .. }) => {
                let at = |threshold| Policy { threshold, ..self.policy }.decide(scores, None).kind;
                let (content, chrome) = (at(f32::NEG_INFINITY), at(f32::INFINITY));
                write!(self.out, " data-k=\"{content} {chrome}\"")?;
            }
            _ => write!(self.out, " data-t data-k={kind}")?,
        }
        write!(self.out, "><details><summary><b>{mark}</b> <i>{score:+.2}</i> <u>{kind}</u> <span>")
    }
}

fn write_reasons(
    out: &mut impl Write,
    Explanation { scores, reasons, rest, .. }: &Explanation,
) -> io::Result<()> {
    write!(out, "{:.1}% likely to be content", f64::from(scores.probability) * 100.0)?;
    for reason in reasons {
        write!(out, "; {:+.1} ", reason.points)?;
        write_text(out, &reason.words)?;
    }
    write!(out, "; {rest:+.1} left")
}

/// Writes text that neither is markup nor acts.
fn write_text(out: &mut impl Write, text: &str) -> io::Result<()> {
    let visible = sanitize::visible(text);
    let mut done = 0;
    for (at, sign) in visible.match_indices(['&', '<', '>', '"', '\'']) {
        out.write_all(&visible.as_bytes()[done..at])?;
        write!(out, "&#{};", sign.as_bytes()[0])?;
        done = at + 1;
    }
    out.write_all(&visible.as_bytes()[done..])
}

impl<W: Write> Sink for Report<'_, W> {
    type Error = io::Error;

    fn take(&mut self, piece: &Piece<'_>) -> io::Result<()> {
        match self.held.take(piece) {
            Taken::Held => Ok(()),
            Taken::IsFull => {
                self.begin_section(&no_reasons())?;
                let held = std::mem::take(&mut self.held);
                held.pieces().try_for_each(|piece| self.write(&piece, None))?;
                self.held = held.full();
                self.write(piece, None)
            }
            Taken::Passed => self.write(piece, None),
        }
    }
}

impl<W: Write> Writer for Report<'_, W> {
    fn begin_document(&mut self, name: &str) -> io::Result<()> {
        name.clone_into(&mut self.name);
        self.rows = 0;
        self.has_gap = false;
        Ok(())
    }

    fn end_document(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        if !held.is_full() {
            let verdicts: Vec<Verdict> = held.pieces().filter_map(|piece| piece.verdict).collect();
            let kept = verdicts.iter().filter(|verdict| verdict.kept).count();
            self.begin_section(&format!("{kept} of {} lines kept", verdicts.len()))?;
            let rules = self.rules.clone();
            let page = Page::new(self.model, self.policy, &rules, held.lines());
            let mut explanations = page.explain(0..page.len());
            for piece in held.pieces() {
                let explanation = piece.verdict.and_then(|_| explanations.next());
                self.write(&piece, explanation.as_ref())?;
            }
        }
        self.out.write_all(b"</ol>\n</section>\n")
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64;
    use sha2::{Digest, Sha256};

    #[test]
    fn the_policy_names_the_style_and_the_script() {
        for (text, hash) in [(STYLE, STYLE_HASH), (SCRIPT, SCRIPT_HASH)] {
            assert_eq!(BASE64.encode(&Sha256::digest(text)), hash, "{text}");
        }
    }

    #[test]
    fn text_is_no_markup() {
        let mut out = Vec::new();
        write_text(&mut out, "<b title=\"a\" lang='b'>&amp;\u{1b}\u{202e}").unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "&#60;b title=&#34;a&#34; lang=&#39;b&#39;&#62;&#38;amp;^[&#60;U+202E&#62;"
        );
    }
}
