//! The tokens of a line: words, their beginnings, the words at its ends, short lines whole, single
//! characters where a script writes words together, and leading signs.

use std::hint::select_unpredictable;

use super::Listener;
use super::chars::{Character, Class};
use super::dense::Counts;
use crate::simd::BLOCK;

/// Words beyond this many contribute no tokens of their own; only the last one does.
const MAX_WORDS: usize = 100;

/// A line of at most this many words is a token as a whole.
const WHOLE_LINE_WORDS: usize = 6;

/// Likewise for a line of a script whose words are not told apart, in characters.
const WHOLE_LINE_CHARS: usize = 14;

/// A word longer than this many characters has its beginning as a token too, for languages
/// that inflect.
const STEM_CHARS: u32 = 5;

/// A word of at least this many letters is likely about something; letters without case count
/// twice.
const BULK: u32 = 5;

/// How many bytes are looked at from any letter of a word on.
pub(super) const AHEAD: usize = 16;

/// The most tokens a line has.
pub(crate) const MAX_TOKENS: usize = 2 * MAX_WORDS + 5;

/// Tells the sorts of tokens apart in their keys.
#[derive(Clone, Copy)]
enum Sort {
    Word,
    First,
    Last,
    Line,
    Stem,
    FirstSign,
    LastSign,
}

/// 2^64 over the golden ratio (Knuth, TAOCP 3, 6.4).
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Both halves of a product, one over the other: every bit of `value` counts in every one.
#[inline(always)]
fn mix(hash: u64, value: u64) -> u64 {
    let product = u128::from(hash ^ value) * u128::from(MULTIPLIER);
    product as u64 ^ (product >> 64) as u64
}

/// What a word is known by: `hash` of all its letters but the last up to eight bytes, which are
/// in `chunk`. It looks random, so sorts of tokens need no more than a mask to differ.
#[inline(always)]
fn id(hash: u64, chunk: u64, digits: u32) -> u32 {
    id_of_hash(mix(hash, chunk), digits)
}

/// The same of the hash of all its letters.
#[inline(always)]
fn id_of_hash(hash: u64, digits: u32) -> u32 {
    mix(hash, u64::from(digits) + 1) as u32
}

/// What a sign, or a character of a script that writes words together, is known by.
#[inline(always)]
pub(super) fn id_of(c: u32) -> u32 {
    // The letters of a word begin in the lowest byte.
    id(0, u64::from(c) << 32, 0)
}

#[inline(always)]
fn key(sort: Sort, id: u32) -> u32 {
    id ^ (sort as u32).wrapping_mul(MULTIPLIER as u32)
}

/// Eight letters, or fewer and what follows them.
#[inline(always)]
fn chunk(bytes: &[u8; BLOCK + AHEAD], at: usize) -> u64 {
    let chunk = bytes[at..].first_chunk().expect("as much lies ahead");
    u64::from_le_bytes(*chunk)
}

/// The hash of all letters of a word of `len` bytes, shorter than a block.
#[inline(always)]
fn hash(len: usize, chunk: impl Fn(usize) -> u64) -> u64 {
    let len = len % BLOCK;
    // How long a word is cannot be guessed, so a second chunk is hashed whatever the length.
    let short = mix(0, chunk(0) & FIRST_BYTES[len + 8]);
    let long = mix(short, chunk(8) & FIRST_BYTES[len]);
    let mut hash = select_unpredictable(len > 8, long, short);
    let mut at = 16;
    while len > at {
        hash = mix(hash, chunk(at) & FIRST_BYTES[(len - at) + 8]);
        at += 8;
    }
    hash
}

/// A word that was found.
#[derive(Clone, Copy, Debug)]
struct Word {
    id: u32,
    /// Its beginning if it is long enough to have one, or itself; of a character, those that end
    /// with it.
    stem: u32,
    /// What it adds to [`Found::lens`].
    lens: u32,
}

/// Room for as many words as count, such that an index needs no check but a mask.
const ROOM: usize = MAX_WORDS.next_power_of_two();

/// Room for the tokens of a line, and for one that is written behind them.
pub const TOKEN_ROOM: usize = 2 * ROOM + 1;

/// How far the words of a line are: what changes with every word, for a loop to keep in registers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    line: u64,
    /// How many [words](WORDS), of these [about something](BULKY), and [tokens](TOKENS) there are,
    /// eight bits each.
    lens: u32,
    /// The last word, also if it is beyond [`MAX_WORDS`].
    last: u32,
}

const TOKENS: u32 = 1;
const BULKY: u32 = 1 << 8;
const WORDS: u32 = 1 << 16;

