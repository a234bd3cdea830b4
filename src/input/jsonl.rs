//! JSON Lines: where records begin and end, and where in one the text is.
//!
//! A record is never built up and written anew. Its text is found, decoded to be judged, and the
//! lines to write are copied from the record as they stand there, escapes and all; so is
//! everything around the text.

use std::fmt;
use std::io;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memrchr};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::records::{Batch, MAX_RECORD_BYTES, Position, Records, Unit, Window};
use super::{Fault, Reader};

/// Cuts a stream into batches of whole records, each a line.
pub struct Lines {
    window: Window,
    /// What stands before the window.
    position: Position,
    /// A batch ends with the first record that brings it to this size. How the stream is read
    /// never shows in the cuts.
    batch_bytes: usize,
    /// How much of the window has been searched for the end of the batch.
    searched: usize,
}

impl Lines {
    /// The records of `reader`, which starts at `position`.
    pub fn new(reader: Reader, position: Position, batch_bytes: usize) -> Lines {
        Lines { window: Window::new(reader), position, batch_bytes, searched: 0 }
    }

    fn cut(&mut self, length: usize) -> Unit {
        let bytes = self.window.take(length);
        let first = self.position.records + 1;
        self.searched = 0;
        let open_end = u64::from(!bytes.ends_with(b"\n"));
        self.position.records += memchr_iter(b'\n', &bytes).count() as u64 + open_end;
        self.position.bytes += length as u64;
        Unit::Batch(Batch { first, bytes, spans: Vec::new(), after: self.position })
    }

    /// Passes over the record at hand, which is too long to be held.
    fn skip_record(&mut self) -> Unit {
        loop {
            let end = memchr(b'\n', self.window.bytes());
            let length = end.map_or(self.window.bytes().len(), |at| at + 1);
            self.window.discard(length);
            self.position.bytes += length as u64;
            if end.is_some() || !self.window.fill() {
                break;
            }
        }
        self.searched = 0;
        self.position.records += 1;
        let what = format!("longer than {} MiB", MAX_RECORD_BYTES >> 20);
        let fault = Fault { record: self.position.records, what };
        Unit::Bad(fault, self.position)
    }
}

impl Records for Lines {
    fn next(&mut self) -> io::Result<Option<Unit>> {
        loop {
            let bytes = self.window.bytes();
            let from = self.searched.max(self.batch_bytes - 1).min(bytes.len());
            if let Some(at) = memchr(b'\n', &bytes[from..]) {
                return Ok(Some(self.cut(from + at + 1)));
            }
            self.searched = bytes.len();
            let is_more = bytes.len() <= MAX_RECORD_BYTES && self.window.fill();
            if is_more {
                continue;
            }
            let bytes = self.window.bytes();
            let whole = memrchr(b'\n', bytes).map_or(0, |at| at + 1);
            let rest = bytes.len() - whole;
            return if whole > 0 {
                Ok(Some(self.cut(whole)))
            } else if rest > MAX_RECORD_BYTES {
                Ok(Some(self.skip_record()))
            } else if let Some(error) = self.window.take_error() {
                Err(error)
            } else {
                Ok((rest > 0).then(|| self.cut(rest)))
            };
        }
    }

    fn position(&self) -> Position {
        self.position
    }
}

/// Where in `record` the value under `path` stands: the inside of a string, quotes left off.
///
/// # Errors
/// Says what is wrong with the record: it is no JSON object, has no such field, or the field is
/// no string.
pub fn find(record: &[u8], path: &[String]) -> Result<Range<usize>, String> {
    let mut json = serde_json::Deserializer::from_slice(without_mark(record));
    let value = Seek(path).deserialize(&mut json);
    let value = value.and_then(|value| json.end().map(|()| value)).map_err(|error| {
        // There is but one line.
        let text = error.to_string();
        let what = text.rsplit_once(" at line ").map_or(&*text, |(what, _)| what);
        format!("byte {}: not a JSON object: {what}", error.column())
    })?;
    let field = || {
        let keys = path.iter().map(|key| key.replace('\\', r"\\").replace('.', r"\."));
        keys.collect::<Vec<_>>().join(".")
    };
    let Some(value) = value else { return Err(format!("no field '{}'", field())) };
    if !value.starts_with('"') {
        return Err(format!("field '{}' is not a string", field()));
    }
    let start = value.as_ptr() as usize - record.as_ptr() as usize;
    Ok(start + 1..start + value.len() - 1)
}

