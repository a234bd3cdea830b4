//! What the model sees of a line: [`DENSE`] small integers and a bag of hashed tokens.
//!
//! This is the one extractor: prediction and training go through [`Extractor::line`] and differ
//! only in the [`Listener`] that takes the tokens. It sees lines in document order and keeps
//! what earlier lines of the document contribute (how much there was, which lines were seen). It
//! knows no weights, and of labels only what the user's rules say of a line.

mod chars;
mod dense;
mod memory;
mod scan;
mod table;
mod tokens;
#[cfg(test)]
mod twin;

pub(crate) use dense::words;
pub use dense::{DENSE, Dense, Feature};
#[cfg(feature = "train")]
pub(crate) use dense::{take_blanks_away, take_case_away, tell};
pub(crate) use tokens::MAX_TOKENS;
pub use tokens::TOKEN_ROOM;

use dense::Page;
use table::Table;

use crate::label::Label;
use crate::simd::{self, Instructions, Level, Work};

/// Version of the features' meaning. A model file trained on another version is refused.
pub const SCHEMA: u32 = 10;

/// How many lines above a line it may still show something of, blank ones not counted: the features of
/// a line are complete when so many more have been seen.
pub const REACH: usize = 8;

/// How much of each end of an over-long line is looked at.
pub const SCORED_BYTES: usize = 16 << 10;

/// How many hashes of earlier lines are remembered. A line's hash picks its slot, and the last
/// line to pick a slot has it: bounded, and the same on every machine.
const SEEN_SLOTS: usize = 4096;

/// Takes the tokens of a line.
pub trait Listener {
    /// Takes the key of a token. Keys are hashes: equal tokens have equal keys.
    fn token(&mut self, key: u32);

    /// Takes the keys of several.
    fn tokens(&mut self, keys: &[u32]) {
        keys.iter().for_each(|&key| self.token(key));
    }

    /// Takes the first `count` of `keys`; the room behind them is there to be read if that is faster.
    fn first_tokens(&mut self, keys: &[u32; TOKEN_ROOM], count: usize) {
        self.tokens(&keys[..count]);
    }
}

impl<F: FnMut(u32)> Listener for F {
    fn token(&mut self, key: u32) {
        self(key);
    }
}

/// Turns the lines of a document, one after the other, into features.
#[derive(Clone, Debug)]
pub struct Extractor {
    level: Level,
    document: dense::DocumentSoFar,
    seen: Table<u32, SEEN_SLOTS>,
    memory: memory::Memory,
    words: tokens::Words,
    room: dense::Room,
    /// Whether the last line goes on from the one before it.
    goes_on: bool,
}

impl Default for Extractor {
    fn default() -> Extractor {
        Extractor::new()
    }
}

impl Extractor {
    /// An extractor at the start of a document.
    pub fn new() -> Extractor {
        Extractor {
            level: Level::best(),
            document: dense::DocumentSoFar::default(),
            seen: Table::default(),
            memory: memory::Memory::default(),
            words: tokens::Words::default(),
            room: dense::Room::default(),
            goes_on: false,
        }
    }

    /// Goes back to the start of a document.
    pub fn reset(&mut self) {
        self.document = dense::DocumentSoFar::default();
        self.seen.clear();
        self.memory.reset();
    }

    /// Takes note of blank lines.
    pub fn blank_lines(&mut self, count: usize) {
        self.document.blank_lines(count);
    }

    /// The features of the next non-blank line, `text` without its line ending: the dense ones
    /// are returned, but for what lines below will show of it, the tokens handed to `listener`. `told`
    /// is what the user's rules say of it.
    pub fn line(
        &mut self,
        text: &[u8],
        told: Option<Label>,
        listener: &mut impl Listener,
    ) -> Dense {
        let mut dense = [0; DENSE];
        self.line_into(text, told, listener, &mut dense);
        dense
    }

    /// The same, with the dense ones put where they are to be.
    pub(crate) fn line_into(
        &mut self,
        text: &[u8],
        told: Option<Label>,
        listener: &mut impl Listener,
        dense: &mut Dense,
    ) {
        simd::run(self.level, Extract { extractor: self, text, told, listener, dense });
    }

    /// Whether the last line and the one before it are of one paragraph that was wrapped. Not told where a rule
    /// of the user's decides one of them.
    pub fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// Puts what the last line shows of lines before it into the features of these, as far as they are
    /// among `before`: lines, blank ones left out, up to the one before the last.
    pub fn show<L>(&self, before: &mut [L], dense: impl Fn(&mut L) -> &mut Dense) {
        self.memory.later().iter().for_each(|later| later.show(before, &dense));
    }
}

