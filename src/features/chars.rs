//! One pass over the characters of a line: classes counted, words found.
//!
//! Bytes are classified 64 at a time. What lies between white space and ASCII signs is a word of
//! ASCII letters, a number, or something else; the first two are taken whole, the rest goes
//! character by character through a table.

use std::hint::select_unpredictable;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use memchr::memchr;

use super::dense::Counts;
use super::tokens::{AHEAD, Words};
use crate::simd::{BLOCK, Instructions, Masks};
use crate::utf8::decode;

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

const fn classify_ascii(byte: u8) -> Class {
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
mod sign {
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
#[derive(Clone, Copy, Debug)]
pub(super) struct Character {
    pub class: Class,
    /// How many bits of `lower` are in use.
    pub bits: u8,
    /// See [`sign`].
    signs: u16,
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

    /// The same from a table, of which pages are made as they are needed.
    #[inline(always)]
    fn of(c: char) -> Character {
        static PAGES: [OnceLock<Box<[Character; PAGE]>>; PAGE_COUNT] =
            [const { OnceLock::new() }; PAGE_COUNT];
        let index = c as usize;
        let page = PAGES[index / PAGE].get_or_init(|| {
            let first = (index / PAGE * PAGE) as u32;
            Box::new(std::array::from_fn(|index| {
                // Half of one page are surrogates, which no text has.
                let c = char::from_u32(first + index as u32).unwrap_or_default();
                Character::new(c)
            }))
        });
        page[index % PAGE]
    }
}

/// The lowest byte with which a character of three bytes begins.
const FIRST_OF_THREE_BYTES: u8 = 0xe0;

/// The letters of one or two bytes that were seen so far, as [`short_letter`] has them; 0 for all
/// other characters.
static SHORT_LETTERS: [AtomicU64; 0x800] = [const { AtomicU64::new(0) }; 0x800];

/// All there is to know of a letter to add it to a word: in lower case, how many bits that is,
/// and, [`TALLY`] bits further up, what it adds to a tally of capitals and of letters without case.
fn short_letter(letter: Character) -> u64 {
    let tally = match letter.class {
        Class::Upper => 1,
        Class::Caseless => 1 << TALLY_CASELESS,
        _ => 0,
    };
    u64::from(letter.lower) | u64::from(letter.bits) << 32 | tally << TALLY
}

const TALLY: u32 = 40;

/// Capitals are below. A line is too short for more.
const TALLY_CASELESS: u32 = 20;

const _: () = assert!(2 * super::SCORED_BYTES < 1 << TALLY_CASELESS);

/// Characters on a page of the table.
const PAGE: usize = 256;

const PAGE_COUNT: usize = char::MAX as usize / PAGE + 1;

static ASCII: [Character; 128] = {
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

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Counts the characters of the parts of a line and finds their words. Bytes that are not UTF-8
/// count as symbols.
#[inline(always)]
pub(super) fn scan(with: impl Instructions, parts: [&[u8]; 2], words: &mut Words) -> Counts {
    let mut scan = Scan { counts: Counts::default(), words, signs: [0; 16] };
    for part in parts {
        scan.part(with, part);
    }
    // In the order of the bits.
    let [commas, sentence_ends, separators, quotes, copyrights, ats, ..] = scan.signs;
    let [.., colons, pipes, parens, currencies, code_signs, _, _, _, _, _] = scan.signs;
    Counts {
        commas: commas.into(),
        sentence_ends: sentence_ends.into(),
        separators: separators.into(),
        quotes: quotes.into(),
        copyrights: copyrights.into(),
        ats: ats.into(),
        colons: colons.into(),
        pipes: pipes.into(),
        parens: parens.into(),
        currencies: currencies.into(),
        code_signs: code_signs.into(),
        ..scan.counts
    }
}

/// A scan under way.
struct Scan<'s> {
    counts: Counts,
    words: &'s mut Words,
    /// How often each bit of [`sign`] was seen. A line has at most twice
    /// [`SCORED_BYTES`](super::SCORED_BYTES), so 16 bits are enough.
    signs: [u16; 16],
}

const _: () = assert!(2 * super::SCORED_BYTES <= u16::MAX as usize);

impl Scan<'_> {
    #[inline(always)]
    fn part(&mut self, with: impl Instructions, text: &[u8]) {
        let mut at = if self.counts.in_target { self.target(text) } else { 0 };
        while at < text.len() {
            at += self.block(with, &text[at..]);
        }
    }

    /// Takes what begins in the first [`BLOCK`] bytes of `text`, and gives how many bytes that is.
    #[inline(always)]
    fn block(&mut self, with: impl Instructions, text: &[u8]) -> usize {
        let mut bytes = [0; BLOCK + AHEAD];
        let mut len = text.len().min(BLOCK);
        match text.first_chunk::<BLOCK>() {
            Some(block) => bytes[..BLOCK].copy_from_slice(block),
            None => bytes[..len].copy_from_slice(text),
        }
        let Masks { space, letter, upper, digit, word } =
            with.classify(bytes.first_chunk().expect("it is long enough"));
        if text.len() > BLOCK {
            // A word at the end of the block may go on behind it: it is left to the next block.
            len -= word.leading_ones() as usize;
            if len == 0 {
                let run = text.iter().position(|&byte| !is_of_word(byte));
                let run = run.unwrap_or(text.len());
                self.characters(&text[..run]);
                return run;
            }
        }
        let inside = u64::MAX >> (BLOCK - len);
        let symbol = !(space | word) & inside;
        let mut starts = (word & !(word << 1)) & inside | symbol;
        // Where what has been taken ends.
        let mut end = 0;
        while starts != 0 {
            let start = starts.trailing_zeros() as usize;
            starts &= starts - 1;
            self.spaces(&bytes, end, start);
            if symbol >> start & 1 != 0 {
                end = start + 1;
                let byte = bytes[start];
                self.symbol(char::from(byte), ASCII[usize::from(byte & 0x7f)]);
                if self.counts.in_target {
                    return end + self.target(&text[end..]);
                }
                continue;
            }
            let run = (word >> start).trailing_ones() as usize;
            end = start + run;
            let all = u64::MAX >> (BLOCK - run);
            if letter >> start & all == all {
                self.letters(&bytes, start, run, upper >> start & all);
            } else if digit >> start & all == all {
                self.digits(&bytes, start, run);
            } else {
                self.characters(&bytes[start..end]);
            }
        }
        self.spaces(&bytes, end, len);
        len
    }

    /// Takes the ASCII white space that is `bytes[start..end]`, if any.
    #[inline(always)]
    fn spaces(&mut self, bytes: &[u8; BLOCK + AHEAD], start: usize, end: usize) {
        let counts = &mut self.counts;
        if counts.chars == 0 {
            let columns = bytes[start..end].iter().map(|&byte| if byte == b'\t' { 4 } else { 1 });
            counts.indent += columns.sum::<u32>();
        } else {
            // Whether there is any cannot be guessed, so there is no branch on it.
            counts.spaces += (end - start) as u32;
        }
        let before = counts.previous_symbol;
        counts.previous_symbol = select_unpredictable(start == end, before, None);
    }

    /// Takes `len` characters that are part of words, the first and the last of them these.
    #[inline(always)]
    fn ends(&mut self, len: usize, first: (char, Class), last: (char, Class)) {
        let counts = &mut self.counts;
        if counts.chars == 0 {
            (counts.first, counts.first_class) = (first.0, Some(first.1));
        }
        counts.chars += len as u32;
        (counts.last, counts.last_class) = (last.0, Some(last.1));
        counts.very_last = last.0;
        counts.previous_symbol = None;
    }

    /// Takes the word of ASCII letters that is `bytes[start..start + len]`; `upper` has a bit for
    /// each capital.
    #[inline(always)]
    fn letters(&mut self, bytes: &[u8; BLOCK + AHEAD], start: usize, len: usize, upper: u64) {
        let class = |index: usize| {
            if upper >> index & 1 != 0 { Class::Upper } else { Class::Lower }
        };
        let (first, last) = (char::from(bytes[start]), char::from(bytes[start + len - 1]));
        self.ends(len, (first, class(0)), (last, class(len - 1)));
        let (letters, capitals) = (len as u32, upper.count_ones());
        let counts = &mut self.counts;
        counts.upper += capitals;
        counts.lower += letters - capitals;
        counts.words += 1;
        counts.letter_words += 1;
        counts.capitalised += (upper & 1) as u32;
        counts.shouted += u32::from(capitals >= 2 && capitals == letters);
        self.words.letters(bytes, start, len);
    }

    /// Takes the number that is `bytes[start..start + len]`.
    #[inline(always)]
    fn digits(&mut self, bytes: &[u8; BLOCK + AHEAD], start: usize, len: usize) {
        let (first, last) = (char::from(bytes[start]), char::from(bytes[start + len - 1]));
        self.ends(len, (first, Class::Digit), (last, Class::Digit));
        let counts = &mut self.counts;
        counts.digits += len as u32;
        counts.words += 1;
        counts.years += u32::from(len == 4);
        counts.numbers += 1;
        self.words.number(len as u32);
    }

    /// Takes what is no plain word, to its end, character by character.
    fn characters(&mut self, mut bytes: &[u8]) {
        while let Some(first) = bytes.first() {
            if *first < FIRST_OF_THREE_BYTES {
                bytes = &bytes[self.short_letters(bytes)..];
                if bytes.is_empty() {
                    break;
                }
            }
            let (c, len) = decode(bytes);
            bytes = &bytes[len..];
            if c != BYTE_ORDER_MARK {
                self.character(c, Character::of(c));
            }
        }
        self.words.end_word(&mut self.counts);
    }

    /// Takes the letters at the start of `bytes` that are in [`SHORT_LETTERS`], and gives how many
    /// bytes that is. What is known of the word stays in registers, and nothing is called that might
    /// need them.
    #[inline(always)]
    fn short_letters(&mut self, bytes: &[u8]) -> usize {
        let (before, mut word) = (self.words.current.letters, self.words.current);
        let (mut tally, mut first, mut last, mut at) = (0, '\0', '\0', 0);
        loop {
            let (c, len) = match bytes[at..] {
                [c @ ..0x80, ..] => (char::from(c), 1),
                [lead @ 0xc2..FIRST_OF_THREE_BYTES, tail @ 0x80..0xc0, ..] => {
                    let c = u16::from(lead & 0x1f) << 6 | u16::from(tail & 0x3f);
                    (char::from_u32(c.into()).unwrap_or_default(), 2)
                }
                _ => break,
            };
            let letter = SHORT_LETTERS[c as usize].load(Relaxed);
            if letter == 0 {
                break;
            }
            word.letter(letter as u32, u32::from((letter >> 32) as u8));
            tally += letter >> TALLY;
            first = if at == 0 { c } else { first };
            last = c;
            at += len;
        }
        if at > 0 {
            let letters = word.letters - before;
            let upper = tally as u32 % (1 << TALLY_CASELESS);
            let caseless = (tally >> TALLY_CASELESS) as u32;
            let end = |c: char| (c, Character::of(c).class);
            word.count(letters, upper, caseless, end(first).1);
            self.words.current = word;
            self.ends(letters as usize, end(first), end(last));
            self.counts.lower += letters - upper - caseless;
            self.counts.upper += upper;
            self.counts.caseless += caseless;
        }
        at
    }

    #[inline(always)]
    fn character(&mut self, c: char, character: Character) {
        let (counts, words) = (&mut self.counts, &mut *self.words);
        let class = character.class;
        match class {
            Class::Space => {
                words.end_word(counts);
                *(if counts.chars == 0 { &mut counts.indent } else { &mut counts.spaces }) += 1;
                counts.previous_symbol = None;
                return;
            }
            Class::Lower | Class::Upper | Class::Caseless => {
                let is = |other| u32::from(class == other);
                counts.lower += is(Class::Lower);
                counts.upper += is(Class::Upper);
                counts.caseless += is(Class::Caseless);
                words.letter(character);
                if let Some(short) = SHORT_LETTERS.get(c as usize) {
                    short.store(short_letter(character), Relaxed);
                }
            }
            Class::Digit => {
                counts.digits += 1;
                words.current.digit();
            }
            Class::Spaceless => {
                counts.spaceless += 1;
                counts.southeast_asian += u32::from(character.is_southeast_asian());
                words.end_word(counts);
                words.character(c.into(), counts);
            }
            // An apostrophe inside a word is part of it.
            Class::Symbol if matches!(c, '\'' | '’') && words.in_word() => {
                counts.chars += 1;
                counts.very_last = c;
                return;
            }
            Class::Symbol => {
                words.end_word(counts);
                self.symbol(c, character);
                return;
            }
        }
        let end = (c, class);
        self.ends(1, end, end);
    }

    /// Takes a sign between words.
    #[inline(always)]
    fn symbol(&mut self, c: char, character: Character) {
        let counts = &mut self.counts;
        if counts.chars == 0 {
            (counts.first, counts.first_class) = (c, Some(Class::Symbol));
        }
        counts.chars += 1;
        counts.symbols += 1;
        for (bit, count) in self.signs.iter_mut().enumerate() {
            *count += u16::from(character.signs & 1 << bit != 0);
        }
        if character.signs & sign::PAIRS != 0 {
            pair(counts, c);
        }
        counts.previous_symbol = Some(c);
        self.words.symbol(c.into());
        if character.signs & sign::CLOSES == 0 || counts.chars == 1 {
            (counts.last, counts.last_class) = (c, Some(Class::Symbol));
        }
        counts.very_last = c;
    }

    /// Takes the target of a Markdown link, which is no text of the page, and gives how many bytes
    /// that is.
    fn target(&mut self, text: &[u8]) -> usize {
        let end = memchr(b')', text);
        self.counts.in_target = end.is_none();
        let len = end.map_or(text.len(), |end| end + 1);
        let mut rest = &text[..len];
        if rest.is_ascii() {
            self.counts.target_chars += len as u32;
            return len;
        }
        while !rest.is_empty() {
            let (c, len) = decode(rest);
            self.counts.target_chars += u32::from(c != BYTE_ORDER_MARK);
            rest = &rest[len..];
        }
        len
    }
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'\'' || byte >= 0x80
}

/// What the sign `c` means with those before it.
fn pair(counts: &mut Counts, c: char) {
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
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::simd::{self, Level, Work};
    use unicode_segmentation::UnicodeSegmentation;

    struct Parts<'p>([&'p [u8]; 2], &'p mut Words);

    impl Work for Parts<'_> {
        type Output = Counts;

        #[inline(always)]
        fn run(self, with: impl Instructions) -> Counts {
            scan(with, self.0, self.1)
        }
    }

    /// Scans with the instructions of `level`.
    pub fn scan_at(level: Level, parts: [&[u8]; 2], words: &mut Words) -> Counts {
        simd::run(level, Parts(parts, words))
    }

    fn counts(text: &[u8]) -> Counts {
        scan_at(Level::best(), [text, &[]], &mut Words::default())
    }

    #[test]
    fn words_are_those_of_the_unicode_standard_where_there_are_spaces() {
        // Annex 29 joins numbers at points and commas; that is the one difference we allow.
        for text in [
            "The ferry, which doesn't sail on Sundays, was late again.",
            "Der Bürgermeister sagte: „Wir bauen 2019 weiter.“",
            "Паром опоздал на 40 минут, и никто не удивился.",
            "Το πλοίο άργησε πάλι· κανείς δεν απόρησε.",
            "تأخرت العبّارة مرة أخرى، ولم يستغرب أحد.",
            "המעבורת איחרה שוב, ואיש לא הופתע.",
            "बस आज फिर देर से आई।",
            "배가 또 늦었지만 아무도 놀라지 않았다.",
            "",
        ] {
            let expected = text.unicode_words().count() as u32;
            assert_eq!(counts(text.as_bytes()).words, expected, "{text}");
        }
    }

    #[test]
    fn scripts_without_spaces_are_counted_by_character() {
        for (text, spaceless) in [("今日も船は遅れた。", 8), ("เรือสาย", 7), ("Tokyo 東京", 2)]
        {
            let counts = counts(text.as_bytes());
            assert_eq!(counts.spaceless, spaceless, "{text}");
            assert!(counts.words >= spaceless);
        }
    }

    #[test]
    fn sentences_end_in_the_script_s_own_sign() {
        for text in ["Done.", "done!”", "終わった。", "انتهى؟", "ختم ہوا۔", "समाप्त।", "やった！』"]
        {
            assert!(ends_sentence(counts(text.as_bytes()).last), "{text}");
        }
        assert!(!ends_sentence(counts("Read more:".as_bytes()).last));
    }

    #[test]
    fn targets_of_links_are_not_text() {
        let linked = counts(b"See [the map](http://maps.example/a_(b)) now");
        assert_eq!((linked.markdown_links, linked.words), (1, 4));
        let marked = counts(b"See [12]the map and [x] now");
        assert_eq!(marked.link_marks, 1);
    }
}
