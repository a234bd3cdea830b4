//! What a character is for this model, from tables that are filled as characters are met.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::tokens::{self, id_of};

/// What a character is for this model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Space,
    Lower,
    Upper,
    /// A letter without case, or a mark on one, of a script that puts spaces between words.
    Caseless,
    /// A character of a script that writes words together.
    Spaceless,
    Digit,
    Symbol,
}

/// How a script writes words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    /// With spaces between them.
    Spaced,
    /// Together, some two characters a word: Chinese characters and kana.
    EastAsian,
    /// Together, some five characters a word, vowel signs counted: Thai, Lao, Khmer, Burmese.
    SoutheastAsian,
}

impl Script {
    fn of(c: char) -> Script {
        match c as u32 {
            0xe00..0xf00 | 0x1000..0x10a0 | 0x1780..0x1800 => Script::SoutheastAsian,
            0x3005..0x3008
            | 0x3040..0x3100
            | 0x31f0..0x3200
            | 0x3400..0x4dc0
            | 0x4e00..0xa000
            | 0xf900..0xfb00
            | 0xff66..0xffa0
            | 0x20000..0x33480 => Script::EastAsian,
            _ => Script::Spaced,
        }
    }

    fn is_spaceless(self) -> bool {
        self != Script::Spaced
    }
}

pub(super) const fn classify_ascii(byte: u8) -> Class {
    match byte {
        b'a'..=b'z' => Class::Lower,
        b'A'..=b'Z' => Class::Upper,
        b'0'..=b'9' => Class::Digit,
        b' ' | b'\t'..=b'\r' => Class::Space,
        _ => Class::Symbol,
    }
}

fn classify(c: char) -> (Class, Script) {
    let script = Script::of(c);
    let class = if c.is_whitespace() {
        Class::Space
    } else if c.is_numeric() && !script.is_spaceless() {
        Class::Digit
    } else if c.is_lowercase() {
        Class::Lower
    } else if c.is_uppercase() {
        Class::Upper
    } else if script.is_spaceless() && !is_symbol_of_spaceless(c) {
        Class::Spaceless
    } else if c.is_alphabetic() || is_mark(c) {
        Class::Caseless
    } else {
        Class::Symbol
    };
    (class, script)
}

/// Signs in the ranges of [`Script::is_spaceless`] scripts that are no part of words.
fn is_symbol_of_spaceless(c: char) -> bool {
    matches!(c, '\u{e3f}' | '\u{e4f}' | '\u{e5a}' | '\u{e5b}' | '\u{104a}'..='\u{104f}' | '・' | '\u{17d4}'..='\u{17da}')
}

/// Marks that the standard library does not count as alphabetic but that stand inside words.
fn is_mark(c: char) -> bool {
    matches!(c as u32,
        0x300..0x370 | 0x483..0x488 | 0x591..0x5be | 0x64b..0x660 | 0x900..0x904 | 0x93c | 0x94d
        | 0x9bc | 0x9cd | 0xa4d | 0xacd | 0xb4d | 0xbcd | 0xc4d | 0xccd | 0xd4d | 0x200c | 0x200d)
}

/// Signs that end a sentence, of all scripts that have one.
pub(super) const fn ends_sentence(c: char) -> bool {
    matches!(
        c,
        '.' | '!'
            | '?'
            | '…'
            | '。'
            | '．'
            | '！'
            | '？'
            | '｡'
            | '؟'
            | '۔'
            | '।'
            | '॥'
            | '՞'
            | '։'
            | '።'
            | '၊'
            | '။'
            | '។'
            | '៕'
            | '‼'
            | '⁉'
    )
}

/// Signs that may follow the sign that ends a sentence.
pub(super) const fn closes(c: char) -> bool {
    matches!(
        c,
        '"' | '\''
            | ')'
            | ']'
            | '”'
            | '’'
            | '»'
            | '›'
            | '」'
            | '』'
            | '）'
            | '】'
            | '*'
            | '_'
            | '“'
    )
}

pub(super) const fn quotes(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»' | '「' | '」' | '『' | '』' | '‟')
}

