//! A whole page, held until its last line is known, or until it is too long to be explained.

use crate::document::Line;
use crate::explain::{MAX_BYTES, MAX_LINES};
use crate::filter::Piece;
use crate::label::Verdict;

/// The judged lines of a page.
#[derive(Debug, Default)]
pub(super) struct Held {
    bytes: Vec<u8>,
    /// Where each line ends in `bytes`, and its verdict.
    lines: Vec<(usize, Option<Verdict>)>,
    is_full: bool,
}

/// What is said of a page that is too long to be explained.
pub(super) fn no_reasons() -> String {
    let mebibytes = MAX_BYTES >> 20;
    format!("no reasons: the page has more than {mebibytes} MiB or {MAX_LINES} lines")
}

/// What became of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is held.
    Held,
    /// It is the first that is not: the page has become too long.
    IsFull,
    /// Nor is this one.
    Passed,
}

impl Held {
    /// Takes the next piece of the page.
    pub(super) fn take(&mut self, piece: &Piece<'_>) -> Taken {
        if self.is_full {
            return Taken::Passed;
        }
        let bytes = piece.line.bytes;
        if self.bytes.len() + bytes.len() >= MAX_BYTES || self.lines.len() == MAX_LINES {
            self.is_full = true;
            return Taken::IsFull;
        }
        debug_assert!(piece.starts && piece.ends, "a line under the limit comes whole");
        self.bytes.extend_from_slice(bytes);
        self.lines.push((self.bytes.len(), piece.verdict));
        Taken::Held
    }

    /// Whether there were too many lines to hold.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Forgets the lines, but not that there were too many.
    pub(super) fn full(self) -> Held {
        Held { is_full: true, ..Held::default() }
    }

    /// The lines as they came.
    pub(super) fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        let mut start = 0;
        self.lines.iter().zip(1..).map(move |(&(end, verdict), number)| {
            let line = Line { number, offset: start as u64, bytes: &self.bytes[start..end] };
            start = end;
            Piece { line, verdict, starts: true, ends: true }
        })
    }

    /// The bytes of the lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces().map(|piece| piece.line.bytes)
    }
}
