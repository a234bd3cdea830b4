//! The search for many spellings at once.
//!
//! A line is not looked at byte by byte: where a spelling of nine bytes stands, one of every four
//! runs of six bytes is its first, second, third or fourth. So some runs are looked up in a table
//! of those that the spellings have, and only where one is there the spelling is compared.

use super::needs::Spelling;

/// How many bits of a run's hash say whether a spelling has it: 32 kilobytes of flags.
const FLAG_BITS: u32 = 18;

/// How many of those bits tell its place in the table.
const PLACE_BITS: u32 = 12;

/// Spellings, to be found in lines.
#[derive(Debug, Default)]
pub(super) struct Search {
    spellings: Vec<Spelling>,
    /// Those that start or end a line.
    at_start: Table,
    at_end: Table,
    /// The others by their length: from 9 bytes on, 4 to 8, 3, 2.
    long: Runs<6, 4>,
    medium: Runs<4, 1>,
    short: Runs<3, 1>,
    pairs: Runs<2, 1>,
}

impl Search {
    /// A search for `spellings`, which are called by their index.
    pub(super) fn new(spellings: Vec<Spelling>) -> Search {
        let mut search = Search::default();
        for (index, spelling) in spellings.iter().enumerate() {
            let bytes = &spelling.bytes[..];
            let edge = 1 << bytes.len().min(8).ilog2();
            if spelling.is_at_start() {
                search.at_start.add(bytes, index, 0, edge);
            } else if spelling.is_at_end() {
                search.at_end.add(bytes, index, bytes.len() - edge, edge);
            } else {
                match bytes.len() {
                    9.. => search.long.add(bytes, index),
                    4..9 => search.medium.add(bytes, index),
                    3 => search.short.add(bytes, index),
                    _ => search.pairs.add(bytes, index),
                }
            }
        }
        search.at_start.finish();
        search.at_end.finish();
        search.long.0.finish();
        search.medium.0.finish();
        search.short.0.finish();
        search.pairs.0.finish();
        Search { spellings, ..search }
    }

    /// Calls `found` with each spelling that stands in the line, once or more.
    pub(super) fn each(&self, text: &[u8], mut found: impl FnMut(usize)) {
        let mut check = |spelling: usize, at: usize| {
            if self.spellings[spelling].is_at(text, at) {
                found(spelling);
            }
        };
        for bytes in [1, 2, 4, 8].into_iter().take_while(|&bytes| bytes <= text.len()) {
            self.at_start.look_up(text, 0, bytes, &mut check);
            self.at_end.look_up(text, text.len() - bytes, bytes, &mut check);
        }
        self.long.each(text, &mut check);
        self.medium.each(text, &mut check);
        self.short.each(text, &mut check);
        self.pairs.each(text, &mut check);
    }
}

/// Spellings of `BYTES + STRIDE - 1` bytes or more, by runs of `BYTES` bytes. Every `STRIDE` bytes
/// of a line one run is looked up.
#[derive(Debug, Default)]
struct Runs<const BYTES: usize, const STRIDE: usize>(Table);

impl<const BYTES: usize, const STRIDE: usize> Runs<BYTES, STRIDE> {
    /// How many runs of eight bytes are looked up.
    const RUNS: usize = (8 - BYTES) / STRIDE + 1;

    /// Adds a spelling by the runs that are rarest in text.
    fn add(&mut self, bytes: &[u8], spelling: usize) {
        let commonness = |(_, window): &(usize, &[u8])| -> u32 {
            window.iter().map(|&byte| commonness(byte)).sum()
        };
        let windows = bytes.windows(BYTES + STRIDE - 1).enumerate();
        let (start, window) = windows.min_by_key(commonness).expect("it is long enough");
        for at in start..=start + window.len() - BYTES {
            self.0.add(bytes, spelling, at, BYTES);
        }
    }

    fn each(&self, text: &[u8], check: &mut impl FnMut(usize, usize)) {
        let Some(flags) = &self.0.flags else { return };
        let mut at = 0;
        while let Some(bytes) = text.get(at..).and_then(<[u8]>::first_chunk) {
            self.look_up(flags, u64::from_le_bytes(*bytes), text, at, check);
            at += Self::RUNS * STRIDE;
        }
        // Some runs of the last eight bytes have been seen; no run may be missing.
        match text.last_chunk() {
            Some(bytes) => {
                self.look_up(flags, u64::from_le_bytes(*bytes), text, text.len() - 8, check);
            }
            None => self.look_up(flags, number(text), text, 0, check),
        }
    }

