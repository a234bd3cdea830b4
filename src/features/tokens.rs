//! The tokens of a line: words, pairs of words, the words at its ends, short lines whole,
//! single characters and pairs where a script writes words together, and leading signs.

use super::Listener;
use super::chars::Class;
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

/// The most tokens a line has.
#[cfg(test)]
pub(super) const MAX_TOKENS: usize = 3 * MAX_WORDS + 5;

/// Tells the sorts of tokens apart in their keys.
#[derive(Clone, Copy)]
#[repr(u64)]
enum Sort {
    Word = 1,
    Pair = 2,
    First = 3,
    Last = 4,
    Line = 5,
    Stem = 6,
    FirstSign = 7,
    LastSign = 8,
}

/// Multiplier of the hash: 2^64 over the golden ratio (Knuth, TAOCP 3, 6.4).
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(hash: u64, value: u64) -> u64 {
    let product = (hash ^ value).wrapping_mul(MULTIPLIER);
    product ^ (product >> 29)
}

fn key(sort: Sort, value: u64) -> u32 {
    (mix(value, sort as u64).wrapping_mul(MULTIPLIER) >> 32) as u32
}

/// A word that was found.
#[derive(Clone, Copy, Debug)]
struct Word {
    hash: u64,
    /// Hash of its beginning, where it is long enough to have one.
    stem: Option<u64>,
}

/// The words of a line as they are found.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    words: Vec<Word>,
    last: Option<Word>,
    current: Partial,
    line: u64,
    /// Bit set of word hashes, for the share of distinct words.
    distinct: [u64; 4],
}

/// The word at hand.
#[derive(Clone, Copy, Debug, Default)]
struct Partial {
    hash: u64,
    stem: u64,
    letters: u32,
    digits: u32,
    uppers: u32,
    starts_upper: bool,
}

impl Partial {
    fn chars(&self) -> u32 {
        self.letters + self.digits
    }
}

impl Words {
    pub(super) fn clear(&mut self) {
        self.words.clear();
        self.last = None;
        self.current = Partial::default();
        self.line = 0;
        self.distinct = [0; 4];
    }

    pub(super) fn in_word(&self) -> bool {
        self.current.chars() > 0
    }

    /// The next letter of a word, in lower case; `class` as it was written.
    pub(super) fn letter(&mut self, c: char, class: Class) {
        let word = &mut self.current;
        if class == Class::Upper {
            word.uppers += 1;
            word.starts_upper |= word.letters == 0;
        }
        word.letters += 1;
        word.hash = mix(word.hash, c as u64);
        if word.chars() == STEM_CHARS {
            word.stem = word.hash;
        }
    }

    /// A digit: a number is known by how many it has.
    pub(super) fn digit(&mut self) {
        self.current.digits += 1;
    }

    /// A sign between words. It keeps lines of signs apart from one another.
    pub(super) fn symbol(&mut self, c: char) {
        self.line = mix(self.line, u64::from(c as u32) << 32);
    }

    /// A character of a script that writes words together.
    pub(super) fn character(&mut self, c: char, counts: &mut Counts) {
        counts.words += 1;
        self.found(Word { hash: mix(1, c as u64), stem: None });
    }

    /// The word at hand, if any, is complete.
    pub(super) fn end_word(&mut self, counts: &mut Counts) {
        let word = std::mem::take(&mut self.current);
        if word.chars() == 0 {
            return;
        }
        counts.words += 1;
        counts.letter_words += u32::from(word.letters > 0);
        counts.capitalised += u32::from(word.starts_upper);
        counts.shouted += u32::from(word.uppers >= 2 && word.uppers == word.letters);
        counts.years += u32::from(word.letters == 0 && word.digits == 4);
        counts.numbers += u32::from(word.letters == 0);
        let long = word.letters > STEM_CHARS;
        self.found(Word {
            hash: mix(word.hash, u64::from(word.digits) + 1),
            stem: long.then_some(word.stem),
        });
    }

    fn found(&mut self, word: Word) {
        self.line = mix(self.line, word.hash);
        let bit = (word.hash >> 56) as usize;
        self.distinct[bit / 64] |= 1 << (bit % 64);
        if self.words.len() < MAX_WORDS {
            self.words.push(word);
        }
        self.last = Some(word);
    }

    /// Key of the line as a whole.
    pub(super) fn line_key(&self) -> u32 {
        key(Sort::Line, self.line)
    }

    /// How many of the words are distinct, out of how many looked at; at most 256 are told
    /// apart.
    pub(super) fn distinct(&self) -> u32 {
        self.distinct.iter().map(|bits| bits.count_ones()).sum()
    }

    /// Hands the tokens to `listener`.
    pub(super) fn emit(&self, counts: &Counts, listener: &mut impl Listener) {
        if counts.first_class == Some(Class::Symbol) {
            listener.token(key(Sort::FirstSign, counts.first as u64));
        }
        if counts.last_class == Some(Class::Symbol) {
            listener.token(key(Sort::LastSign, counts.very_last as u64));
        }
        let (Some(first), Some(last)) = (self.words.first(), self.last) else { return };
        listener.token(key(Sort::First, first.hash));
        listener.token(key(Sort::Last, last.hash));
        let whole = if counts.spaceless > 0 { WHOLE_LINE_CHARS } else { WHOLE_LINE_WORDS };
        if counts.words as usize <= whole {
            listener.token(self.line_key());
        }
        let mut previous = None;
        for word in &self.words {
            listener.token(key(Sort::Word, word.hash));
            if let Some(stem) = word.stem {
                listener.token(key(Sort::Stem, stem));
            }
            if let Some(previous) = previous {
                listener.token(key(Sort::Pair, mix(previous, word.hash)));
            }
            previous = Some(word.hash);
        }
    }
}
