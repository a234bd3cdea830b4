//! The tokens of a line: words, their beginnings, the words at its ends, short lines whole, single
//! characters where a script writes words together, and leading signs.

use std::hint::select_unpredictable;

use super::Listener;
use super::chars::{Character, Class};
use super::dense::Counts;

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
pub(super) const MAX_TOKENS: usize = 2 * MAX_WORDS + 5;

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
    mix(mix(hash, chunk), u64::from(digits) + 1) as u32
}

/// What a sign, or a character of a script that writes words together, is known by.
#[inline(always)]
fn id_of(c: u32) -> u32 {
    // The letters of a word begin in the lowest byte.
    id(0, u64::from(c) << 32, 0)
}

#[inline(always)]
fn key(sort: Sort, id: u32) -> u32 {
    id ^ (sort as u32).wrapping_mul(MULTIPLIER as u32)
}

/// What two words after each other are known by.
#[inline(always)]
fn pair_id(first: u32, second: u32) -> u32 {
    first.rotate_left(13) ^ second
}

/// A word that was found.
#[derive(Clone, Copy, Debug, Default)]
struct Word {
    id: u32,
    /// What its beginning is known by.
    stem: u32,
    /// Whether it is long enough to have one.
    is_long: bool,
    /// Whether it is long enough to be about something.
    is_bulky: bool,
}

/// Some of the words of a line.
#[derive(Clone, Debug)]
struct Ids {
    ids: [u32; MAX_WORDS],
    len: usize,
}

impl Ids {
    const NONE: Ids = Ids { ids: [0; MAX_WORDS], len: 0 };

    /// Takes another, if `is_one` and there is room. Words cannot be guessed, so there is no branch
    /// on it.
    #[inline(always)]
    fn push(&mut self, id: u32, is_one: bool) {
        if let Some(next) = self.ids.get_mut(self.len) {
            *next = id;
            self.len += usize::from(is_one);
        }
    }

    #[inline(always)]
    fn get(&self) -> &[u32] {
        &self.ids[..self.len]
    }
}

/// The words of a line as they are found.
#[derive(Clone, Debug)]
pub(super) struct Words {
    words: Ids,
    /// Beginnings of words that are long enough.
    stems: Ids,
    /// Words, or their beginnings, that are likely about something.
    bulky: Ids,
    /// The last word, beyond [`MAX_WORDS`] too.
    last: u32,
    pub(super) current: Partial,
    line: u64,
    /// Bit set of words, for the share of distinct ones.
    distinct: [u64; 4],
    /// Room for the keys of a line.
    keys: [u32; MAX_TOKENS],
}

impl Default for Words {
    fn default() -> Words {
        Words {
            words: Ids::NONE,
            stems: Ids::NONE,
            bulky: Ids::NONE,
            last: 0,
            current: Partial::default(),
            line: 0,
            distinct: [0; 4],
            keys: [0; MAX_TOKENS],
        }
    }
}

/// The word at hand.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Partial {
    hash: u64,
    /// The last letters, as they are in UTF-8, and how many bits that is.
    chunk: u64,
    bits: u32,
    stem: u32,
    pub letters: u32,
    digits: u32,
    /// Of the letters, those without case, and the capitals.
    caseless: u32,
    uppers: u32,
    starts_upper: bool,
}

impl Partial {
    /// The next letter, in lower case, as its bytes lie in memory, and how many bits that is; it is
    /// still to be [counted](Partial::count).
    #[inline(always)]
    pub fn letter(&mut self, lower: u32, bits: u32) {
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

    /// Counts the last letters, how many of them are capitals and how many have no case; the first
    /// of them is this.
    #[inline(always)]
    pub fn count(&mut self, letters: u32, uppers: u32, caseless: u32, first: Class) {
        self.starts_upper |= self.letters == letters && first == Class::Upper;
        self.uppers += uppers;
        self.caseless += caseless;
    }

    /// A digit: a number is known by how many it has.
    #[inline(always)]
    pub fn digit(&mut self) {
        self.digits += 1;
    }
}

impl Words {
    #[inline(always)]
    pub(super) fn clear(&mut self) {
        self.words.len = 0;
        self.stems.len = 0;
        self.bulky.len = 0;
        self.current = Partial::default();
        self.line = 0;
        self.distinct = [0; 4];
    }

    #[inline(always)]
    pub(super) fn in_word(&self) -> bool {
        self.current.letters + self.current.digits > 0
    }

    /// The next letter of the word at hand.
    #[inline(always)]
    pub(super) fn letter(&mut self, letter: Character) {
        let is = |class| u32::from(letter.class == class);
        self.current.letter(letter.lower, letter.bits.into());
        self.current.count(1, is(Class::Upper), is(Class::Caseless), letter.class);
    }

    /// A whole word of `len` ASCII letters that begins at `start`; as many bytes as [`AHEAD`] must
    /// follow its last letter, of which none matters. It is counted by the caller.
    #[inline(always)]
    pub(super) fn letters(&mut self, bytes: &[u8], start: usize, len: usize) {
        let chunk = |at: usize| {
            let chunk = bytes[start + at..].first_chunk().expect("as much lies ahead");
            u64::from_le_bytes(*chunk) | 0x2020_2020_2020_2020
        };
        // 1 to 8 letters of a chunk.
        let first = |chunk: u64, letters: usize| chunk & u64::MAX >> (64 - 8 * letters);
        // How long a word is cannot be guessed, so a second chunk is hashed whatever the length.
        let head = chunk(0);
        let short = id(0, first(head, len.min(8)), 0);
        let mut hash = mix(0, head);
        let mut at = 8;
        while len > at + 8 {
            hash = mix(hash, chunk(at));
            at += 8;
        }
        let long = id(hash, first(chunk(at), len.saturating_sub(at).max(1)), 0);
        self.found(Word {
            id: select_unpredictable(len > 8, long, short),
            stem: id(0, first(head, STEM_CHARS as usize), 0),
            is_long: len > STEM_CHARS as usize,
            is_bulky: len >= BULK as usize,
        });
    }

