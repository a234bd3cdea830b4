//! The scan of a line as one would write it down: character by character. Tests hold the fast one
//! to it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::chars::{Character, Class, closes, ends_sentence, quotes, separates};
use super::dense::Counts;
use super::scan;
use super::tokens::{Words, id_of};
use crate::simd::Level;

/// Counts the characters of `text` and finds its words. Bytes that are not UTF-8 count as
/// symbols.
fn scan(text: &[u8], counts: &mut Counts, words: &mut Words) {
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            character(c, counts, words);
        }
        if !chunk.invalid().is_empty() {
            character(char::REPLACEMENT_CHARACTER, counts, words);
        }
    }
    words.end_word(counts);
}

fn character(c: char, counts: &mut Counts, words: &mut Words) {
    if c == '\u{feff}' {
        return;
    }
    if counts.in_target {
        // The target of a Markdown link is no text of the page.
        counts.in_target = c != ')';
        counts.target_chars += 1;
        return;
    }
    let character = Character::new(c);
    let class = character.class;
    if class == Class::Space {
        words.end_word(counts);
        if counts.chars == 0 {
            counts.indent += if c == '\t' { 4 } else { 1 };
        } else {
            counts.spaces += 1;
        }
        counts.previous_symbol = None;
        return;
    }
    if counts.chars == 0 {
        counts.first = c;
        counts.first_class = Some(class);
    }
    counts.chars += 1;
    match class {
        Class::Space => {}
        Class::Lower => {
            counts.lower += 1;
            words.letter(character);
        }
        Class::Upper => {
            counts.upper += 1;
            words.letter(character);
        }
        Class::Caseless => {
            counts.caseless += 1;
            words.letter(character);
        }
        Class::Digit => {
            counts.digits += 1;
            words.current.digit();
        }
        Class::Spaceless => {
            counts.spaceless += 1;
            counts.southeast_asian += u32::from(character.is_southeast_asian());
            words.end_word(counts);
            counts.words += 1;
            let mut found = words.found;
            words.character(&mut found, id_of(c.into()), character.is_southeast_asian());
            words.found = found;
        }
        Class::Symbol => symbol(c, counts, words),
    }
    if class != Class::Symbol {
        counts.previous_symbol = None;
    }
    if !closes(c) || counts.chars == 1 {
        counts.last = c;
        counts.last_class = Some(class);
    }
    counts.very_last = c;
}

fn symbol(c: char, counts: &mut Counts, words: &mut Words) {
    // An apostrophe inside a word is part of it.
    if matches!(c, '\'' | '’') && words.current.is_some() {
        return;
    }
    words.end_word(counts);
    counts.symbols += 1;
    counts.commas += u32::from(matches!(c, ',' | '،' | '、' | '，' | ';' | '；' | '؛'));
    counts.sentence_ends += u32::from(ends_sentence(c));
    counts.separators += u32::from(separates(c));
    counts.quotes += u32::from(quotes(c));
    counts.copyrights += u32::from(matches!(c, '©' | '®' | '™'));
    counts.ats += u32::from(c == '@');
    counts.colons += u32::from(matches!(c, ':' | '：'));
    counts.pipes += u32::from(c == '|');
    counts.parens += u32::from(matches!(c, '(' | '（'));
    counts.currencies += u32::from(matches!(c, '$' | '€' | '£' | '¥' | '₹' | '₽'));
    counts.code_signs +=
        u32::from(matches!(c, '{' | '}' | '=' | '<' | '`' | '\\' | '~' | '^' | '_'));
    let pair = (counts.previous_symbol, c);
    if pair == (Some(']'), '(') {
        counts.in_target = true;
        counts.markdown_links += 1;
        counts.link_chars += counts.chars.saturating_sub(counts.bracket_at);
    }
    if c == '[' {
        counts.bracket_at = counts.chars;
        counts.digits_at_bracket = counts.digits;
    }
    // `[12]`, as lynx marks a link: nothing but digits between the brackets.
    let between = counts.chars.saturating_sub(counts.bracket_at + 1);
    if c == ']' && between > 0 && between == counts.digits - counts.digits_at_bracket {
        counts.link_marks += 1;
    }
    counts.images += u32::from(pair == (Some('!'), '['));
    counts.urls += u32::from(pair == (Some('/'), '/'));
    counts.previous_symbol = Some(c);
    words.found.symbol(c.into());
}