/// See [`Extractor::line`].
struct Extract<'e, L> {
    extractor: &'e mut Extractor,
    text: &'e [u8],
    told: Option<Label>,
    listener: &'e mut L,
    dense: &'e mut Dense,
}

impl<L: Listener> Work for Extract<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self, with: impl Instructions) {
        let Extract { extractor, text, told, listener, dense } = self;
        let Extractor { document, seen, memory, words, room, goes_on, .. } = extractor;
        let parts = if text.len() <= 2 * SCORED_BYTES {
            [text, &[]]
        } else {
            [&text[..SCORED_BYTES], &text[text.len() - SCORED_BYTES..]]
        };
        words.clear();
        // Where they are they stay: a move would take as long as some words.
        let mut counts = dense::Counts::default();
        scan::scan(with, parts, words, &mut counts);
        let key = words.line_key();
        let is_seen = std::mem::replace(seen.at(key as usize % SEEN_SLOTS), key) == key;
        words.emit(&counts, listener);
        let line = dense::Line::new(&counts, words);
        let repeats = memory.line(with, &line, document.goes_on());
        let page = Page { document, repeats: &repeats, is_seen, told };
        dense::features(with, &line, &page, room, dense);
        *goes_on = document.is_continued_by(&line, text, told);
        document.line(&line, told);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(lines: &[&[u8]]) -> Vec<(Dense, Vec<u32>)> {
        let mut extractor = Extractor::new();
        let mut all = Vec::new();
        for line in lines {
            let mut keys = Vec::new();
            let dense = extractor.line(line, None, &mut |key| keys.push(key));
            all.push((dense, keys));
        }
        all
    }

    #[test]
    fn case_does_not_change_words_but_shows_in_dense_features() {
        let upper = &features(&[b"SHARE THIS PAGE"])[0];
        let lower = &features(&[b"share this page"])[0];
        assert_eq!(upper.1, lower.1);
        assert_ne!(upper.0, lower.0);
    }

    #[test]
    fn a_repeated_line_is_noticed_until_reset() {
        let all = features(&[b"Log in", b"Something else", b"Log in"]);
        assert_ne!(all[0].0, all[2].0);
        assert_eq!(all[0].1, all[2].1);
        let mut extractor = Extractor::new();
        let first = extractor.line(b"Log in", None, &mut |_| {});
        extractor.reset();
        assert_eq!(extractor.line(b"Log in", None, &mut |_| {}), first);
    }

    #[test]
    fn a_line_goes_on_from_one_that_was_wrapped() {
        const WIDE: &str = "Ferries will sail through the winter again, the council agreed, and";
        let last = |lines: &[&str], told: Option<Label>| {
            let mut extractor = Extractor::new();
            for &line in lines {
                match line {
                    "" => extractor.blank_lines(1),
                    line => drop(extractor.line(line.as_bytes(), told, &mut |_| {})),
                }
            }
            extractor.goes_on()
        };
        for (lines, goes_on, why) in [
            (&[WIDE, "cars pay as in summer."][..], true, "in lower case"),
            (&[WIDE, "Cars pay as in summer."], true, "most lines are wrapped"),
            (&[&["Home"; 6][..], &[WIDE, "Cars pay"]].concat(), false, "a title below"),
            (&[&["Home"; 6][..], &[WIDE, "cars pay"]].concat(), true, "in lower case"),
            (&[WIDE, "", "cars pay as in summer."], false, "behind a blank line"),
            (&["Ferries will sail again and", "cars pay"], false, "there was room"),
            (
                &[&format!("{WIDE} more"), "", WIDE, "car"],
                false,
                "there was room for its first word",
            ),
            (&[WIDE, &format!("{} more", WIDE.to_lowercase().repeat(2))], false, "too wide"),
        ] {
            assert_eq!(last(lines, None), goes_on, "{why}");
            assert!(!last(lines, Some(Label::Chrome)), "a rule tells: {why}");
        }
        let mut extractor = Extractor::new();
        extractor.line(WIDE.as_bytes(), None, &mut |_| {});
        extractor.reset();
        extractor.line(b"cars pay as in summer.", None, &mut |_| {});
        assert!(!extractor.goes_on());
    }

    #[test]
    fn any_bytes_have_features_within_seven_bits() {
        let long = "word ".repeat(100_000);
        let lines: Vec<&[u8]> =
            vec![b"\xff\xfe\0", "ภาษาไทย".as_bytes(), "漢字。".as_bytes(), long.as_bytes(), b"\r"];
        for (dense, keys) in features(&lines) {
            assert!(dense.iter().all(|&value| value <= 127));
            assert!(keys.len() <= tokens::MAX_TOKENS);
        }
    }
}
