//! Several pages in one stream: where one ends and the next begins.

use memchr::memchr;
use regex::bytes::Regex;

use dechrome::document::strip_ending;
use dechrome::filter::MAX_LINE_BYTES;

/// What stands between two pages.
#[derive(Clone, Debug)]
pub enum Separator {
    /// This byte, wherever it stands.
    Byte(u8),
    /// A whole line that this pattern is found in. A line longer than [`MAX_LINE_BYTES`] is
    /// none.
    Line(Regex),
}

/// A part of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// More of the page at hand.
    Text(&'a [u8]),
    /// The page is over; these bytes belong to no page.
    Separator(&'a [u8]),
}

/// Cuts a stream into pages, however the stream itself was cut.
#[derive(Debug)]
pub struct Splitter {
    separator: Separator,
    /// The line that is not yet complete.
    line: Vec<u8>,
    /// Whether the line at hand is too long to be a separator.
    is_long: bool,
}

impl Splitter {
    /// A splitter at the start of a stream.
    pub fn new(separator: Separator) -> Splitter {
        Splitter { separator, line: Vec::new(), is_long: false }
    }

    /// Takes the next bytes and hands on all parts that are known by now.
    pub fn feed(&mut self, mut bytes: &[u8], mut take: impl FnMut(Part<'_>)) {
        let byte = match self.separator {
            Separator::Byte(byte) => byte,
            Separator::Line(_) => b'\n',
        };
        while let Some(at) = memchr(byte, bytes) {
            let (head, rest) = bytes.split_at(at + 1);
            bytes = rest;
            match &self.separator {
                Separator::Byte(_) => {
                    if at > 0 {
                        take(Part::Text(&head[..at]));
                    }
                    take(Part::Separator(&head[at..]));
                }
                Separator::Line(_) => {
                    self.extend(head, &mut take);
                    self.finish(&mut take);
                }
            }
        }
        match &self.separator {
            Separator::Byte(_) if bytes.is_empty() => {}
            Separator::Byte(_) => take(Part::Text(bytes)),
            Separator::Line(_) => self.extend(bytes, &mut take),
        }
    }

    fn extend(&mut self, bytes: &[u8], take: &mut impl FnMut(Part<'_>)) {
        self.line.extend_from_slice(bytes);
        if self.is_long || self.line.len() > MAX_LINE_BYTES {
            self.is_long = true;
            take(Part::Text(&self.line));
            self.line.clear();
        }
    }

    /// Ends the stream, or the line at hand.
    pub fn finish(&mut self, mut take: impl FnMut(Part<'_>)) {
        self.is_long = false;
        if self.line.is_empty() {
            return;
        }
        let is_separator = match &self.separator {
            Separator::Byte(_) => false,
            Separator::Line(pattern) => pattern.is_match(strip_ending(&self.line)),
        };
        let line: &[u8] = &self.line;
        take(if is_separator { Part::Separator(line) } else { Part::Text(line) });
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages and separators in turn, at any cut.
    fn parts(separator: &Separator, stream: &[u8], size: usize) -> Vec<String> {
        let mut parts = vec![String::new()];
        let mut take = |part: Part<'_>| {
            let text = |bytes: &[u8]| str::from_utf8(bytes).unwrap().to_owned();
            match part {
                Part::Text(bytes) => parts.last_mut().unwrap().push_str(&text(bytes)),
                Part::Separator(bytes) => parts.extend([text(bytes), String::new()]),
            }
        };
        let mut splitter = Splitter::new(separator.clone());
        for chunk in stream.chunks(size) {
            splitter.feed(chunk, &mut take);
        }
        splitter.finish(&mut take);
        parts
    }

    #[test]
    fn pages_are_told_apart_at_any_cut() {
        let rule = Separator::Line(Regex::new("^--+$").unwrap());
        let feed = Separator::Byte(b'\x0c');
        for (separator, stream, expected) in [
            (&rule, "a\n--\nb -- c\n---\r\n", &["a\n", "--\n", "b -- c\n", "---\r\n", ""][..]),
            (&rule, "--\na\n--", &["", "--\n", "a\n", "--", ""]),
            (&rule, "", &[""]),
            (&feed, "a\n\x0cb\x0c\x0c", &["a\n", "\x0c", "b", "\x0c", "", "\x0c", ""]),
        ] {
            for size in [1, 2, 3, 100] {
                assert_eq!(parts(separator, stream.as_bytes(), size), expected, "{stream:?}");
            }
        }
    }

    #[test]
    fn a_line_without_end_is_not_held() {
        let mut splitter = Splitter::new(Separator::Line(Regex::new("x").unwrap()));
        let chunk = [b'x'; 1 << 16];
        let mut length = 0;
        for _ in 0..40 {
            splitter.feed(&chunk, |part| match part {
                Part::Text(bytes) => length += bytes.len(),
                Part::Separator(_) => panic!("the line has not ended"),
            });
        }
        assert_eq!(length, 40 << 16);
    }
}