pub(super) const fn separates(c: char) -> bool {
    matches!(c, '|' | '·' | '•' | '»' | '›' | '>' | '/' | '→' | '←' | '｜' | '∙' | '●' | '■' | '▪')
}

/// What a sign is, a bit each.
pub(super) mod sign {
    pub const COMMA: u16 = 1;
    pub const SENTENCE_END: u16 = 1 << 1;
    pub const SEPARATOR: u16 = 1 << 2;
    pub const QUOTE: u16 = 1 << 3;
    pub const COPYRIGHT: u16 = 1 << 4;
    pub const AT: u16 = 1 << 5;
    pub const COLON: u16 = 1 << 6;
    pub const PIPE: u16 = 1 << 7;
    pub const PAREN: u16 = 1 << 8;
    pub const CURRENCY: u16 = 1 << 9;
    pub const CODE: u16 = 1 << 10;
    /// May follow what ends a sentence.
    pub const CLOSES: u16 = 1 << 11;
    /// Means something together with the signs before it.
    pub const PAIRS: u16 = 1 << 12;
    /// No sign, but a character of a script with some five characters a word.
    pub const SOUTHEAST_ASIAN: u16 = 1 << 13;
}

const fn signs(c: char) -> u16 {
    const fn bit(is: bool, bit: u16) -> u16 {
        if is { bit } else { 0 }
    }
    bit(matches!(c, ',' | '،' | '、' | '，' | ';' | '；' | '؛'), sign::COMMA)
        | bit(ends_sentence(c), sign::SENTENCE_END)
        | bit(separates(c), sign::SEPARATOR)
        | bit(quotes(c), sign::QUOTE)
        | bit(matches!(c, '©' | '®' | '™'), sign::COPYRIGHT)
        | bit(c == '@', sign::AT)
        | bit(matches!(c, ':' | '：'), sign::COLON)
        | bit(c == '|', sign::PIPE)
        | bit(matches!(c, '(' | '（'), sign::PAREN)
        | bit(matches!(c, '$' | '€' | '£' | '¥' | '₹' | '₽'), sign::CURRENCY)
        | bit(matches!(c, '{' | '}' | '=' | '<' | '`' | '\\' | '~' | '^' | '_'), sign::CODE)
        | bit(closes(c), sign::CLOSES)
        | bit(matches!(c, '(' | '[' | ']' | '/'), sign::PAIRS)
}

/// All there is to know of a character.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Character {
    pub class: Class,
    /// How many bits of `lower` are in use.
    pub bits: u8,
    /// See [`sign`].
    pub signs: u16,
    /// In lower case, as [`utf8`] gives it; a few expand to more characters and keep the first.
    pub lower: u32,
}

/// The bytes of a character in UTF-8, the first one lowest.
const fn utf8(c: char) -> u32 {
    let mut bytes = [0; 4];
    c.encode_utf8(&mut bytes);
    u32::from_le_bytes(bytes)
}

/// How many bits the bytes of a character take.
const fn bits(c: char) -> u8 {
    8 * c.len_utf8() as u8
}

impl Character {
    pub fn new(c: char) -> Character {
        if c.is_ascii() {
            return ASCII[c as usize];
        }
        let (class, script) = classify(c);
        let script = if script == Script::SoutheastAsian { sign::SOUTHEAST_ASIAN } else { 0 };
        let lower = c.to_lowercase().next().unwrap_or(c);
        Character { class, bits: bits(lower), signs: signs(c) | script, lower: utf8(lower) }
    }

    /// Whether its script has some five characters a word.
    pub fn is_southeast_asian(self) -> bool {
        self.signs & sign::SOUTHEAST_ASIAN != 0
    }

    /// The same from a table of those that were seen so far.
    #[inline(always)]
    pub fn of(c: char) -> Character {
        match SEEN.get(c as usize).map(|seen| seen.load(Relaxed)) {
            None => Character { class: Class::Symbol, bits: bits(c), signs: 0, lower: utf8(c) },
            Some(0) => Character::see(c),
            Some(packed) => Character::unpacked(packed),
        }
    }

    #[cold]
    fn see(c: char) -> Character {
        let character = Character::new(c);
        SEEN[c as usize].store(character.packed(), Relaxed);
        character
    }