/// What a word adds at least: itself, also as a token.
const WORD: u32 = WORDS + TOKENS;

const _: () = assert!(MAX_WORDS < 1 << 7);

/// What a word of so many ASCII letters adds to [`Found::lens`].
static LENS: [u32; BLOCK] = {
    let mut table = [WORD; BLOCK];
    let mut len = 0;
    while len < BLOCK {
        table[len] += if len > STEM_CHARS as usize { TOKENS } else { 0 };
        table[len] += if len >= BULK as usize { BULKY } else { 0 };
        len += 1;
    }
    table
};

impl Found {
    #[inline(always)]
    fn tokens(self) -> usize {
        self.lens as usize % (2 * ROOM)
    }

    #[inline(always)]
    fn bulky(self) -> usize {
        (self.lens / BULKY) as usize % ROOM
    }

    /// A sign between words. It keeps lines of signs apart from one another.
    #[inline(always)]
    pub(super) fn symbol(&mut self, c: u32) {
        self.line = mix(self.line, u64::from(c) << 32);
    }
}

/// The words of a line as they are found.
#[derive(Clone, Debug)]
pub(super) struct Words {
    /// Room for the keys of a line: of each word, which is what it is known by, and behind it of its
    /// beginning if it is long enough, and then the others.
    keys: [u32; TOKEN_ROOM],
    /// Words, their beginnings, or characters next to each other, that are likely about something.
    bulky: [u32; ROOM],
    pub(super) found: Found,
    pub(super) current: Partial,
    /// Bit set of words, for the share of distinct ones.
    distinct: [u64; 4],
    /// The last characters of scripts that write words together, 16 bits each.
    window: u64,
}

impl Default for Words {
    fn default() -> Words {
        Words {
            keys: [0; TOKEN_ROOM],
            bulky: [0; ROOM],
            found: Found::default(),
            current: Partial::default(),
            distinct: [0; 4],
            window: 0,
        }
    }
}

/// What a word adds to [`Found::lens`].
#[inline(always)]
fn lens(is_long: bool, is_bulky: bool) -> u32 {
    WORD + u32::from(is_long) * TOKENS + u32::from(is_bulky) * BULKY
}

/// The first bytes of eight: none at up to 8, all from 16 on.
static FIRST_BYTES: [u64; BLOCK + 8] = {
    let mut table = [u64::MAX; BLOCK + 8];
    let mut len = 0;
    while len < 16 {
        table[len] = if len > 8 { u64::MAX >> (8 * (16 - len)) } else { 0 };
        len += 1;
    }
    table
};

/// The word at hand.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Partial {
    hash: u64,
    /// The last letters, as they are in UTF-8, and how many bits that is.
    chunk: u64,
    bits: u32,
    stem: u32,
    letters: u32,
    starts_upper: bool,
    tally: Tally,
}

/// How many characters of each class there are in a word, 16 bits each. A line is too short for
/// more.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally(pub u64);

const _: () = assert!(2 * super::SCORED_BYTES < 1 << 16);

const UPPER: u8 = 16;
const CASELESS: u8 = 32;
const DIGIT: u8 = 48;

/// Where characters of a class count in a [`Tally`].
pub(super) fn tally(class: Class) -> u8 {
    match class {
        Class::Upper => UPPER,
        Class::Caseless => CASELESS,
        Class::Digit => DIGIT,
        _ => 0,
    }
}

impl Tally {
    #[inline(always)]
    pub fn lower(self) -> u32 {
        (self.0 as u16).into()
    }

    #[inline(always)]
    pub fn upper(self) -> u32 {
        ((self.0 >> UPPER) as u16).into()
    }

    #[inline(always)]
    pub fn caseless(self) -> u32 {
        ((self.0 >> CASELESS) as u16).into()
    }

    #[inline(always)]
    pub fn digits(self) -> u32 {
        (self.0 >> DIGIT) as u32
    }
}

impl Partial {
    /// The next letter, in lower case, as its bytes lie in memory, how many bits that is, and where
    /// it [counts](tally).
    #[inline(always)]
    pub fn letter(&mut self, lower: u32, bits: u32, tally: u8) {
        self.starts_upper =
            select_unpredictable(self.letters == 0, tally == UPPER, self.starts_upper);
        self.tally.0 += 1 << tally;
        self.letters += 1;
        let bytes = u64::from(lower);
        let end = self.bits + bits;
        if end <= u64::BITS {
            self.chunk |= bytes << self.bits;
            self.bits = end;
        } else {
            // Some of its bytes, or none, still fit.
            self.hash = mix(self.hash, self.chunk | bytes << 1 << (self.bits - 1));
            self.chunk = bytes >> (u64::BITS - self.bits);
            self.bits = end - u64::BITS;
        }
        if self.letters == STEM_CHARS {
            self.stem = id(self.hash, self.chunk, 0);
        }
    }

