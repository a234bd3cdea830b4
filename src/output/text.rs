//! The plain output: the selected lines, byte for byte.
//!
//! What is written is a subsequence of the input's lines, line endings included, with one
//! exception: where the last line written of one document has no line ending and a line of a
//! later document follows, a `\n` is put between them, so that lines of two documents never
//! fuse. Nothing else is ever added; in particular no blank line between documents.

use std::io::{self, Write};
use std::mem;

use super::Writer;
use crate::filter::{BlankLines, Piece, Sink};

/// Which blank lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Blank {
    /// Between two written lines the first of the blank lines there; none before the first
    /// written line of a document and none after the last.
    #[default]
    Squeeze,
    /// All.
    Keep,
    /// None.
    Drop,
}

/// Which of the non-blank lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// Those that are kept.
    #[default]
    Kept,
    /// Exactly the others.
    Dropped,
}

/// Writes the selected lines.
#[derive(Debug)]
pub struct Text<W> {
    out: W,
    selection: Selection,
    blank: Blank,
    /// Whether a line of this document has been written.
    is_begun: bool,
    /// The first blank line since the last written line; empty if there is none.
    waiting: Vec<u8>,
    /// Whether the last byte written was not a `\n`.
    is_open: bool,
    /// Whether that was so when this document began and none of its lines has been written.
    owes_newline: bool,
}

impl<W: Write> Text<W> {
    /// A writer to `out`.
    pub fn new(out: W, selection: Selection, blank: Blank) -> Text<W> {
        Text {
            out,
            selection,
            blank,
            is_begun: false,
            waiting: Vec::new(),
            is_open: false,
            owes_newline: false,
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if mem::take(&mut self.owes_newline) {
            self.out.write_all(b"\n")?;
        }
        self.out.write_all(bytes)?;
        if let Some(&last) = bytes.last() {
            self.is_open = last != b'\n';
        }
        Ok(())
    }
}

impl<W: Write> Sink for Text<W> {
    type Error = io::Error;

    fn take(&mut self, piece: &Piece<'_>) -> io::Result<()> {
        let Some(verdict) = piece.verdict else {
            return self.take_blank(&BlankLines { lines: piece.line, count: 1 });
        };
        if verdict.kept != (self.selection == Selection::Kept) {
            return Ok(());
        }
        if piece.starts {
            self.out.write_all(&self.waiting)?;
            self.waiting.clear();
            self.is_begun = true;
        }
        self.write(piece.line.bytes)
    }

    fn take_blank(&mut self, blank: &BlankLines<'_>) -> io::Result<()> {
        match self.blank {
            Blank::Keep => self.write(blank.lines.bytes),
            Blank::Squeeze if self.is_begun && self.waiting.is_empty() => {
                self.waiting.extend_from_slice(blank.first());
                Ok(())
            }
            Blank::Squeeze | Blank::Drop => Ok(()),
        }
    }
}

impl<W: Write> Writer for Text<W> {
    fn begin_document(&mut self, _name: &str) -> io::Result<()> {
        self.is_begun = false;
        self.waiting.clear();
        self.owes_newline = self.is_open;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Line, is_blank};
    use crate::label::{Kind, Verdict};

    /// Writes documents in which the lines that start with `+` are kept.
    fn written(documents: &[&str], selection: Selection, blank: Blank) -> String {
        let mut out = Vec::new();
        let mut writer = Text::new(&mut out, selection, blank);
        for document in documents {
            writer.begin_document("").unwrap();
            for line in document.split_inclusive('\n') {
                let kept = line.starts_with('+');
                let verdict = Verdict { kept, score: 0.0, probability: 0.5, kind: Kind::Other };
                let verdict = (!is_blank(line.as_bytes())).then_some(verdict);
                let line = Line { number: 1, offset: 0, bytes: line.as_bytes() };
                writer.take(&Piece { line, verdict, starts: true, ends: true }).unwrap();
            }
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn blank_lines_separate_written_lines() {
        let page = "\n+a\n \n\n-b\n\n+c\n+d\n-e\n\n";
        for (selection, blank, expected) in [
            (Selection::Kept, Blank::Squeeze, "+a\n \n+c\n+d\n"),
            (Selection::Kept, Blank::Keep, "\n+a\n \n\n\n+c\n+d\n\n"),
            (Selection::Kept, Blank::Drop, "+a\n+c\n+d\n"),
            (Selection::Dropped, Blank::Squeeze, "-b\n\n-e\n"),
            (Selection::Dropped, Blank::Keep, "\n \n\n-b\n\n-e\n\n"),
            (Selection::Dropped, Blank::Drop, "-b\n-e\n"),
        ] {
            assert_eq!(written(&[page], selection, blank), expected, "{selection:?} {blank:?}");
        }
    }

    #[test]
    fn blank_lines_are_written_alike_however_many_come_at_once() {
        let verdict = Verdict { kept: true, score: 0.0, probability: 0.5, kind: Kind::Other };
        let line = |bytes| Line { number: 1, offset: 0, bytes };
        let blank = BlankLines { lines: line(b"\t\n\t\n\t\n"), count: 3 };
        assert_eq!(blank.pieces().map(|piece| piece.line.offset).collect::<Vec<_>>(), [0, 2, 4]);
        for mode in [Blank::Squeeze, Blank::Keep, Blank::Drop] {
            let [one_by_one, at_once] = [false, true].map(|at_once| {
                let mut out = Vec::new();
                let mut writer = Text::new(&mut out, Selection::Kept, mode);
                for bytes in [b"a\n", b"b\n"] {
                    let verdict = Some(verdict);
                    let piece = Piece { line: line(bytes), verdict, starts: true, ends: true };
                    writer.take(&piece).unwrap();
                    if at_once {
                        writer.take_blank(&blank).unwrap();
                    } else {
                        blank.pieces().for_each(|piece| writer.take(&piece).unwrap());
                    }
                }
                out
            });
            assert_eq!(one_by_one, at_once, "{mode:?}");
        }
    }

    #[test]
    fn lines_of_two_documents_never_fuse() {
        for (documents, blank, expected) in [
            (&["+a", "+b"][..], Blank::Squeeze, "+a\n+b"),
            (&["+a\n", "+b"], Blank::Squeeze, "+a\n+b"),
            (&["+a", "-b", "+c\n"], Blank::Squeeze, "+a\n+c\n"),
            (&["+a", "-b", ""], Blank::Squeeze, "+a"),
            // Blank lines do not cross from one document to the next.
            (&["+a\n\n", "\n\n+b"], Blank::Squeeze, "+a\n+b"),
            (&["+a\n\n", "\n+b"], Blank::Keep, "+a\n\n\n+b"),
            (&["+a\n ", "\n+b"], Blank::Keep, "+a\n \n\n+b"),
        ] {
            assert_eq!(written(documents, Selection::Kept, blank), expected, "{documents:?}");
        }
    }

    #[test]
    fn pieces_of_a_line_stay_together() {
        let verdict = Verdict { kept: true, score: 0.0, probability: 0.5, kind: Kind::Other };
        let mut out = Vec::new();
        let mut writer = Text::new(&mut out, Selection::Kept, Blank::Squeeze);
        for (bytes, starts, ends) in
            [("a", true, false), ("b", false, false), ("", false, true), ("c", true, true)]
        {
            if starts {
                writer.begin_document("").unwrap();
            }
            let line = Line { number: 1, offset: 0, bytes: bytes.as_bytes() };
            writer.take(&Piece { line, verdict: Some(verdict), starts, ends }).unwrap();
        }
        assert_eq!(out, b"ab\nc");
    }
}
