//! Inputs as they come: compressed or not, in whatever encoding, one page or many.
//!
//! A stream is opened ([`open`]): decompressed, decoded, and its form told from its name or its
//! first bytes. A stream of records is then cut into batches ([`records`]), a text into pages
//! ([`split`]). What a page is worth is no business of this module.

use std::fmt;
use std::io::{self, Cursor, Read};

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;

pub mod compression;
pub mod jsonl;
pub mod records;
pub mod split;
pub mod wet;

use compression::Compression;

/// How many bytes are read at a time.
pub const BUFFER_BYTES: usize = 64 << 10;

/// What of a stream's start is looked at to tell what it holds.
const HEAD_BYTES: usize = 8 << 10;

/// A stream that may go from thread to thread.
pub type Reader = Box<dyn Read + Send>;

/// What a stream holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The text of a page, or of several.
    Text,
    /// JSON Lines.
    Jsonl,
    /// WARC records of text.
    Wet,
}

/// A record that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its number in the source, from 1.
    pub record: u64,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {}: {}", self.record, self.what)
    }
}

/// What the user said of the inputs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Form {
    /// What they hold; if not said, it is told from name and first bytes.
    pub format: Option<Format>,
    /// How text is encoded; if not said, UTF-16 by its mark, and else left as it is.
    pub encoding: Option<&'static Encoding>,
}

/// A stream, ready to be read.
pub struct Opened {
    /// Its bytes, decompressed and decoded.
    pub reader: Reader,
    /// What they hold.
    pub format: Format,
    /// Whether it was asked for, and there are bytes that text does not have.
    pub is_binary: bool,
}

/// Readies `raw`, called `name`, for reading. Whether it is binary is only told on request, since
/// that takes a longer look.
///
/// # Errors
/// Those of `raw`, or if it is not what its first bytes say.
pub fn open(raw: Reader, name: &str, form: Form, tells_binary: bool) -> io::Result<Opened> {
    let mut compression = Compression::Plain;
    let raw = peek(raw, |head| {
        Compression::of_head(head).is_some_and(|told| {
            compression = told;
            true
        })
    })?;
    let reader = decode(compression.reader(raw)?, form.encoding)?;
    let mut format = form.format.or_else(|| format_of_name(name));
    let mut is_binary = false;
    let reader = peek(reader, |head| {
        is_binary = head.contains(&0);
        let told = format.or_else(|| format_of_head(head));
        format = told;
        head.len() >= HEAD_BYTES || (told.is_some() && !tells_binary)
    })?;
    let format = format.unwrap_or(Format::Text);
    Ok(Opened { reader, format, is_binary: is_binary && tells_binary })
}

/// Looks at the start of a stream, more and more of it until that is `enough` or all. The stream
/// that is returned starts where `reader` did.
fn peek(mut reader: Reader, mut enough: impl FnMut(&[u8]) -> bool) -> io::Result<Reader> {
    let mut head = Vec::new();
    let mut chunk = [0; HEAD_BYTES];
    while !enough(&head) {
        match read(&mut reader, &mut chunk) {
            Ok(0) => break,
            Ok(count) => head.extend_from_slice(&chunk[..count]),
            Err(error) if head.is_empty() => return Err(error),
            Err(error) => {
                reader = Box::new(Failing(Some(error)));
                break;
            }
        }
    }
    Ok(Box::new(Cursor::new(head).chain(reader)))
}

/// What is left of a stream that could not be read further.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// The same text in UTF-8. Without an encoding, only UTF-16 that says so is decoded.
fn decode(reader: Reader, encoding: Option<&'static Encoding>) -> io::Result<Reader> {
    let (reader, encoding) = match encoding {
        Some(encoding) => (reader, encoding),
        None => {
            let mut encoding = UTF_8;
            let reader = peek(reader, |head| {
                encoding = match head {
                    [0xff, 0xfe, ..] => UTF_16LE,
                    [0xfe, 0xff, ..] => UTF_16BE,
                    _ => UTF_8,
                };
                head.len() > 1 || head.first().is_some_and(|&byte| byte < 0xfe)
            })?;
            (reader, encoding)
        }
    };
    if encoding == UTF_8 {
        // Whatever is wrong with it stays as it is.
        return Ok(reader);
    }
    let mut decoder = DecodeReaderBytesBuilder::new();
    decoder.encoding(Some(encoding)).bom_override(false).strip_bom(true);
    Ok(Box::new(decoder.build(reader)))
}

/// What a file holds by its name; `None` if that does not tell.
fn format_of_name(name: &str) -> Option<Format> {
    let (_, name) = Compression::of_name(name);
    match name.rsplit_once('.')?.1 {
        "txt" => Some(Format::Text),
        "jsonl" | "ndjson" => Some(Format::Jsonl),
        "wet" => Some(Format::Wet),
        _ => None,
    }
}

/// What a stream holds by its first bytes; `None` while that cannot be told.
fn format_of_head(head: &[u8]) -> Option<Format> {
    if head.starts_with(wet::MAGIC) {
        return Some(Format::Wet);
    }
    const MARK: &[u8] = b"\xef\xbb\xbf";
    if wet::MAGIC.starts_with(head) || MARK.starts_with(head) {
        return None;
    }
    let head = head.strip_prefix(MARK).unwrap_or(head).trim_ascii_start();
    let Some(inside) = head.strip_prefix(b"{") else {
        return (!head.is_empty()).then_some(Format::Text);
    };
    // A record is a line.
    match inside.iter().find(|byte| !matches!(byte, b' ' | b'\t')) {
        None => None,
        Some(b'"') => Some(Format::Jsonl),
        Some(_) => Some(Format::Text),
    }
}