/// The first record of a file may have a byte-order mark in front.
fn without_mark(record: &[u8]) -> &[u8] {
    record.strip_prefix(b"\xef\xbb\xbf").unwrap_or(record)
}

/// Looks for the value under a path. Of a key that is there twice the last counts, as for most
/// readers.
struct Seek<'p>(&'p [String]);

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = Option<&'de str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        if self.0.is_empty() {
            return <&RawValue>::deserialize(json).map(|value| Some(value.get()));
        }
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = Option<&'de str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut found = None;
        while let Some(is_wanted) = map.next_key_seed(Key(self.0[0].as_bytes()))? {
            if is_wanted {
                found = map.next_value_seed(Seek(&self.0[1..]))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Whether a key is this one.
struct Key<'p>(&'p [u8]);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        // As bytes: a key may hold a lone surrogate, and is then not the one.
        json.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E>(self, key: &[u8]) -> Result<bool, E> {
        Ok(key == self.0)
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key.as_bytes() == self.0)
    }
}

/// The text that the inside of a JSON string stands for, and where its lines end in the string.
#[derive(Debug, Default)]
pub struct Decoded {
    /// The text.
    pub text: Vec<u8>,
    /// For each `\n` of the text, where in the string its escape ends.
    ends: Vec<usize>,
}

impl Decoded {
    /// Takes the inside of a well-formed JSON string in place of the one before.
    ///
    /// # Errors
    /// Says which byte of it starts a lone surrogate.
    pub fn decode(&mut self, string: &[u8]) -> Result<(), usize> {
        self.text.clear();
        self.ends.clear();
        let mut at = 0;
        while let Some(length) = memchr(b'\\', &string[at..]) {
            self.text.extend_from_slice(&string[at..at + length]);
            at += length;
            let (c, size) = unescape(&string[at..]).ok_or(at)?;
            at += size;
            if c == '\n' {
                self.ends.push(at);
            }
            self.text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        self.text.extend_from_slice(&string[at..]);
        Ok(())
    }

    /// Where in `string`, the one decoded last, the line with this number, from 1, stands.
    pub fn line<'s>(&self, string: &'s [u8], number: u64) -> &'s [u8] {
        let index = number as usize - 1;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        let end = self.ends.get(index).copied().unwrap_or(string.len());
        &string[start..end]
    }
}

/// The character of the escape at the start of `string` and the escape's size; `None` for a lone
/// surrogate.
fn unescape(string: &[u8]) -> Option<(char, usize)> {
    let simple = match string[1] {
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\x08',
        b'f' => '\x0c',
        b'u' => {
            let first = unit(string)?;
            if let Some(c) = char::from_u32(first) {
                return Some((c, 6));
            }
            let second = unit(&string[6..])?;
            let pair = [first as u16, second as u16];
            let c = char::decode_utf16(pair).next()?.ok()?;
            return Some((c, 12));
        }
        other => char::from(other),
    };
    Some((simple, 2))
}

