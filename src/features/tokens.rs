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

/// A word of at least this many letters is likely about something; letters without case count
/// twice.
const BULK: u32 = 5;

/// Letters of a word that are hashed at once, half of them at least; most words have no more than
/// half.
pub(super) const HEAD: usize = 16;

/// The most tokens a line has.
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

#[inline(always)]
fn mix(hash: u64, value: u64) -> u64 {
    let product = (hash ^ value).wrapping_mul(MULTIPLIER);
    product ^ (product >> 29)
}

/// Lets every bit count at both ends of the hash.
#[inline(always)]
fn spread(hash: u64) -> u64 {
    mix(hash, 0)
}

#[inline(always)]
fn key(sort: Sort, value: u64) -> u32 {
    (mix(value, sort as u64).wrapping_mul(MULTIPLIER) >> 32) as u32
}

/// A word that was found.
#[derive(Clone, Copy, Debug, Default)]
struct Word {
    hash: u64,
    /// Hash of its beginning.
    stem: u64,
    /// Whether it is long enough to have one.
    is_long: bool,
    /// Whether it is long enough to be about something.
    is_bulky: bool,
}

/// The words of a line as they are found.
#[derive(Clone, Debug)]
pub(super) struct Words {
    words: [Word; MAX_WORDS],
    len: usize,
    /// Hash of the last word, beyond [`MAX_WORDS`] too.
    last: u64,
    current: Partial,
    line: u64,
    /// Bit set of word hashes, for the share of distinct words.
    distinct: [u64; 4],
    /// Room for the keys of a line.
    keys: [u32; MAX_TOKENS],
}

impl Default for Words {
    fn default() -> Words {
        Words {
            words: [Word::default(); MAX_WORDS],
            len: 0,
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
struct Partial {
    hash: u64,
    stem: u64,
    letters: u32,
    digits: u32,
    bulk: u32,
    uppers: u32,
    starts_upper: bool,
}

impl Partial {
    fn chars(&self) -> u32 {
        self.letters + self.digits
    }
}

impl Words {
    #[inline(always)]
    pub(super) fn clear(&mut self) {
        self.len = 0;
        self.current = Partial::default();
        self.line = 0;
        self.distinct = [0; 4];
    }

    #[inline(always)]
    pub(super) fn in_word(&self) -> bool {
        self.current.chars() > 0
    }

    /// The next letter of a word, in lower case; `class` as it was written.
    #[inline(always)]
    pub(super) fn letter(&mut self, c: u32, class: Class) {
        let word = &mut self.current;
        if class == Class::Upper {
            word.uppers += 1;
            word.starts_upper |= word.letters == 0;
        }
        word.letters += 1;
        word.bulk += if class == Class::Caseless { 2 } else { 1 };
        word.hash = mix(word.hash, u64::from(c));
        if word.chars() == STEM_CHARS {
            word.stem = word.hash;
        }
    }

    /// A digit: a number is known by how many it has.
    #[inline(always)]
    pub(super) fn digit(&mut self) {
        self.current.digits += 1;
    }

    /// A whole word of `len` ASCII letters: those in `head`, where what follows the word does not
    /// matter, and those behind it. They are counted by the caller.
    #[inline(always)]
    pub(super) fn letters(&mut self, head: &[u8; HEAD], len: usize, tail: &[u8]) {
        let lower = |byte: u8| u64::from(byte | 0x20);
        // How long a word is cannot be guessed, so a whole half of `head` is hashed whatever the
        // length.
        let (mut hash, mut hashes) = (0, [0; HEAD]);
        let mut half = |half: usize| {
            for index in half * HEAD / 2..(half + 1) * HEAD / 2 {
                hash = mix(hash, lower(head[index]));
                hashes[index] = hash;
            }
        };
        half(0);
        if len > HEAD / 2 {
            half(1);
        }
        let stem = hashes[STEM_CHARS as usize - 1];
        let mut hash = hashes[len.clamp(1, HEAD) - 1];
        for &byte in tail {
            hash = mix(hash, lower(byte));
        }
        self.found(Word {
            hash: mix(hash, 1),
            stem,
            is_long: len > STEM_CHARS as usize,
            is_bulky: len >= BULK as usize,
        });
    }

    /// A number of so many digits.
    #[inline(always)]
    pub(super) fn number(&mut self, digits: u32) {
        self.found(Word { hash: mix(0, u64::from(digits) + 1), ..Word::default() });
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
        self.found(Word { hash: mix(1, u64::from(c)), ..Word::default() });
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
        self.found(Word {
            hash: mix(word.hash, u64::from(word.digits) + 1),
            stem: word.stem,
            is_long: word.letters > STEM_CHARS,
            is_bulky: word.bulk >= BULK,
        });
    }

    #[inline(always)]
    fn found(&mut self, word: Word) {
        self.line = mix(self.line, word.hash);
        let bit = (word.hash >> 56) as usize;
        self.distinct[bit / 64] |= 1 << (bit % 64);
        if let Some(next) = self.words.get_mut(self.len) {
            *next = word;
            self.len += 1;
        }
        self.last = word.hash;
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

    /// Hashes of the words, or their stems, that are likely about something.
    #[inline(always)]
    pub(super) fn bulky(&self) -> impl Iterator<Item = u64> {
        let bulky = self.words[..self.len].iter().filter(|word| word.is_bulky);
        bulky.map(|word| spread(if word.is_long { word.stem } else { word.hash }))
    }

    /// Hashes of the pairs of words.
    #[inline(always)]
    pub(super) fn pairs(&self) -> impl Iterator<Item = u64> {
        let pairs = self.words[..self.len].array_windows();
        pairs.map(|[a, b]| spread(mix(a.hash, b.hash)))
    }

    /// Hashes of the first and last word.
    pub(super) fn edges(&self) -> Option<(u64, u64)> {
        let [first, ..] = &self.words[..self.len] else { return None };
        Some((spread(first.hash), spread(self.last)))
    }

    /// Hands the tokens to `listener`.
    #[inline(always)]
    pub(super) fn emit(&mut self, counts: &Counts, listener: &mut impl Listener) {
        let mut count = 0;
        let mut put = |key: u32, is_there: bool| {
            self.keys[count] = key;
            count += usize::from(is_there);
        };
        if counts.first_class == Some(Class::Symbol) {
            put(key(Sort::FirstSign, counts.first as u64), true);
        }
        if counts.last_class == Some(Class::Symbol) {
            put(key(Sort::LastSign, counts.very_last as u64), true);
        }
        if let [first, rest @ ..] = &self.words[..self.len] {
            put(key(Sort::First, first.hash), true);
            put(key(Sort::Last, self.last), true);
            let whole = if counts.spaceless > 0 { WHOLE_LINE_CHARS } else { WHOLE_LINE_WORDS };
            if counts.words as usize <= whole {
                put(key(Sort::Line, self.line), true);
            }
            put(key(Sort::Word, first.hash), true);
            put(key(Sort::Stem, first.stem), first.is_long);
            let mut previous = first.hash;
            for word in rest {
                put(key(Sort::Word, word.hash), true);
                put(key(Sort::Stem, word.stem), word.is_long);
                put(key(Sort::Pair, mix(previous, word.hash)), true);
                previous = word.hash;
            }
        }
        listener.tokens(&self.keys[..count]);
    }
}
