//! The page with its verdicts: every line, with what was decided in front of it.
//!
//! ```text
//! -  -4.31 menu     Home | News | Sport
//!
//! +  +3.70 prose    The council voted on Tuesday to close the bridge.
//! ```
//!
//! A line is: `+` if kept, `-` if dropped, a space if blank; the score; the kind; the text. The
//! text starts at byte [`TEXT_COLUMN`] for scores within ±99.99, on blank lines too, so that
//! `cut` gives the page back. Each line ends as it ended in the page; one that had no ending
//! gets a `\n`.
//!
//! For a terminal the text is made safe, see [`sanitize`], bytes that are no UTF-8 are shown as
//! U+FFFD, and what is written from right to left is isolated, so that it cannot reorder the columns
//! before it or the end of the line. Otherwise its bytes are written as they came.
//!
//! In colour the mark and the score tell by green and red whether the line is kept, and the kinds
//! have colours of their own.

use std::io::{self, Write};

use super::lossy::LossyText;
use super::{Writer, sanitize};
use crate::filter::{Piece, Sink};
use crate::label::{Kind, Verdict};

/// Width of the column of kinds.
const KIND_WIDTH: usize = {
    let mut width = 0;
    let mut index = 0;
    while index < Kind::COUNT {
        let length = Kind::ALL[index].name().len();
        if length > width {
            width = length;
        }
        index += 1;
    }
    width
};

/// Width of the column of scores: sign, two digits, point, two decimals.
pub(super) const SCORE_WIDTH: usize = 6;

/// Offset of the text in an output line: mark, score and kind with a space behind each, and one
/// more space.
pub const TEXT_COLUMN: usize = 1 + 1 + SCORE_WIDTH + 1 + KIND_WIDTH + 2;

/// The colour of a kind: like ones share one.
fn colour(kind: Kind) -> &'static [u8] {
    match kind {
        Kind::Prose | Kind::Quote => b"\x1b[32m",
        Kind::Heading => b"\x1b[1;32m",
        Kind::List | Kind::Table | Kind::Code => b"\x1b[36m",
        Kind::Caption | Kind::Byline => b"\x1b[33m",
        Kind::Related | Kind::Comment | Kind::Ad => b"\x1b[35m",
        Kind::Menu | Kind::Tags | Kind::Share => b"\x1b[34m",
        Kind::Policy | Kind::Form | Kind::Footer | Kind::Other => b"\x1b[31m",
    }
}

pub(super) const GREEN: &[u8] = b"\x1b[32m";
pub(super) const RED: &[u8] = b"\x1b[31m";
pub(super) const FAINT: &[u8] = b"\x1b[2m";
pub(super) const RESET: &[u8] = b"\x1b[0m";

/// How lines are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Colour verdicts and dim dropped lines.
    pub has_colour: bool,
    /// Make the text safe for a terminal, in the order of reading.
    pub is_sanitized: bool,
}

/// Writes every line with its verdict.
#[derive(Debug)]
pub struct Annotate<W> {
    out: W,
    style: Style,
    text: LossyText,
    /// Whether the line has text that runs from right to left.
    is_isolated: bool,
}

impl<W: Write> Annotate<W> {
    /// A writer to `out`.
    pub fn new(out: W, style: Style) -> Annotate<W> {
        Annotate { out, style, text: LossyText::default(), is_isolated: false }
    }

    pub(super) fn out(&mut self) -> &mut W {
        &mut self.out
    }

    fn write_verdict(&mut self, verdict: Option<&Verdict>) -> io::Result<()> {
        let Some(verdict) = verdict else {
            return write!(self.out, "{:TEXT_COLUMN$}", "");
        };
        if self.style.has_colour {
            self.out.write_all(if verdict.kept { GREEN } else { RED })?;
        }
        let mark = if verdict.kept { '+' } else { '-' };
        let (score, kind) = (verdict.score, verdict.kind);
        write!(self.out, "{mark} {score:+SCORE_WIDTH$.2} ")?;
        if self.style.has_colour {
            self.out.write_all(RESET)?;
            self.out.write_all(colour(kind))?;
        }
        write!(self.out, "{kind:KIND_WIDTH$}  ")?;
        if self.style.has_colour {
            self.out.write_all(RESET)?;
            if !verdict.kept {
                self.out.write_all(FAINT)?;
            }
        }
        Ok(())
    }
}

impl<W: Write> Sink for Annotate<W> {
    type Error = io::Error;