    /// A digit: a number is known by how many it has.
    #[inline(always)]
    pub fn digit(&mut self) {
        self.tally.0 += 1 << DIGIT;
    }

    /// Whether there is one.
    #[inline(always)]
    pub fn is_some(&self) -> bool {
        self.tally.0 != 0
    }

    /// Counts its characters.
    pub fn count(&self, counts: &mut Counts) {
        counts.chars += self.letters + self.tally.digits();
        counts.lower += self.tally.lower();
        counts.upper += self.tally.upper();
        counts.caseless += self.tally.caseless();
        counts.digits += self.tally.digits();
    }
}

impl Words {
    #[inline(always)]
    pub(super) fn clear(&mut self) {
        self.found = Found::default();
        self.current = Partial::default();
        self.distinct = [0; 4];
        self.window = 0;
    }

    /// The next letter of the word at hand.
    #[inline(always)]
    pub(super) fn letter(&mut self, letter: Character) {
        self.current.letter(letter.lower, letter.bits.into(), tally(letter.class));
    }

    /// A whole word of ASCII letters, `bytes[start..start + len]`, shorter than a block. It is
    /// counted by the caller.
    #[inline(always)]
    pub(super) fn ascii_letters(
        &mut self,
        found: &mut Found,
        bytes: &[u8; BLOCK + AHEAD],
        start: usize,
        len: usize,
    ) {
        let chunk = |at| chunk(bytes, start % BLOCK + at) | 0x2020_2020_2020_2020;
        let word = Word {
            id: id_of_hash(hash(len, chunk), 0),
            stem: id(0, chunk(0) & FIRST_BYTES[8 + STEM_CHARS as usize], 0),
            lens: LENS[len % BLOCK],
        };
        self.add(found, word);
    }

    /// Likewise of any letters, in lower case but for those in ASCII. `letters` has a bit for each
    /// byte that begins one; so many of them have no case.
    #[inline(always)]
    pub(super) fn letters(
        &mut self,
        found: &mut Found,
        bytes: &[u8; BLOCK + AHEAD],
        start: usize,
        len: usize,
        letters: u64,
        caseless: u32,
    ) {
        let chunk = |at| {
            let chunk = chunk(bytes, start % BLOCK + at);
            chunk | (!chunk & 0x8080_8080_8080_8080) >> 2
        };
        let id = id_of_hash(hash(len, chunk), 0);
        let without_first = |letters: u64| letters & letters.wrapping_sub(1);
        let after = (0..STEM_CHARS).fold(letters, |letters, _| without_first(letters));
        let is_long = after != 0;
        let stem = id_of_hash(hash(after.trailing_zeros() as usize, chunk), 0);
        let word = Word {
            id,
            stem: select_unpredictable(is_long, stem, id),
            lens: lens(is_long, letters.count_ones() + caseless >= BULK),
        };
        self.add(found, word);
    }

    /// A number of so many digits.
    #[inline(always)]
    pub(super) fn number(&mut self, found: &mut Found, digits: u32) {
        let id = id(0, 0, digits);
        self.add(found, Word { id, stem: id, lens: WORD });
    }

    /// A character of a script that writes words together, by its [id](id_of). What it is likely
    /// about is the pair that it ends, or as many as make a word in Southeast Asia. It is counted
    /// by the caller.
    #[inline(always)]
    pub(super) fn character(&mut self, found: &mut Found, id: u32, is_southeast_asian: bool) {
        self.window = self.window << 16 | u64::from(id as u16);
        let pair = self.window & u64::from(u32::MAX);
        let stem = id_of_hash(select_unpredictable(is_southeast_asian, self.window, pair), 0);
        self.add(found, Word { id, stem, lens: lens(false, true) });
    }

    /// The word at hand, if any, is complete. Its characters are counted by the caller.
    #[inline(always)]
    pub(super) fn end_word(&mut self, counts: &mut Counts) {
        if !self.current.is_some() {
            return;
        }
        let word = std::mem::take(&mut self.current);
        let (uppers, digits) = (word.tally.upper(), word.tally.digits());
        counts.words += 1;
        counts.letter_words += u32::from(word.letters > 0);
        counts.capitalised += u32::from(word.starts_upper);
        counts.shouted += u32::from(uppers >= 2 && uppers == word.letters);
        counts.years += u32::from(word.letters == 0 && digits == 4);
        counts.numbers += u32::from(word.letters == 0);
        let id = id(word.hash, word.chunk, digits);
        let is_long = word.letters > STEM_CHARS;
        let word = Word {
            id,
            stem: select_unpredictable(is_long, word.stem, id),
            lens: lens(is_long, word.letters + word.tally.caseless() >= BULK),
        };
        let mut found = self.found;
        self.add(&mut found, word);
        self.found = found;
    }

