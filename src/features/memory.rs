//! What a line repeats of the lines before it. An article keeps coming back to its own words;
//! teasers bring new ones, and what stands around an article repeats its shape.

use std::hint::select_unpredictable;

use super::dense::Line;
use super::table::Table;
use crate::simd::{Instructions, KEYS, Keys};

/// How many words are remembered. An id picks its slot, and the last one to pick a slot has it:
/// bounded, and the same on every machine.
const SLOTS: usize = 8192;

/// Likewise for how lines start and end.
const EDGE_SLOTS: usize = 1024;

/// How many lines back shapes are compared.
const SHAPES: usize = 6;

const _: () = assert!(SHAPES < KEYS);

/// What a line has in common with those before it.
#[derive(Clone, Debug, Default)]
pub(super) struct Repeats {
    /// Words that are not short.
    pub words: u32,
    /// Of these, seen on a line before, and on a long line before.
    pub known: u32,
    pub known_long: u32,
    /// Lines before that start with the same word, that end with it.
    pub starts: u32,
    pub ends: u32,
    /// Which lines just before have the same shape, the last one the lowest bit.
    pub shapes: u32,
}

/// The document's lines so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    /// Tags of words; the lowest bit tells whether a long line had it.
    words: Table<u16, SLOTS>,
    starts: Table<Edge, EDGE_SLOTS>,
    ends: Table<Edge, EDGE_SLOTS>,
    /// Of the last lines, the last one first; more than are needed, for as many are compared at once.
    shapes: Keys,
}

/// How often lines started, or ended, with a word.
#[derive(Clone, Copy, Debug, Default)]
struct Edge {
    tag: u16,
    lines: u16,
}

impl Memory {
    pub(super) fn reset(&mut self) {
        self.words.clear();
        self.starts.clear();
        self.ends.clear();
        self.shapes = Default::default();
    }

    /// What the line repeats, of itself too; from now on it belongs to the lines before.
    #[inline(always)]
    pub(super) fn line(&mut self, with: impl Instructions, line: &Line<'_>) -> Repeats {
        let mut repeats = Repeats::default();
        let shape = line.shape();
        let long = u16::from(line.is_long);
        repeats.words = line.words.bulky().len() as u32;
        for &word in line.words.bulky() {
            let (slot, tag) = (self.words.at(slot(word)), tag(word));
            // Only the lowest bit may differ in a word that is known.
            let differs = *slot ^ tag;
            repeats.known += u32::from(differs <= LONG);
            repeats.known_long += u32::from(differs == LONG);
            *slot = tag | u16::from(differs == LONG) | long;
        }
        if let Some((first, last)) = line.words.edges() {
            repeats.starts = count(&mut self.starts, first);
            repeats.ends = count(&mut self.ends, last);
        }
        repeats.shapes = with.matches(&self.shapes, shape) & ((1 << SHAPES) - 1);
        self.shapes.copy_within(..KEYS - 1, 1);
        self.shapes[0] = shape.to_le_bytes();
        repeats
    }
}

/// Set in a tag of a word that stood on a long line.
const LONG: u16 = 1;

fn slot(id: u32) -> usize {
    (id >> (u32::BITS - SLOTS.ilog2())) as usize
}

/// What tells apart the words of a slot: never 0, and without [`LONG`].
fn tag(id: u32) -> u16 {
    id as u16 & !LONG | 2
}

/// How many lines before had `word` here.
#[inline(always)]
fn count(edges: &mut Table<Edge, EDGE_SLOTS>, word: u32) -> u32 {
    let edge = edges.at(slot(word) % EDGE_SLOTS);
    // Which it is cannot be guessed.
    let before = select_unpredictable(edge.tag == tag(word), edge.lines, 0);
    *edge = Edge { tag: tag(word), lines: before.saturating_add(1) };
    u32::from(before)
}

#[cfg(test)]
mod tests {
    use super::super::{Dense, Extractor, Feature};

    /// The features of the last of some lines.
    fn last(lines: &[&str]) -> Dense {
        let mut extractor = Extractor::new();
        let dense = lines.iter().map(|line| extractor.line(line.as_bytes(), None, &mut |_| {}));
        dense.last().expect("some lines")
    }

    fn value(lines: &[&str], feature: Feature) -> u8 {
        last(lines)[feature as usize]
    }

    const PARAGRAPH: &str =
        "The harbour council agreed on Monday that the ferries would sail through the winter again";

    #[test]
    fn words_come_back_whatever_their_case_and_endings() {
        let again = "Ferries at the HARBOUR";
        assert_eq!(value(&[again], Feature::Known), 0);
        assert_eq!(value(&[PARAGRAPH, again], Feature::Known), 127);
        assert_eq!(value(&[PARAGRAPH, again], Feature::KnownLong), 127);
        assert_eq!(value(&["Ferry harbours", "Harbour"], Feature::KnownLong), 0);
        assert_eq!(value(&[PARAGRAPH, "Recipes with apricots"], Feature::Known), 0);
        assert_eq!(value(&["배가 다시 늦었습니다", "늦었습니다"], Feature::Known), 127);
    }

    #[test]
    fn a_word_stays_known_from_a_long_line_when_a_short_one_repeats_it() {
        assert_eq!(value(&[PARAGRAPH, "Harbour", "Harbour"], Feature::KnownLong), 127);
    }

    #[test]
    fn beginnings_endings_and_shapes_are_counted() {
        let comments = ["Anna wrote on 3 May:", "Yes.", "Anna wrote on 9 June:"];
        assert!(value(&comments, Feature::SameStart) > 0);
        assert_eq!(value(&comments, Feature::SameEnd), 0);
        assert_eq!(value(&comments, Feature::SameShape1), 0);
        assert!(value(&comments, Feature::SameShape2) > 0);
    }
}
