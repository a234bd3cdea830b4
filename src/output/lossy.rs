//! Text of a line that may come in pieces: UTF-8 that is valid whatever came in.
//!
//! The result does not depend on where a line was cut: it is what [`String::from_utf8_lossy`]
//! makes of the whole line without its ending.

use std::io;

use crate::filter::Piece;

/// Turns the pieces of lines into text.
#[derive(Debug, Default)]
pub(super) struct LossyText {
    /// The start of a character whose rest is in the next piece.
    carry: [u8; 4],
    carried: usize,
    /// Whether a piece ended in `\r`, which may yet turn out to be part of the line ending.
    has_return: bool,
}

impl LossyText {
    /// Hands the text of `piece` to `each`, the line ending left out.
    pub(super) fn take(
        &mut self,
        piece: &Piece<'_>,
        mut each: impl FnMut(&str) -> io::Result<()>,
    ) -> io::Result<()> {
        if piece.starts {
            *self = LossyText::default();
        }
        let mut bytes = piece.line.bytes;
        if std::mem::take(&mut self.has_return) && !(piece.ends && bytes == b"\n") {
            each("\r")?;
        }
        if piece.ends {
            bytes = piece.line.text();
        } else if let [rest @ .., b'\r'] = bytes {
            bytes = rest;
            self.has_return = true;
        }
        self.decode(bytes, &mut each)?;
        if self.carried > 0 && (piece.ends || self.has_return) {
            self.carried = 0;
            each("\u{fffd}")?;
        }
        Ok(())
    }

    fn decode(
        &mut self,
        mut bytes: &[u8],
        each: &mut impl FnMut(&str) -> io::Result<()>,
    ) -> io::Result<()> {
        while self.carried > 0
            && let Some((&byte, rest)) = bytes.split_first()
        {
            self.carry[self.carried] = byte;
            match str::from_utf8(&self.carry[..=self.carried]) {
                Ok(character) => {
                    each(character)?;
                    self.carried = 0;
                    bytes = rest;
                }
                Err(error) if error.error_len().is_none() => {
                    self.carried += 1;
                    bytes = rest;
                }
                // The byte does not go on with the character that was begun.
                Err(_) => {
                    each("\u{fffd}")?;
                    self.carried = 0;
                }
            }
        }
        let mut left = bytes.len();
        for chunk in bytes.utf8_chunks() {
            if !chunk.valid().is_empty() {
                each(chunk.valid())?;
            }
            let invalid = chunk.invalid();
            left -= chunk.valid().len() + invalid.len();
            if invalid.is_empty() {
                continue;
            }
            let is_begun = str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
            if is_begun && left == 0 {
                self.carry[..invalid.len()].copy_from_slice(invalid);
                self.carried = invalid.len();
            } else {
                each("\u{fffd}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Line, strip_ending};

    fn text(pieces: &[&[u8]]) -> String {
        let mut lossy = LossyText::default();
        let mut text = String::new();
        for (index, bytes) in pieces.iter().enumerate() {
            let piece = Piece {
                line: Line { number: 1, offset: 0, bytes },
                verdict: None,
                starts: index == 0,
                ends: index + 1 == pieces.len(),
            };
            lossy
                .take(&piece, |part| {
                    text.push_str(part);
                    Ok(())
                })
                .unwrap();
        }
        text
    }

    #[test]
    fn any_cut_gives_the_same_text() {
        for line in [
            &b""[..],
            "a\u{e9}\u{20ac}\u{1f600}z\r\n".as_bytes(),
            b"a\r\rb\r\r\n",
            b"a\r",
            b"\xe2\x82\r\n",
            b"\xf0\x9f\x98\n",
            b"\xf0\x9fx\xff\xc3\xc3\xa9\xed\xa0\x80",
        ] {
            let whole = String::from_utf8_lossy(strip_ending(line));
            // The `\n` is in the last piece, and only the last may be empty.
            let end = line.strip_suffix(b"\n").unwrap_or(line).len();
            for second in 0..=end {
                for first in 0..=second {
                    let cut = [&line[..first], &line[first..second], &line[second..]];
                    let (last, others) = cut.split_last().unwrap();
                    let others = others.iter().filter(|piece| !piece.is_empty());
                    let cut: Vec<&[u8]> = others.chain([last]).copied().collect();
                    assert_eq!(text(&cut), whole, "{cut:?}");
                }
            }
            let single: Vec<&[u8]> = line[..end].chunks(1).chain([&line[end..]]).collect();
            assert_eq!(text(&single), whole, "{line:?}");
        }
    }
}