    fn take(&mut self, piece: &Piece<'_>) -> io::Result<()> {
        if piece.starts {
            self.write_verdict(piece.verdict.as_ref())?;
        }
        if self.style.is_sanitized {
            let Annotate { out, text, is_isolated, .. } = self;
            *is_isolated &= !piece.starts;
            text.take(piece, |mut part| {
                if !*is_isolated && let Some(at) = part.find(sanitize::is_right_to_left) {
                    sanitize::write_visible(out, &part[..at])?;
                    out.write_all(sanitize::ISOLATE.as_bytes())?;
                    *is_isolated = true;
                    part = &part[at..];
                }
                sanitize::write_visible(out, part)
            })?;
            if piece.ends && std::mem::take(is_isolated) {
                out.write_all(sanitize::END_ISOLATE.as_bytes())?;
            }
        } else {
            // A `\r` before the `\n` stays with the text: it may have come in an earlier piece.
            let bytes = piece.line.bytes;
            self.out.write_all(bytes.strip_suffix(b"\n").unwrap_or(bytes))?;
        }
        if piece.ends {
            if self.style.has_colour && piece.verdict.is_some_and(|verdict| !verdict.kept) {
                self.out.write_all(RESET)?;
            }
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }
}

impl<W: Write> Writer for Annotate<W> {
    fn begin_document(&mut self, _name: &str) -> io::Result<()> {
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Line;

    const KEPT: Verdict = Verdict { kept: true, score: 3.7, probability: 0.9, kind: Kind::Prose };
    const DROPPED: Verdict =
        Verdict { kept: false, score: -12.346, probability: 0.1, kind: Kind::Related };

    fn written(style: Style, lines: &[(Option<Verdict>, &[&[u8]])]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = Annotate::new(&mut out, style);
        for (verdict, pieces) in lines {
            for (index, bytes) in pieces.iter().enumerate() {
                let piece = Piece {
                    line: Line { number: 1, offset: 0, bytes },
                    verdict: *verdict,
                    starts: index == 0,
                    ends: index + 1 == pieces.len(),
                };
                writer.take(&piece).unwrap();
            }
        }
        out
    }

    #[test]
    fn verdicts_stand_in_columns_before_the_bytes() {
        let lines: &[(_, &[&[u8]])] = &[
            (Some(KEPT), &[b"One \xff\x1b\r\n"]),
            (None, &[b" \n"]),
            (Some(DROPPED), &[b"Tw", b"o\r", b"\n"]),
            (Some(DROPPED), &[b"Three"]),
        ];
        let expected: &[&[u8]] = &[
            b"+  +3.70 prose    One \xff\x1b\r\n",
            b"                   \n",
            b"- -12.35 related  Two\r\n",
            b"- -12.35 related  Three\n",
        ];
        assert_eq!(
            written(Style::default(), lines).escape_ascii().to_string(),
            expected.concat().escape_ascii().to_string()
        );
        assert_eq!(TEXT_COLUMN, 18);
    }

    #[test]
    fn a_terminal_gets_safe_text() {
        let style = Style { has_colour: false, is_sanitized: true };
        let lines: &[(_, &[&[u8]])] = &[
            (Some(KEPT), &[b"a\x1b]0;x\x07\xffb\xe2\x80", b"\xaec\r", b"\r\n"]),
            (None, &[b"\xef\xbb\xbf\n"]),
        ];
        assert_eq!(
            String::from_utf8(written(style, lines)).unwrap(),
            "+  +3.70 prose    a^[]0;x^G\u{fffd}b<U+202E>c^M\n                  <U+FEFF>\n"
        );
    }

    #[test]
    fn no_text_moves_the_columns() {
        let style = Style { has_colour: false, is_sanitized: true };
        // Wide, without width, from right to left, mixed, and cut within a character.
        let texts: &[(&[&[u8]], &str)] = &[
            (&["中文，全角\n".as_bytes()], "中文，全角"),
            (&["\u{301}\u{200d}👩\n".as_bytes()], "\u{301}\u{200d}👩"),
            (&["שלום, 3\n".as_bytes()], "\u{2068}שלום, 3\u{2069}"),
            (&[b"A \xd7", b"\xa9 B", b"\n"], "A \u{2068}ש B\u{2069}"),
            (
                &["a\u{2069}\u{627}\u{2069}\x08\n".as_bytes()],
                "a<U+2069>\u{2068}\u{627}<U+2069>^H\u{2069}",
            ),
        ];
        for (pieces, shown) in texts {
            let lines: &[(_, &[&[u8]])] = &[(Some(KEPT), pieces), (None, &[b"\n"])];
            let text = String::from_utf8(written(style, lines)).unwrap();
            assert_eq!(text, format!("+  +3.70 prose    {shown}\n{:TEXT_COLUMN$}\n", ""));
        }
        for kind in Kind::ALL {
            let lines: &[(_, &[&[u8]])] = &[(Some(Verdict { kind, ..KEPT }), &[b"x\n"])];
            assert_eq!(
                written(style, lines).iter().position(|&byte| byte == b'x'),
                Some(TEXT_COLUMN)
            );
        }
    }

    #[test]
    fn colour_ends_before_the_line_does() {
        let style = Style { has_colour: true, is_sanitized: false };
        let lines: &[(_, &[&[u8]])] =
            &[(Some(KEPT), &[b"a\n"]), (None, &[b"\n"]), (Some(DROPPED), &[b"b", b"c\r\n"])];
        assert_eq!(
            String::from_utf8(written(style, lines)).unwrap(),
            "\x1b[32m+  +3.70 \x1b[0m\x1b[32mprose    \x1b[0ma\n                  \n\
             \x1b[31m- -12.35 \x1b[0m\x1b[35mrelated  \x1b[0m\x1b[2mbc\r\x1b[0m\n"
        );
    }
}
