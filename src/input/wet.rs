//! Common Crawl's WET: WARC files whose conversion records hold the text of pages.
//!
//! A record is a head, as in `WARC/1.0`, fields, and a blank line, then a body of the length that
//! the head says, then two line ends. A record whose length is wrong is passed over; reading goes
//! on at the next head.

use std::io;

use data_encoding::BASE32;
use memchr::memmem;
use sha1::{Digest, Sha1};

use super::records::{Batch, MAX_RECORD_BYTES, Position, Records, Span, Unit, Window};
use super::{Fault, Reader};

/// How a record starts; the minor version follows.
pub const MAGIC: &[u8] = b"WARC/1.";

/// A head longer than this is none.
const MAX_HEAD_BYTES: usize = 64 << 10;

const HEAD_END: &[u8] = b"\r\n\r\n";
const RECORD_END: &[u8] = b"\r\n\r\n";

/// Cuts a stream into batches of whole records.
pub struct Wet {
    window: Window,
    /// What stands before the window.
    position: Position,
    /// A batch ends with the first record that brings it to this size.
    batch_bytes: usize,
}

impl Wet {
    /// The records of `reader`, which starts at `position`.
    pub fn new(reader: Reader, position: Position, batch_bytes: usize) -> Wet {
        Wet { window: Window::new(reader), position, batch_bytes }
    }

    fn cut(&mut self, length: usize, spans: Vec<Span>) -> Unit {
        let first = self.position.records + 1;
        self.position.records += spans.len() as u64;
        self.position.bytes += length as u64;
        Unit::Batch(Batch { first, bytes: self.window.take(length), spans, after: self.position })
    }

    /// The record that starts `at` bytes into the window, and where it ends; `None` at the end of
    /// the stream.
    fn record(&mut self, at: usize) -> Result<Option<(Span, usize)>, String> {
        let head = match self.find(at, HEAD_END, MAX_HEAD_BYTES) {
            Some(end) => at..end + HEAD_END.len(),
            None if self.window.bytes().len() == at => return Ok(None),
            None if self.window.bytes().len() - at > MAX_HEAD_BYTES => {
                return Err(format!("no end of its head in {} KiB", MAX_HEAD_BYTES >> 10));
            }
            None if self.window.bytes()[at..].trim_ascii().is_empty() => return Ok(None),
            None => return Err("cut off in its head".to_owned()),
        };
        let fields = &self.window.bytes()[head.clone()];
        if !fields.starts_with(MAGIC) {
            return Err("does not start with 'WARC/1.'".to_owned());
        }
        let length = field(fields, "Content-Length").ok_or("no Content-Length")?;
        let length: usize = length.parse().map_err(|_| "its Content-Length is no number")?;
        if length > MAX_RECORD_BYTES {
            return Err(format!("longer than {} MiB", MAX_RECORD_BYTES >> 20));
        }
        let body = head.end..head.end + length;
        let end = body.end + RECORD_END.len();
        while self.window.bytes().len() < end && self.window.fill() {}
        let bytes = self.window.bytes();
        if bytes.len() < body.end {
            return Err(format!("its Content-Length is {length}, and the input ends before"));
        }
        let end = end.min(bytes.len());
        // The last record is whole even when the line ends behind it are not.
        if !RECORD_END.starts_with(&bytes[body.end..end]) {
            return Err(format!("its Content-Length, {length}, is wrong"));
        }
        Ok(Some((Span { head, body }, end)))
    }

    /// Where `needle` is first found from `at` on, within so many bytes.
    fn find(&mut self, at: usize, needle: &[u8], within: usize) -> Option<usize> {
        let mut from = at;
        loop {
            let bytes = self.window.bytes();
            let end = bytes.len().min(at.saturating_add(within));
            if let Some(found) = memmem::find(&bytes[from.min(end)..end], needle) {
                return Some(from + found);
            }
            from = from.max(end.saturating_sub(needle.len() - 1));
            if bytes.len() - at > within || !self.window.fill() {
                return None;
            }
        }
    }

