//! UTF-8 as it comes: decoded and checked at once, and its characters counted.

/// Decodes the character at the start of `bytes`, of which there is at least one, and gives its
/// length. Bytes that are not UTF-8 count as one for as long as they could have become a character.
#[inline(always)]
pub(crate) fn decode(bytes: &[u8]) -> (char, usize) {
    let first = bytes[0];
    if first < 0x80 {
        return (char::from(first), 1);
    }
    let next = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let (second, low, high) = match first {
        0xc2..=0xdf => (next(1), 0x80, 0xbf),
        0xe0 => (next(1), 0xa0, 0xbf),
        0xed => (next(1), 0x80, 0x9f),
        0xf0 => (next(1), 0x90, 0xbf),
        0xf4 => (next(1), 0x80, 0x8f),
        0xe1..=0xf3 => (next(1), 0x80, 0xbf),
        _ => return (char::REPLACEMENT_CHARACTER, 1),
    };
    if !(low..=high).contains(&second) {
        return (char::REPLACEMENT_CHARACTER, 1);
    }
    let tail = |byte: u8| u32::from(byte & 0x3f);
    let is_tail = |byte: u8| byte & 0xc0 == 0x80;
    let (code, len) = if first < 0xe0 {
        (u32::from(first & 0x1f) << 6 | tail(second), 2)
    } else if !is_tail(next(2)) {
        return (char::REPLACEMENT_CHARACTER, 2);
    } else if first < 0xf0 {
        (u32::from(first & 0x0f) << 12 | tail(second) << 6 | tail(next(2)), 3)
    } else if !is_tail(next(3)) {
        return (char::REPLACEMENT_CHARACTER, 3);
    } else {
        let head = u32::from(first & 0x07) << 18 | tail(second) << 12;
        (head | tail(next(2)) << 6 | tail(next(3)), 4)
    };
    (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), len)
}

/// Whether a byte is the first of a character.
pub(crate) fn is_start_of_char(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

/// How many characters there are.
pub(crate) fn count_chars(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| is_start_of_char(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// What the standard library makes of `bytes`.
    fn chunks(bytes: &[u8]) -> Vec<(char, usize)> {
        let mut all = Vec::new();
        for chunk in bytes.utf8_chunks() {
            all.extend(chunk.valid().chars().map(|c| (c, c.len_utf8())));
            if !chunk.invalid().is_empty() {
                all.push((char::REPLACEMENT_CHARACTER, chunk.invalid().len()));
            }
        }
        all
    }

    fn decoded(mut bytes: &[u8]) -> Vec<(char, usize)> {
        let mut all = Vec::new();
        while !bytes.is_empty() {
            let (c, len) = decode(bytes);
            all.push((c, len));
            bytes = &bytes[len..];
        }
        all
    }

    #[test]
    fn every_start_is_decoded_as_the_standard_library_does() {
        for first in 0..=255 {
            for second in 0..=255 {
                for rest in [&b""[..], b"\x80", b"\xbf\x80", b"\x80\xbf\xbf", b"\xc3\xa9", b"a"] {
                    let bytes = [&[first, second], rest].concat();
                    assert_eq!(decoded(&bytes), chunks(&bytes), "{}", bytes.escape_ascii());
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_as_the_standard_library_does(bytes in vec(any::<u8>(), 0..50)) {
            prop_assert_eq!(decoded(&bytes), chunks(&bytes));
        }

        #[test]
        fn any_text_is_decoded(text in "\\PC{0,50}") {
            prop_assert_eq!(decoded(text.as_bytes()), chunks(text.as_bytes()));
        }
    }
}
