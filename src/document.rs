//! Lines of a document: where they stand, what of them is text, which are blank.
//!
//! A line ends with `\n`; a `\r` before it belongs to the ending. A lone `\r` is text.

use crate::utf8;

/// A line, or a piece of an over-long one, as it stands in its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Number of the line in its document, from 1.
    pub number: u64,
    /// Offset in the document of the first of `bytes`.
    pub offset: u64,
    /// The bytes as read, line ending included.
    pub bytes: &'a [u8],
}

impl<'a> Line<'a> {
    /// The bytes without the line ending.
    pub fn text(&self) -> &'a [u8] {
        strip_ending(self.bytes)
    }
}

/// Takes a line ending (`\n` or `\r\n`) off the end of `bytes`.
#[inline]
pub fn strip_ending(bytes: &[u8]) -> &[u8] {
    match bytes {
        [text @ .., b'\r', b'\n'] | [text @ .., b'\n'] => text,
        text => text,
    }
}

/// Whether there is nothing to read in `bytes`: only white space of any script, or a
/// byte-order mark.
#[inline]
pub fn is_blank(bytes: &[u8]) -> bool {
    // Most lines show it in their first byte; no need to decode them.
    match bytes {
        [first, ..] if first.is_ascii_graphic() => false,
        [] | [b'\n'] => true,
        _ => has_only_blanks(bytes),
    }
}

fn has_only_blanks(bytes: &[u8]) -> bool {
    let mut rest = bytes.trim_ascii_start();
    while !rest.is_empty() {
        let (c, len) = utf8::decode(rest);
        if !c.is_whitespace() && c != '\u{feff}' {
            return false;
        }
        rest = &rest[len..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_not_text() {
        for (bytes, text) in [
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a\r", "a\r"),
            ("a", "a"),
            ("\n", ""),
            ("a\r\r\n", "a\r"),
            ("", ""),
        ] {
            assert_eq!(strip_ending(bytes.as_bytes()), text.as_bytes(), "{bytes:?}");
        }
    }

    #[test]
    fn blank_is_white_space_of_any_script() {
        for blank in ["", " \t\r\n", "\u{a0}\u{3000}\n", "\u{feff}\n"] {
            assert!(is_blank(blank.as_bytes()), "{blank:?}");
        }
        assert!(!is_blank(b" \xff "));
        assert!(!is_blank(b"\0"));
        assert!(!is_blank("\u{200b}x".as_bytes()));
    }
}