    /// Looks the runs of eight bytes up, which stand at `at`.
    #[inline(always)]
    fn look_up(
        &self,
        flags: &Flags,
        bytes: u64,
        text: &[u8],
        at: usize,
        check: &mut impl FnMut(usize, usize),
    ) {
        // What is beyond the run goes out of the product.
        let multiplier = MULTIPLIER << (64 - 8 * BYTES);
        let bytes = bytes | FOLD;
        for index in 0..Self::RUNS {
            let hash = hash_folded(bytes >> (8 * STRIDE * index), multiplier);
            if flags.has(hash) {
                // A run of a short line may be beyond its end.
                self.0.check(hash, text, text.len().min(at + STRIDE * index), check);
            }
        }
    }
}

/// How common a byte is in text, roughly; letters as in English.
fn commonness(byte: u8) -> u32 {
    const LETTERS: &[u8] = b"zqjxkvbywgpfmcudlhrsnioate ";
    let letter = LETTERS.iter().position(|&letter| letter == byte.to_ascii_lowercase());
    // Other signs are as rare as the rarer letters.
    letter.unwrap_or(8) as u32
}

/// Which spellings have which runs of bytes.
#[derive(Debug, Default)]
struct Table {
    entries: Vec<Entry>,
    /// If there are entries.
    flags: Option<Box<Flags>>,
    /// Where the entries of each place begin, and after the last of them where they end.
    places: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u32,
    spelling: u32,
    /// Where in the spelling the run stands.
    at: u32,
    /// Up to eight bytes of the spelling from there on, in either case, and which bits they are:
    /// most spellings that are not there are ruled out without a look at them.
    start: u64,
    mask: u64,
}

impl Table {
    /// Adds a spelling by the run of so many bytes at `at`.
    fn add(&mut self, bytes: &[u8], spelling: usize, at: usize, run: usize) {
        let rest = &bytes[at..];
        let start = &rest[..rest.len().min(8)];
        let mask = u64::MAX >> (64 - 8 * start.len());
        self.entries.push(Entry {
            hash: hash(&rest[..run]),
            spelling: spelling as u32,
            at: at as u32,
            start: (number(start) | FOLD) & mask,
            mask,
        });
    }

    /// To be called once after the last spelling.
    fn finish(&mut self) {
        if self.entries.is_empty() {
            return;
        }
        self.entries.sort_by_key(|entry| entry.hash);
        let mut flags = Box::new(Flags([0; FLAG_WORDS]));
        self.places = vec![0; (1 << PLACE_BITS) + 1];
        for entry in &self.entries {
            flags.0[(entry.hash >> 6) as usize] |= 1 << (entry.hash & 63);
            self.places[place(entry.hash) + 1] += 1;
        }
        for place in 1..self.places.len() {
            self.places[place] += self.places[place - 1];
        }
        self.flags = Some(flags);
    }

    /// Looks the run of so many bytes at `at` up.
    fn look_up(&self, text: &[u8], at: usize, run: usize, check: &mut impl FnMut(usize, usize)) {
        let Some(flags) = &self.flags else { return };
        let hash = hash(&text[at..at + run]);
        if flags.has(hash) {
            self.check(hash, text, at, check);
        }
    }

    /// Calls `check` with the spellings that have a run of this hash and go on as the text does at
    /// `at`, and where they begin.
    #[cold]
    fn check(&self, hash: u32, text: &[u8], at: usize, check: &mut impl FnMut(usize, usize)) {
        let here = match text[at..].first_chunk() {
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => number(&text[at..]),
        };
        let place = place(hash);
        let entries = self.places[place] as usize..self.places[place + 1] as usize;
        for entry in &self.entries[entries] {
            let is_start = (here | FOLD) & entry.mask == entry.start;
            if is_start && let Some(start) = at.checked_sub(entry.at as usize) {
                check(entry.spelling as usize, start);
            }
        }
    }
}

const FLAG_WORDS: usize = 1 << (FLAG_BITS - 6);

/// A bit by the hash of a run.
#[derive(Debug)]
struct Flags([u64; FLAG_WORDS]);

impl Flags {
    #[inline]
    fn has(&self, hash: u32) -> bool {
        self.0[(hash >> 6) as usize] >> (hash & 63) & 1 == 1
    }
}

/// Up to eight bytes as a number.
fn number(run: &[u8]) -> u64 {
    run.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// An odd number near to the golden ratio of 2^64, which spreads whatever it is multiplied with.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Sets the bit in which the cases of letters differ.
const FOLD: u64 = 0x2020_2020_2020_2020;

/// Of up to eight bytes, in either case.
fn hash(run: &[u8]) -> u32 {
    hash_folded(number(run) | FOLD, MULTIPLIER << (64 - 8 * run.len()))
}

#[inline]
fn hash_folded(run: u64, multiplier: u64) -> u32 {
    (run.wrapping_mul(multiplier) >> (64 - FLAG_BITS)) as u32
}

fn place(hash: u32) -> usize {
    (hash >> (FLAG_BITS - PLACE_BITS)) as usize
}