/// What a scan found, and the tokens it leads to.
fn found(counts: Counts, words: &mut Words) -> (Counts, Vec<u32>, Vec<u32>, u32, u32) {
    let mut keys = Vec::new();
    words.emit(&counts, &mut |key| keys.push(key));
    (counts, keys, words.bulky().to_vec(), words.line_key(), words.distinct())
}

/// Holds the scans at all levels to the twin.
fn check(parts: [&[u8]; 2]) {
    let (mut counts, mut words) = (Counts::default(), Words::default());
    parts.into_iter().for_each(|part| scan(part, &mut counts, &mut words));
    let expected = found(counts, &mut words);
    for level in Level::supported() {
        // What the line before left must not show.
        let mut words = Words::default();
        scan::tests::scan_at(level, [b"Some words before 12", b"]("], &mut words);
        words.clear();
        let counts = scan::tests::scan_at(level, parts, &mut words);
        assert_eq!(
            found(counts, &mut words),
            expected,
            "{level:?}: {:?}",
            parts.map(<[_]>::escape_ascii)
        );
    }
}

/// Pieces of lines that mean something to the scan.
const PIECES: &[&[u8]] = &[
    b"a",
    b"Bcd",
    b"word",
    b"WORDS",
    b"words",
    b"Longish",
    b"abcdefgh",
    b"incomprehensibilities",
    b"7",
    b"2019",
    b"mp3",
    b"a1b2cdef",
    b" ",
    b" ",
    b" ",
    b"\t",
    b"\r",
    b"\x0b",
    b"\0",
    b"'",
    b"don't",
    b"](",
    b"[",
    b"]",
    b"(",
    b")",
    b"!",
    b"//",
    b"[12]",
    b"![",
    b".",
    b",",
    b"\"",
    b"-",
    b"|",
    b"*",
    b"_",
    b"@",
    b"$",
    b"\xff",
    b"\xc3",
    b"\xe2\x80",
    b"\xf0\x9f\x98",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xc0\x80",
    "\u{feff}".as_bytes(),
    "\u{a0}".as_bytes(),
    "\u{3000}".as_bytes(),
    "é".as_bytes(),
    "Élan".as_bytes(),
    "naïve".as_bytes(),
    "’".as_bytes(),
    "don’t".as_bytes(),
    "”".as_bytes(),
    "…".as_bytes(),
    "Паром".as_bytes(),
    "שוב".as_bytes(),
    "بس".as_bytes(),
    "देर".as_bytes(),
    "今日も".as_bytes(),
    "。".as_bytes(),
    "ไทย".as_bytes(),
    "٣".as_bytes(),
    "😀".as_bytes(),
    "İ".as_bytes(),
    "ß".as_bytes(),
];

proptest! {
    #[test]
    fn scans_agree_on_pieces(pieces in vec(select(PIECES), 0..60), cut in any::<prop::sample::Index>()) {
        let text = pieces.concat();
        check([&text, &[]]);
        let (head, tail) = text.split_at(cut.index(text.len() + 1));
        check([head, tail]);
    }

    #[test]
    fn scans_agree_on_any_bytes(text in vec(any::<u8>(), 0..200)) {
        check([&text, &[]]);
    }

    #[test]
    fn scans_agree_on_ascii(text in "[ -~\t]{0,200}") {
        check([text.as_bytes(), &[]]);
    }

    #[test]
    fn scans_agree_on_any_text(text in "\\PC{0,80}") {
        check([text.as_bytes(), &[]]);
    }
}

#[test]
fn scans_agree_on_words_and_signs_of_any_length_at_any_place() {
    for filler in
        [&b" "[..], b"a", b"A", b"9", b".", b"'", "é".as_bytes(), "漢".as_bytes(), b"\xff"]
    {
        for before in [0, 1, 30, 62, 63, 64, 65] {
            for len in [1, 2, 5, 6, 8, 9, 63, 64, 65, 130] {
                let text = [&b".".repeat(before), &filler.repeat(len), &b" x"[..]].concat();
                check([&text, &[]]);
                check([&text[..text.len() - 2], &[]]);
            }
        }
    }
}

#[test]
fn every_character_is_in_the_table_as_it_is() {
    for c in (0..=0x3ffff).filter_map(char::from_u32) {
        let text = [b"x ", c.to_string().as_bytes(), b"y"].concat();
        check([&text, &[]]);
    }
}
