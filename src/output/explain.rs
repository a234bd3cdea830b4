//! The page with its verdicts and the reasons for them.
//!
//! ```text
//! -  -4.45 menu     Home
//!     1.2%          +1.1 article further down (9 lines); -2.2 menu above; -1.0 menu below; -2.3 left
//! ```
//!
//! Each line as [`annotate`](super::annotate) writes it; under it the probability that it is
//! content, then what moved the score, in the order of [`Explanation::reasons`], and what is left
//! of it.
//!
//! A page is held until it is whole. One that is too long to be explained (see
//! [`MAX_BYTES`](crate::explain::MAX_BYTES) and [`MAX_LINES`](crate::explain::MAX_LINES)) is written without reasons, and says so.

use std::io::{self, Write};

use super::annotate::{Annotate, FAINT, GREEN, RED, RESET, SCORE_WIDTH, Style, TEXT_COLUMN};
use super::page::{Held, Taken, no_reasons};
use super::{Writer, sanitize};
use crate::decode::Policy;
use crate::explain::{Explanation, Page};
use crate::filter::{Piece, Sink};
use crate::model::Model;
use crate::rules::Rules;

/// Writes every line with its verdict and the reasons for it.
#[derive(Debug)]
pub struct Explain<'m, W> {
    lines: Annotate<W>,
    style: Style,
    model: &'m Model,
    policy: Policy,
    rules: Rules,
    held: Held,
}

impl<'m, W: Write> Explain<'m, W> {
    /// A writer to `out` of what a filter with this model, policy and rules judges.
    pub fn new(
        out: W,
        style: Style,
        model: &'m Model,
        policy: Policy,
        rules: Rules,
    ) -> Explain<'m, W> {
        let lines = Annotate::new(out, style);
        Explain { lines, style, model, policy, rules, held: Held::default() }
    }
}

fn write_reasons(
    out: &mut impl Write,
    Style { has_colour, is_sanitized }: Style,
    Explanation { scores, reasons, rest, .. }: &Explanation,
) -> io::Result<()> {
    let colour = |out: &mut dyn Write, code| if has_colour { out.write_all(code) } else { Ok(()) };
    colour(out, FAINT)?;
    let percent = f64::from(scores.probability) * 100.0;
    let width = SCORE_WIDTH - 1;
    write!(out, "  {percent:width$.1}%{:1$}", "", TEXT_COLUMN - SCORE_WIDTH - 2)?;
    for reason in reasons {
        colour(out, if reason.points > 0.0 { GREEN } else { RED })?;
        write!(out, "{:+.1} ", reason.points)?;
        colour(out, RESET)?;
        colour(out, FAINT)?;
        if is_sanitized && reason.words.contains(sanitize::is_right_to_left) {
            let words = sanitize::visible(&reason.words);
            write!(out, "{}{words}{}; ", sanitize::ISOLATE, sanitize::END_ISOLATE)?;
        } else {
            sanitize::write_visible(out, &reason.words)?;
            out.write_all(b"; ")?;
        }
    }
    write!(out, "{rest:+.1} left")?;
    colour(out, RESET)?;
    out.write_all(b"\n")
}

impl<W: Write> Sink for Explain<'_, W> {
    type Error = io::Error;

    fn take(&mut self, piece: &Piece<'_>) -> io::Result<()> {
        match self.held.take(piece) {
            Taken::Held => Ok(()),
            Taken::IsFull => {
                write!(self.lines.out(), "{:TEXT_COLUMN$}", "")?;
                writeln!(self.lines.out(), "{}", no_reasons())?;
                let held = std::mem::take(&mut self.held);
                held.pieces().try_for_each(|piece| self.lines.take(&piece))?;
                self.held = held.full();
                self.lines.take(piece)
            }
            Taken::Passed => self.lines.take(piece),
        }
    }
}

impl<W: Write> Writer for Explain<'_, W> {
    fn begin_document(&mut self, name: &str) -> io::Result<()> {
        self.lines.begin_document(name)
    }

    fn end_document(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        let page = Page::new(self.model, self.policy, &self.rules, held.lines());
        let mut explanations = page.explain(0..page.len());
        held.pieces().try_for_each(|piece| {
            self.lines.take(&piece)?;
            match piece.verdict {
                Some(_) => {
                    let explanation = explanations.next().expect("a line that is not blank");
                    write_reasons(self.lines.out(), self.style, &explanation)
                }
                None => Ok(()),
            }
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lines.flush()
    }
}