    /// Passes over the record at the start of the window: what comes next is a head, or the end.
    fn skip_record(&mut self) {
        let next = [RECORD_END, MAGIC].concat();
        loop {
            let bytes = self.window.bytes();
            let found = memmem::find(bytes, &next).map(|at| at + RECORD_END.len());
            let length = found.unwrap_or(bytes.len().saturating_sub(next.len() - 1));
            self.skip(length);
            if found.is_some() {
                return;
            }
            if !self.window.fill() {
                self.skip(self.window.bytes().len());
                return;
            }
        }
    }

    fn skip(&mut self, length: usize) {
        self.window.discard(length);
        self.position.bytes += length as u64;
    }
}

impl Records for Wet {
    fn next(&mut self) -> io::Result<Option<Unit>> {
        let mut spans = Vec::new();
        let mut end = 0;
        loop {
            match self.record(end) {
                Ok(Some((span, next))) => {
                    spans.push(span);
                    end = next;
                    if end >= self.batch_bytes {
                        return Ok(Some(self.cut(end, spans)));
                    }
                }
                // What is wrong with the record that comes next is told by the next call.
                _ if !spans.is_empty() => return Ok(Some(self.cut(end, spans))),
                Ok(None) => return self.window.take_error().map_or(Ok(None), Err),
                Err(what) => {
                    self.skip_record();
                    if self.window.bytes().is_empty()
                        && let Some(error) = self.window.take_error()
                    {
                        return Err(error);
                    }
                    self.position.records += 1;
                    let fault = Fault { record: self.position.records, what };
                    return Ok(Some(Unit::Bad(fault, self.position)));
                }
            }
        }
    }

    fn position(&self) -> Position {
        self.position
    }
}

/// The lines of a head, each with its name, if it is a field.
fn fields(head: &[u8]) -> impl Iterator<Item = (&[u8], Option<&str>)> {
    head.split_inclusive(|&byte| byte == b'\n').map(|line| {
        let colon = line.iter().position(|&byte| byte == b':');
        (line, colon.and_then(|colon| str::from_utf8(&line[..colon]).ok()))
    })
}

/// The value of a field.
pub fn field<'h>(head: &'h [u8], name: &str) -> Option<&'h str> {
    let is_it = |found: Option<&str>| found.is_some_and(|found| found.eq_ignore_ascii_case(name));
    let (line, _) = fields(head).find(|&(_, found)| is_it(found))?;
    str::from_utf8(&line[name.len() + 1..]).ok().map(str::trim)
}

/// Writes a record with this head and another body: length and digests are those of the body,
/// all else in the head stays.
pub fn write(out: &mut Vec<u8>, head: &[u8], body: &[u8]) {
    for (line, name) in fields(head) {
        match name.map(str::to_ascii_lowercase).as_deref() {
            Some("content-length") => {
                out.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
            }
            Some("warc-block-digest" | "warc-payload-digest") => {
                let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
                let digest = BASE32.encode(&Sha1::digest(body));
                out.extend_from_slice(name);
                out.extend_from_slice(format!(": sha1:{digest}\r\n").as_bytes());
            }
            _ => out.extend_from_slice(line),
        }
    }
    out.extend_from_slice(body);
    out.extend_from_slice(RECORD_END);
}

/// Writes a record as it is.
pub fn copy(out: &mut Vec<u8>, head: &[u8], body: &[u8]) {
    out.extend_from_slice(head);
    out.extend_from_slice(body);
    out.extend_from_slice(RECORD_END);
}