    /// A number of so many digits.
    #[inline(always)]
    pub(super) fn number(&mut self, digits: u32) {
        self.found(Word { id: id(0, 0, digits), ..Word::default() });
    }

    /// A sign between words. It keeps lines of signs apart from one another.
    #[inline(always)]
    pub(super) fn symbol(&mut self, c: u32) {
        self.line = mix(self.line, u64::from(c) << 32);
    }

    /// A character of a script that writes words together.
    #[inline(always)]
    pub(super) fn character(&mut self, c: u32, counts: &mut Counts) {
        counts.words += 1;
        self.found(Word { id: id_of(c), ..Word::default() });
    }

    /// The word at hand, if any, is complete.
    pub(super) fn end_word(&mut self, counts: &mut Counts) {
        if !self.in_word() {
            return;
        }
        let word = std::mem::take(&mut self.current);
        counts.words += 1;
        counts.letter_words += u32::from(word.letters > 0);
        counts.capitalised += u32::from(word.starts_upper);
        counts.shouted += u32::from(word.uppers >= 2 && word.uppers == word.letters);
        counts.years += u32::from(word.letters == 0 && word.digits == 4);
        counts.numbers += u32::from(word.letters == 0);
        self.found(Word {
            id: id(word.hash, word.chunk, word.digits),
            stem: word.stem,
            is_long: word.letters > STEM_CHARS,
            is_bulky: word.letters + word.caseless >= BULK,
        });
    }

    #[inline(always)]
    fn found(&mut self, word: Word) {
        self.line = mix(self.line, u64::from(word.id));
        let bit = (word.id >> 24) as usize;
        self.distinct[bit / 64] |= 1 << (bit % 64);
        let has_room = self.words.len < MAX_WORDS;
        self.stems.push(word.stem, word.is_long && has_room);
        let about = select_unpredictable(word.is_long, word.stem, word.id);
        self.bulky.push(about, word.is_bulky && has_room);
        self.words.push(word.id, true);
        self.last = word.id;
    }

    /// Key of the line as a whole.
    pub(super) fn line_key(&self) -> u32 {
        key(Sort::Line, self.line as u32)
    }

    /// How many of the words are distinct, out of how many looked at; at most 256 are told
    /// apart.
    pub(super) fn distinct(&self) -> u32 {
        self.distinct.iter().map(|bits| bits.count_ones()).sum()
    }

    /// Those words, or their beginnings, that are likely about something.
    #[inline(always)]
    pub(super) fn bulky(&self) -> &[u32] {
        self.bulky.get()
    }

    /// The pairs of words.
    #[inline(always)]
    pub(super) fn pairs(&self) -> impl ExactSizeIterator<Item = u32> {
        self.words.get().windows(2).map(|pair| pair_id(pair[0], pair[1]))
    }

    /// The first and the last word.
    #[inline(always)]
    pub(super) fn edges(&self) -> Option<(u32, u32)> {
        let [first, ..] = self.words.get() else { return None };
        Some((*first, self.last))
    }

    /// Hands the tokens to `listener`.
    #[inline(always)]
    pub(super) fn emit(&mut self, counts: &Counts, listener: &mut impl Listener) {
        let mut count = 0;
        for &id in self.words.get() {
            self.keys[count] = key(Sort::Word, id);
            count += 1;
        }
        for &id in self.stems.get() {
            self.keys[count] = key(Sort::Stem, id);
            count += 1;
        }
        let mut put = |sort: Sort, id: u32| {
            self.keys[count] = key(sort, id);
            count += 1;
        };
        if counts.first_class == Some(Class::Symbol) {
            put(Sort::FirstSign, id_of(counts.first.into()));
        }
        if counts.last_class == Some(Class::Symbol) {
            put(Sort::LastSign, id_of(counts.very_last.into()));
        }
        if let [first, ..] = self.words.get() {
            put(Sort::First, *first);
            put(Sort::Last, self.last);
            let whole = if counts.spaceless > 0 { WHOLE_LINE_CHARS } else { WHOLE_LINE_WORDS };
            if counts.words as usize <= whole {
                put(Sort::Line, self.line as u32);
            }
        }
        listener.tokens(&self.keys[..count]);
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
            let (len, mut words) = (word.len(), Words::default());
            words.letters(&[&word[..], &[b'!'; AHEAD]].concat(), 0, len);
            words.last
        };
        let mut ids: Vec<u32> = short.chain(long).map(known).collect();
        ids.extend((0x4e00..0xa000).map(id_of));
        ids.extend((1..100).map(|digits| id(0, 0, digits)));
        let sorts = [Sort::Word, Sort::First, Sort::Last, Sort::Line, Sort::Stem];
        let mut keys: Vec<u32> =
            sorts.iter().flat_map(|&sort| ids.iter().map(move |&id| key(sort, id))).collect();
        let some = &ids[..300];
        keys.extend(some.iter().flat_map(|&a| some.iter().map(move |&b| pair_id(a, b))));
        let distinct = keys.iter().collect::<HashSet<_>>().len();
        // As many random numbers of 32 bits coincide, give or take a few.
        let expected = (keys.len() * keys.len()) >> 33;
        let same = keys.len() - distinct;
        assert!(same.abs_diff(expected) < 6 + expected / 2, "{same} for {expected}");
    }
}