/// Reads once, whatever signals come.
///
/// # Errors
/// Those of `reader`.
pub fn read(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
pub mod testing {
    //! Streams that come in small parts, and all that is in them.

    use super::records::{Batch, Records, Unit};
    use super::*;

    /// Gives so many bytes a read.
    pub struct Trickle {
        bytes: Cursor<Vec<u8>>,
        size: usize,
    }

    impl Trickle {
        pub fn reader(bytes: &[u8], size: usize) -> Reader {
            Box::new(Trickle { bytes: Cursor::new(bytes.to_vec()), size })
        }
    }

    impl Read for Trickle {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = self.size.min(buffer.len());
            self.bytes.read(&mut buffer[..size])
        }
    }

    /// Every record with its number, a bad one with what is wrong, and that positions agree.
    pub fn everything(
        records: &mut impl Records,
        mut show: impl FnMut(&Batch, usize) -> String,
    ) -> Vec<String> {
        let mut all = Vec::new();
        let mut before = records.position();
        while let Some(unit) = records.next().unwrap() {
            let after = records.position();
            match unit {
                Unit::Batch(batch) => {
                    assert_eq!(batch.first, before.records + 1);
                    assert_eq!(batch.after, after);
                    assert_eq!(batch.bytes.len() as u64, after.bytes - before.bytes);
                    let count = (after.records - before.records) as usize;
                    let shown = (0..count)
                        .map(|at| format!("{} {}", batch.first + at as u64, show(&batch, at)));
                    all.extend(shown);
                }
                Unit::Bad(fault, position) => {
                    assert_eq!((fault.record, position), (after.records, after));
                    all.push(format!("{}! {}", fault.record, fault.what));
                }
            }
            before = after;
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::testing::Trickle;
    use super::*;

    fn opened(bytes: &[u8], name: &str, form: Form) -> (Format, String) {
        let mut told = None;
        for size in [1, 3, 100_000] {
            let mut opened = open(Trickle::reader(bytes, size), name, form, size == 3).unwrap();
            let mut text = Vec::new();
            opened.reader.read_to_end(&mut text).unwrap();
            let this = (opened.format, text.escape_ascii().to_string());
            assert!(told.is_none_or(|told| told == this));
            told = Some(this);
        }
        told.unwrap()
    }

    #[test]
    fn the_format_goes_by_name_and_then_by_first_bytes() {
        for (name, bytes, expected) in [
            ("-", "A page.", Format::Text),
            ("-", "", Format::Text),
            ("-", " \n\n{ \"a\": 1}", Format::Jsonl),
            ("-", "\u{feff}{\"a\": 1}", Format::Jsonl),
            ("-", "{", Format::Text),
            ("-", "{\n\"a\": 1}", Format::Text),
            ("-", "{{template}}", Format::Text),
            ("-", "WARC/1.0\r\n", Format::Wet),
            ("-", "WARC/2.0\r\n", Format::Text),
            ("-", "WARC", Format::Text),
            ("a.txt", "{\"a\": 1}", Format::Text),
            ("a.ndjson", "", Format::Jsonl),
            ("a.jsonl.gz", "nothing", Format::Jsonl),
            ("a.warc.wet.gz", "", Format::Wet),
        ] {
            let expected = (expected, bytes.as_bytes().escape_ascii().to_string());
            assert_eq!(opened(bytes.as_bytes(), name, Form::default()), expected, "{name}");
        }
        let form = Form { format: Some(Format::Text), encoding: None };
        assert_eq!(opened(b"WARC/1.0", "a.jsonl", form).0, Format::Text);
    }

    #[test]
    fn utf_16_goes_by_its_mark_and_the_rest_by_request() {
        let text = |bytes: &[u8], encoding: Option<&str>| {
            let encoding = encoding.map(|label| Encoding::for_label(label.as_bytes()).unwrap());
            opened(bytes, "-", Form { format: None, encoding }).1
        };
        for (bytes, label, expected) in [
            (&b"\xff\xfea\0\xe4\0\n\0"[..], None, "a\\xc3\\xa4\\n"),
            (b"\xfe\xff\0a", None, "a"),
            (b"\xff\xfea", None, "\\xef\\xbf\\xbd"),
            (b"\xff\xfe", None, ""),
            (b"\xff", None, "\\xff"),
            (b"\xff\xffa\xe4", None, "\\xff\\xffa\\xe4"),
            (b"\xef\xbb\xbfa\xff", None, "\\xef\\xbb\\xbfa\\xff"),
            (b"a\xe4", Some("latin1"), "a\\xc3\\xa4"),
            (b"a\xff", Some("utf-8"), "a\\xff"),
            (b"a\0", Some("utf-16le"), "a"),
            (b"\xff\xfea\0", Some("utf-16le"), "a"),
            (b"\x81\x01", Some("shift_jis"), "\\xef\\xbf\\xbd\\x01"),
        ] {
            assert_eq!(text(bytes, label), expected, "{} {label:?}", bytes.escape_ascii());
        }
    }

    #[test]
    fn what_was_read_before_an_error_is_not_lost() {
        let whole = Compression::Gzip.compress(b"A page.\n".repeat(2000));
        let cut = &whole[..whole.len() - 9];
        let opened = open(Trickle::reader(cut, 5), "-", Form::default(), true).unwrap();
        let mut text = Vec::new();
        let mut reader = opened.reader;
        assert!(reader.read_to_end(&mut text).is_err());
        assert!(text.starts_with(b"A page.\n"));
    }
}
