//! Compressed streams: recognised by their first bytes, read in process, and written likewise.
//!
//! All four formats may be several streams end to end, as `cat` makes them, and as parallel tools
//! and Common Crawl do.

use std::io::{self, BufReader, Write};

use bzip2::read::MultiBzDecoder;
use bzip2::write::BzEncoder;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use liblzma::bufread::XzDecoder;
use liblzma::write::XzEncoder;

use super::{BUFFER_BYTES, Reader};

/// What of xz's scale of effort is used: 17 MiB a thread, where its default takes 94.
const XZ_PRESET: u32 = 2;

/// How a stream is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    Plain,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
}

const MAGIC: [(&[u8], Compression); 4] = [
    (b"\x1f\x8b", Compression::Gzip),
    (b"\x28\xb5\x2f\xfd", Compression::Zstd),
    (b"BZh", Compression::Bzip2),
    (b"\xfd7zXZ\0", Compression::Xz),
];

const SUFFIXES: [(&str, Compression); 4] = [
    ("gz", Compression::Gzip),
    ("zst", Compression::Zstd),
    ("bz2", Compression::Bzip2),
    ("xz", Compression::Xz),
];

impl Compression {
    /// What a stream's first bytes say; `None` while more are needed.
    pub fn of_head(head: &[u8]) -> Option<Compression> {
        let known = MAGIC.iter().find(|(magic, _)| head.starts_with(magic));
        if let Some(&(_, compression)) = known {
            return Some(compression);
        }
        let is_open = MAGIC.iter().any(|(magic, _)| magic.starts_with(head));
        (!is_open).then_some(Compression::Plain)
    }

    /// What a file's name says, and the name without it.
    pub fn of_name(name: &str) -> (Compression, &str) {
        let known = name.rsplit_once('.').and_then(|(stem, suffix)| {
            let &(_, compression) = SUFFIXES.iter().find(|(known, _)| *known == suffix)?;
            Some((compression, stem))
        });
        known.unwrap_or((Compression::Plain, name))
    }

    /// Reads what `raw` holds.
    ///
    /// # Errors
    /// If there is no memory for the decoder.
    pub fn reader(self, raw: Reader) -> io::Result<Reader> {
        let buffered = |raw| BufReader::with_capacity(BUFFER_BYTES, raw);
        Ok(match self {
            Compression::Plain => raw,
            Compression::Gzip => Box::new(MultiGzDecoder::new(buffered(raw))),
            Compression::Zstd => Box::new(zstd::Decoder::with_buffer(buffered(raw))?),
            Compression::Bzip2 => Box::new(MultiBzDecoder::new(buffered(raw))),
            Compression::Xz => Box::new(XzDecoder::new_multi_decoder(buffered(raw))),
        })
    }

    /// One whole stream that holds `bytes`.
    pub fn compress(self, bytes: Vec<u8>) -> Vec<u8> {
        fn all<W: Write>(
            mut encoder: W,
            bytes: &[u8],
            finish: fn(W) -> io::Result<Vec<u8>>,
        ) -> io::Result<Vec<u8>> {
            encoder.write_all(bytes)?;
            finish(encoder)
        }
        let (out, bytes) = (Vec::new(), &bytes[..]);
        let compressed = match self {
            Compression::Plain => Ok(bytes.to_vec()),
            Compression::Gzip => {
                all(GzEncoder::new(out, Default::default()), bytes, GzEncoder::finish)
            }
            Compression::Zstd => zstd::encode_all(bytes, zstd::DEFAULT_COMPRESSION_LEVEL),
            Compression::Bzip2 => {
                all(BzEncoder::new(out, Default::default()), bytes, BzEncoder::finish)
            }
            Compression::Xz => all(XzEncoder::new(out, XZ_PRESET), bytes, XzEncoder::finish),
        };
        compressed.expect("nothing can fail in memory")
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    const ALL: [Compression; 4] =
        [Compression::Gzip, Compression::Zstd, Compression::Bzip2, Compression::Xz];

    #[test]
    fn several_streams_end_to_end_read_as_one() {
        for compression in ALL {
            let parts = [&b"one "[..], b"", b"two ", b"three"];
            let bytes = parts.map(|part| compression.compress(part.to_vec())).concat();
            assert_eq!(Compression::of_head(&bytes), Some(compression));
            let mut text = String::new();
            let raw: Reader = Box::new(io::Cursor::new(bytes));
            compression.reader(raw).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "one two three", "{compression:?}");
        }
    }

    #[test]
    fn a_stream_that_is_cut_off_is_an_error() {
        for compression in ALL {
            let bytes = compression.compress(b"a text of some words".repeat(9));
            for end in [bytes.len() - 1, bytes.len() / 2, 7] {
                let raw: Reader = Box::new(io::Cursor::new(bytes[..end].to_vec()));
                let read = compression.reader(raw).unwrap().read_to_end(&mut Vec::new());
                assert!(read.is_err(), "{compression:?} cut at {end}");
            }
        }
    }

    #[test]
    fn magic_bytes_tell_as_soon_as_they_can() {
        for (head, expected) in [
            (&b""[..], None),
            (b"\x1f", None),
            (b"\x1f\x8b", Some(Compression::Gzip)),
            (b"\x1fa", Some(Compression::Plain)),
            (b"BZ", None),
            (b"BZh9", Some(Compression::Bzip2)),
            (b"B\n", Some(Compression::Plain)),
            (b"\xfd7zXZ", None),
            (b"a", Some(Compression::Plain)),
        ] {
            assert_eq!(Compression::of_head(head), expected, "{}", head.escape_ascii());
        }
    }

    #[test]
    fn names_tell_too() {
        for (name, expected) in [
            ("a.jsonl.gz", (Compression::Gzip, "a.jsonl")),
            ("a.zst", (Compression::Zstd, "a")),
            ("a.txt", (Compression::Plain, "a.txt")),
            ("gz", (Compression::Plain, "gz")),
        ] {
            assert_eq!(Compression::of_name(name), expected);
        }
    }
}