    #[inline(always)]
    fn add(&mut self, found: &mut Found, word: Word) {
        self.note(found, word.id);
        if found.lens < MAX_WORDS as u32 * WORDS {
            // Words cannot be guessed, so there is no branch on what they are.
            self.keys[found.tokens()] = word.id;
            self.keys[found.tokens() + 1] = key(Sort::Stem, word.stem);
            self.bulky[found.bulky()] = word.stem;
            found.lens += word.lens;
        }
    }

    #[inline(always)]
    fn note(&mut self, found: &mut Found, id: u32) {
        found.line = mix(found.line, u64::from(id));
        found.last = id;
        let bit = (id >> 24) as usize;
        self.distinct[bit / 64] |= 1 << (bit % 64);
    }

    /// Key of the line as a whole.
    pub(super) fn line_key(&self) -> u32 {
        key(Sort::Line, self.found.line as u32)
    }

    /// How many of the words are distinct, out of how many looked at; at most 256 are told
    /// apart.
    #[inline(always)]
    pub(super) fn distinct(&self) -> u32 {
        self.distinct.iter().map(|bits| bits.count_ones()).sum()
    }

    /// Those of the words, their beginnings, or characters next to each other, that are likely about
    /// something.
    #[inline(always)]
    pub(super) fn bulky(&self) -> &[u32] {
        &self.bulky[..self.found.bulky()]
    }

    /// The first and the last word.
    #[inline(always)]
    pub(super) fn edges(&self) -> Option<(u32, u32)> {
        (self.found.lens > 0).then_some((self.keys[0], self.found.last))
    }

    /// Hands the tokens to `listener`.
    #[inline(always)]
    pub(super) fn emit(&mut self, counts: &Counts, listener: &mut impl Listener) {
        const { assert!(Sort::Word as u32 == 0, "words are known by their keys") };
        let mut count = self.found.tokens();
        let edges = self.edges();
        let is_any = edges.is_some();
        let (first, last) = edges.unwrap_or_default();
        let is_sign = |class| class == Some(Class::Symbol);
        let whole = if counts.spaceless > 0 { WHOLE_LINE_CHARS } else { WHOLE_LINE_WORDS };
        // Which of them there are cannot be guessed, so there is no branch on it.
        for (sort, id, is_there) in [
            (Sort::FirstSign, id_of(counts.first.into()), is_sign(counts.first_class)),
            (Sort::LastSign, id_of(counts.very_last.into()), is_sign(counts.last_class)),
            (Sort::First, first, is_any),
            (Sort::Last, last, is_any),
            (Sort::Line, self.found.line as u32, is_any && counts.words as usize <= whole),
        ] {
            self.keys[count % (2 * ROOM)] = key(sort, id);
            count += usize::from(is_there);
        }
        listener.first_tokens(&self.keys, count);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_of_different_tokens_differ() {
        let letters = || b'a'..=b'z';
        let short = letters().flat_map(|a| letters().map(move |b| vec![a, b]));
        let long = short.clone().map(|word| [&b"incomprehensibil"[..], &word].concat());
        let known = |word: Vec<u8>| {
            let (mut bytes, mut found) = ([b'!'; BLOCK + AHEAD], Found::default());
            bytes[..word.len()].copy_from_slice(&word);
            let mut words = Words::default();
            words.ascii_letters(&mut found, &bytes, 0, word.len());
            words.keys[0]
        };
        let mut ids: Vec<u32> = short.chain(long).map(known).collect();
        ids.extend((0x4e00..0xa000).map(id_of));
        ids.extend((1..100).map(|digits| id(0, 0, digits)));
        let sorts = [Sort::Word, Sort::First, Sort::Last, Sort::Line, Sort::Stem];
        let keys: Vec<u32> =
            sorts.iter().flat_map(|&sort| ids.iter().map(move |&id| key(sort, id))).collect();
        let distinct = keys.iter().collect::<HashSet<_>>().len();
        // As many random numbers of 32 bits coincide, give or take a few.
        let expected = (keys.len() * keys.len()) >> 33;
        let same = keys.len() - distinct;
        assert!(same.abs_diff(expected) < 6 + expected / 2, "{same} for {expected}");
    }
}