/// Writes the record as a line of JSON: `url`, `date`, and `body` as `text`. What the head does
/// not tell is `null`, and what is no UTF-8 becomes U+FFFD.
pub fn write_json(out: &mut Vec<u8>, head: &[u8], body: &[u8]) {
    let text = String::from_utf8_lossy(body);
    let values = [
        ("{\"url\":", field(head, "WARC-Target-URI")),
        (",\"date\":", field(head, "WARC-Date")),
        (",\"text\":", Some(&*text)),
    ];
    for (before, value) in values {
        out.extend_from_slice(before.as_bytes());
        serde_json::to_writer(&mut *out, &value).expect("nothing can fail in memory");
    }
    out.extend_from_slice(b"}\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::testing::{Trickle, everything};

    fn record(length: &str, body: &str) -> String {
        format!(
            "WARC/1.0\r\nWARC-Type: conversion\r\ncontent-length:{length}\r\n\r\n{body}\r\n\r\n"
        )
    }

    fn read(stream: &str, size: usize, batch_bytes: usize) -> Vec<String> {
        let mut records =
            Wet::new(Trickle::reader(stream.as_bytes(), size), Position::default(), batch_bytes);
        everything(&mut records, |batch, number| {
            let span = &batch.spans[number];
            String::from_utf8(batch.bytes[span.body.clone()].to_vec()).unwrap()
        })
    }

    #[test]
    fn records_are_read_at_any_cut() {
        let good = |body: &str| record(&body.len().to_string(), body);
        let stream = [good("one"), good(""), good("\r\n\r\nWARC/2"), good("four\r\n")].concat();
        let bodies = ["1 one", "2 ", "3 \r\n\r\nWARC/2", "4 four\r\n"];
        for size in [1, 2, 3, 50, 1000] {
            for batch_bytes in [1, 100, 1000] {
                assert_eq!(read(&stream, size, batch_bytes), bodies);
                let cut = &stream[..stream.len() - 4];
                assert_eq!(read(cut, size, batch_bytes), bodies, "no line ends at the end");
            }
        }
        assert!(read("", 1, 1).is_empty());
    }

    #[test]
    fn a_bad_record_is_told_once_and_the_next_is_read() {
        let good = |body: &str| record(&body.len().to_string(), body);
        for (bad, what) in [
            (record("3", "four"), "its Content-Length, 3, is wrong"),
            (record("6", "four"), "its Content-Length, 6, is wrong"),
            (record("-1", "four"), "its Content-Length is no number"),
            (record("99999999999", "four"), "longer than 64 MiB"),
            (good("x").replace("content-length", "length"), "no Content-Length"),
            (good("x").replace("WARC/1.0", "HTTP/1.0"), "does not start with 'WARC/1.'"),
        ] {
            let stream = [&*good("one"), &*bad, &*good("three")].concat();
            for size in [1, 7, 1000] {
                let expected = ["1 one".to_owned(), format!("2! {what}"), "3 three".to_owned()];
                assert_eq!(read(&stream, size, 1000), expected, "{bad}");
            }
        }
        let long = good("one") + &record("1000", "two") + &good("three");
        let what = "its Content-Length is 1000, and the input ends before";
        assert_eq!(read(&long, 9, 1), ["1 one", &*format!("2! {what}"), "3 three"]);
        let cut = good("one") + "WARC/1.0\r\nContent";
        assert_eq!(read(&cut, 9, 1), ["1 one", "2! cut off in its head"]);
    }

    #[test]
    fn length_and_digests_are_those_of_the_new_body() {
        let head = b"WARC/1.0\r\nWARC-Type: conversion\r\nwarc-block-digest: sha1:AAA\r\n\
                     X: Content-Length: 9\r\nContent-Length: 9\r\n\r\n";
        let mut out = Vec::new();
        write(&mut out, head, b"abc");
        assert_eq!(
            str::from_utf8(&out).unwrap(),
            "WARC/1.0\r\nWARC-Type: conversion\r\n\
             warc-block-digest: sha1:VGMT4NSHA2AWVOR6EVYXQUGCNSONBWE5\r\n\
             X: Content-Length: 9\r\nContent-Length: 3\r\n\r\nabc\r\n\r\n"
        );
        assert_eq!(field(&out, "warc-type"), Some("conversion"));
        assert_eq!(field(&out, "type"), None);
    }
}