/// The unit of UTF-16 that the escape at the start of `string` stands for, if there is one.
fn unit(string: &[u8]) -> Option<u32> {
    let digits = string.strip_prefix(b"\\u")?.get(..4)?;
    u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(record: &str, path: &str) -> Result<String, String> {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        find(record.as_bytes(), &path).map(|range| record[range].to_owned())
    }

    #[test]
    fn the_field_is_found_by_its_path() {
        for (record, path, expected) in [
            (r#"{"text":"a"}"#, "text", "a"),
            (r#" { "x" : [1,{"text":"no"}] , "text" : "\"a\\" } "#, "text", r#"\"a\\"#),
            (r#"{"doc":{"text":"no","body":{"text":"yes"}}}"#, "doc.body.text", "yes"),
            (r#"{"te\u0078t":"a"}"#, "text", "a"),
            (r#"{"text":"a","text":"b"}"#, "text", "b"),
            (r#"{"\ud800":1,"other":"\ud800","text":"a"}"#, "text", "a"),
            (r#"{"text":""}"#, "text", ""),
            ("\u{feff}{\"text\":\"a\"}", "text", "a"),
        ] {
            assert_eq!(found(record, path).as_deref(), Ok(expected), "{record}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_record_is_said() {
        for (record, path, expected) in [
            ("nonsense", "text", "byte 2: not a JSON object: expected ident"),
            (r#"["text"]"#, "text", "not a JSON object: invalid type: sequence"),
            (r#"{"text":"a"} x"#, "text", "byte 14: not a JSON object: trailing characters"),
            (r#"{"text":"a"#, "text", "not a JSON object: EOF while parsing a string"),
            (r#"{"text":"\x"}"#, "text", "not a JSON object: invalid escape"),
            ("{\"text\":\"a\tb\"}", "text", "control character"),
            (r#"{"a":1}"#, "text", "no field 'text'"),
            (r#"{"a":{"b":"c"}}"#, "a.text", "no field 'a.text'"),
            (r#"{"a":"b"}"#, "a.text", "invalid type: string \"b\", expected an object"),
            (r#"{"text":null}"#, "text", "field 'text' is not a string"),
            (r#"{"text":["a"]}"#, "text", "field 'text' is not a string"),
        ] {
            let what = found(record, path).unwrap_err();
            assert!(what.contains(expected), "{record}: {what}");
            assert!(!what.contains("at line"), "{what}");
        }
        let what = find(b"{\"text\":\"\xff\"}", &["text".to_owned()]).unwrap_err();
        assert!(what.contains("invalid unicode"), "{what}");
    }

    #[test]
    fn lines_are_known_in_both_forms() {
        let string = br"a\u00e4\u000ab\n\n\ud83d\ude00\/";
        let mut decoded = Decoded::default();
        decoded.decode(string).unwrap();
        assert_eq!(str::from_utf8(&decoded.text).unwrap(), "a\u{e4}\nb\n\n\u{1f600}/");
        for (number, line) in
            [(1, r"a\u00e4\u000a"), (2, r"b\n"), (3, r"\n"), (4, r"\ud83d\ude00\/")]
        {
            assert_eq!(decoded.line(string, number), line.as_bytes());
        }
    }

    #[test]
    fn a_lone_surrogate_is_no_character() {
        for (string, at) in [
            (r"\ud800", 0),
            (r"a\udc00b", 1),
            (r"\n\ud800\n", 2),
            (r"\ud800\ud800", 0),
            (r"\ud800x", 0),
        ] {
            assert_eq!(Decoded::default().decode(string.as_bytes()), Err(at), "{string}");
        }
    }

    proptest! {
        /// A reader of JSON agrees, for strings that any writer of JSON might have made.
        #[test]
        fn decoding_is_that_of_json(parts in prop::collection::vec((any::<char>(), 0..3), 0..20)) {
            let mut json = String::new();
            for (c, form) in parts {
                let plain = serde_json::to_string(&c.to_string()).unwrap();
                let mut units = [0; 2];
                let escaped = c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04X}"));
                match form {
                    0 => json.push_str(&plain[1..plain.len() - 1]),
                    1 => json.extend(escaped),
                    _ => json.push_str("\\n"),
                }
            }
            let text: String = serde_json::from_str(&format!("\"{json}\"")).unwrap();
            let mut decoded = Decoded::default();
            decoded.decode(json.as_bytes()).unwrap();
            prop_assert_eq!(str::from_utf8(&decoded.text).unwrap(), &text);
            let lines = text.split_inclusive('\n').count() as u64;
            let together: Vec<u8> = (1..=lines)
                .flat_map(|number| decoded.line(json.as_bytes(), number).to_vec())
                .collect();
            prop_assert_eq!(together, json.as_bytes());
        }
    }
}
