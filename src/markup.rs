//! Whether a document is markup by mistake: someone gave the page and not its text.

/// How much of a document is looked at, behind white space and a byte-order mark.
const HEAD_BYTES: usize = 1024;

/// A document that opens with one of these, and then no letter or digit, is plainly markup.
const OPENINGS: [&[u8]; 3] = [b"<!doctype html", b"<html", b"<?xml"];

/// Looks at the first bytes of a document, however they are cut.
#[derive(Debug, Default)]
pub struct Detector {
    head: Vec<u8>,
    is_full: bool,
}

impl Detector {
    /// Takes the next bytes of the document.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        if self.is_full {
            return;
        }
        if self.head.is_empty() {
            bytes = bytes.trim_ascii_start();
        }
        let taken = bytes.len().min(HEAD_BYTES - self.head.len());
        self.head.extend_from_slice(&bytes[..taken]);
        if let Some(rest) = self.head.strip_prefix(b"\xef\xbb\xbf") {
            self.head = rest.trim_ascii_start().to_vec();
        }
        self.is_full = self.head.len() == HEAD_BYTES;
    }

    /// Whether enough has been seen to tell.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Whether what has been seen is plainly markup.
    pub fn is_markup(&self) -> bool {
        let head = skip_comments(&self.head);
        OPENINGS.iter().any(|opening| {
            head.split_at_checked(opening.len()).is_some_and(|(start, rest)| {
                start.eq_ignore_ascii_case(opening)
                    && !rest.first().is_some_and(u8::is_ascii_alphanumeric)
            })
        })
    }
}

fn skip_comments(mut head: &[u8]) -> &[u8] {
    while let Some(comment) = head.strip_prefix(b"<!--") {
        let Some(end) = comment.windows(3).position(|window| window == b"-->") else {
            break;
        };
        head = comment[end + 3..].trim_ascii_start();
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_told_from_text_at_any_cut() {
        let long = [&b" ".repeat(3000)[..], b"<html>", &b"x".repeat(3000)].concat();
        for (document, is_markup) in [
            (&b"<!DOCTYPE html>\n<html>"[..], true),
            (b"<!doctype HTML PUBLIC", true),
            (b"\xef\xbb\xbf\r\n <HTML lang=en>", true),
            (b"<?xml version='1.0'?>", true),
            (b"<!-- a --> <!-- b -->\n<html>", true),
            (&long, true),
            (b"<html", true),
            (b"", false),
            (b"<htm", false),
            (b"<html5 is a tag that is not", false),
            (b"How to write <!doctype html>", false),
            (b"<!-- <html>", false),
            (b"x\xef\xbb\xbf<html>", false),
            (b"< html>", false),
        ] {
            for size in [1, 2, 3, 7, 1000, 10_000] {
                let mut detector = Detector::default();
                document.chunks(size).for_each(|chunk| detector.feed(chunk));
                assert_eq!(detector.is_markup(), is_markup, "{}", document.escape_ascii());
            }
        }
    }
}