    /// In 64 bits, not all of them 0.
    fn packed(self) -> u64 {
        let Character { class, bits, signs, lower } = self;
        u64::from(lower)
            | u64::from(bits) << BITS
            | u64::from(signs) << SIGNS
            | (class as u64) << CLASS
    }

    #[inline(always)]
    fn unpacked(packed: u64) -> Character {
        Character {
            class: class_of(packed),
            bits: (packed >> BITS) as u8,
            signs: (packed >> SIGNS) as u16,
            lower: packed as u32,
        }
    }
}

/// The characters that were seen so far, [packed](Character::packed); 0 for all others. Behind these
/// planes Unicode has nothing but symbols.
static SEEN: [AtomicU64; 4 << 16] = [const { AtomicU64::new(0) }; 4 << 16];

/// The characters of words, of up to three bytes, that were seen so far, as [`known`] has them; 0
/// for all others.
pub(super) static KNOWN: [AtomicU64; 1 << 16] = [const { AtomicU64::new(0) }; 1 << 16];

/// All there is to know of a character of a word to take it, each from a bit on: what it is in
/// lower case, how many [bits](BITS) that is, where it counts in a [`Tally`](TALLY), its
/// [length](LENGTH), whether lower case [is something else](CHANGES), and its [class](CLASS). Those
/// of scripts that write words together have what they are [known by](id_of) for lower case.
pub(super) fn known(c: char, character: Character) -> u64 {
    let Character { class, bits, lower, .. } = character;
    let is_spaceless = class == Class::Spaceless;
    let is_letter = matches!(class, Class::Lower | Class::Upper | Class::Caseless);
    let length = if is_letter && bits == self::bits(c) { c.len_utf8() } else { 0 };
    u64::from(if is_spaceless { id_of(c.into()) } else { lower })
        | u64::from(bits) << BITS
        | u64::from(tokens::tally(class)) << TALLY
        | (length as u64) << LENGTH
        | u64::from(lower != utf8(c)) << CHANGES
        | u64::from(character.is_southeast_asian()) << SOUTHEAST_ASIAN
        | (class as u64) << CLASS
}

pub(super) const BITS: u32 = 32;
pub(super) const TALLY: u32 = 40;

/// Where a [packed](Character::packed) character has its signs; what is [`known`] of one has other
/// things there.
const SIGNS: u32 = 40;

/// In bytes; 0 for what is no letter, or not as long in lower case.
pub(super) const LENGTH: u32 = 48;

pub(super) const CHANGES: u32 = 52;
pub(super) const SOUTHEAST_ASIAN: u32 = 53;
const CLASS: u32 = 56;

const _: () = {
    use Class::*;
    let classes = [Space, Lower, Upper, Caseless, Spaceless, Digit, Symbol];
    let mut index = 0;
    while index < classes.len() {
        assert!(classes[index] as usize == index, "class_of counts on their order");
        index += 1;
    }
};

/// The class of a character, from what is [`known`] of it; white space if that is nothing.
#[inline(always)]
pub(super) fn class_of(known: u64) -> Class {
    match known >> CLASS {
        1 => Class::Lower,
        2 => Class::Upper,
        3 => Class::Caseless,
        4 => Class::Spaceless,
        5 => Class::Digit,
        6 => Class::Symbol,
        _ => Class::Space,
    }
}

pub(super) static ASCII: [Character; 128] = {
    let nul = Character { class: Class::Symbol, bits: 8, signs: signs('\0'), lower: 0 };
    let mut table = [nul; 128];
    let mut byte = 0;
    while byte < 128 {
        let c = byte as u8 as char;
        let class = classify_ascii(byte as u8);
        table[byte] =
            Character { class, signs: signs(c), lower: utf8(c.to_ascii_lowercase()), ..nul };
        byte += 1;
    }
    table
};

pub(super) const BYTE_ORDER_MARK: char = '\u{feff}';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_the_same_at_first_sight_and_later() {
        for c in '\0'..=char::MAX {
            let character = Character::new(c);
            assert_eq!([Character::of(c), Character::of(c)], [character; 2], "{c:?}");
        }
    }
}
