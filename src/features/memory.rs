//! What a line repeats of the lines before it, and how much of a heading the text below it takes up. An
//! article keeps coming back to its own words; teasers bring new ones, and what stands around an article
//! repeats its shape.

use std::hint::select_unpredictable;

use super::REACH;
use super::dense::{Later, Line};
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
    /// Words of the last head, and of these, such as were new there.
    pub echoes: u32,
    pub new_echoes: u32,
    /// Words that were new in one of the heads before that.
    pub far_echoes: u32,
    /// Whether half of what was new in one of them is there, or more, and two words at least.
    pub takes_up: bool,
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
    heads: Heads,
    /// How many lines there were, however many.
    lines: u64,
    /// What the last one showed of lines before it.
    later: Vec<Later>,
}

/// The first words of the last heads, lines that could be headings, that had any. A paragraph takes up
/// those of the heading above it, with or without a picture in between; what follows a teaser is about
/// something else.
#[derive(Clone, Debug)]
struct Heads {
    words: [u32; HEADS * HEAD_WORDS],
    /// Which of them no line before had.
    new: u64,
    /// Which of them a line below had that is text.
    taken: u64,
    /// Where the last head is.
    last: usize,
    /// How many lines were before each, and how many of its words are here.
    before: [u64; HEADS],
    lens: [u32; HEADS],
    /// Which of them a word would be, by a few of its bits. Whether it is, they tell, so nothing
    /// old need be taken out.
    places: [u8; PLACES],
}

/// How many heads, and how many words of each. There is a bit for each word.
const HEADS: usize = 4;
const HEAD_WORDS: usize = 16;
const _: () = assert!(HEADS * HEAD_WORDS == u64::BITS as usize);

/// The bits of a head.
const HEAD: u64 = (1 << HEAD_WORDS) - 1;

const PLACES: usize = 256;

impl Default for Heads {
    fn default() -> Heads {
        Heads {
            words: [0; HEADS * HEAD_WORDS],
            new: 0,
            taken: 0,
            last: 0,
            before: [0; HEADS],
            lens: [0; HEADS],
            places: [0; PLACES],
        }
    }
}

/// How many of `bits` are of a head.
#[inline(always)]
fn count_of(bits: u64, head: usize) -> u32 {
    (bits >> (head * HEAD_WORDS) & HEAD).count_ones()
}

impl Heads {
    fn reset(&mut self) {
        self.words = [0; HEADS * HEAD_WORDS];
        (self.new, self.taken, self.last) = (0, 0, 0);
        self.before = [0; HEADS];
    }

    /// The bit of a word if it is one of them, else none.
    #[inline(always)]
    fn bit(&self, word: u32) -> u64 {
        let at = self.places[word as usize % PLACES] as usize % self.words.len();
        u64::from(self.words[at] == word) << at
    }

    /// What a line repeats that has words of these bits.
    #[inline(always)]
    fn count(&self, echoes: u64, repeats: &mut Repeats) {
        if echoes == 0 {
            return;
        }
        let last = HEAD << (self.last * HEAD_WORDS);
        let new = echoes & self.new;
        repeats.echoes = (echoes & last).count_ones();
        repeats.new_echoes = (new & last).count_ones();
        repeats.far_echoes = (new & !last).count_ones();
        // Which it is cannot be guessed, so there is no branch on it.
        repeats.takes_up = (0..HEADS).fold(false, |takes_up, head| {
            takes_up | (count_of(new, head) >= count_of(self.new, head).div_ceil(2).max(2))
        });
    }

    /// Tells `later` which heads are taken up by a line of text, after so many lines, that has words of
    /// these bits.
    #[inline(always)]
    fn take_up(&mut self, echoes: u64, lines: u64, later: &mut Vec<Later>) {
        let more = echoes & !self.taken;
        if more == 0 {
            return;
        }
        self.taken |= more;
        for head in 0..HEADS {
            let above = lines - self.before[head];
            if above <= REACH as u64 && count_of(more, head) > 0 {
                let (taken, new) =
                    (count_of(self.taken, head), count_of(self.taken & self.new, head));
                later.push(Later::new(above as usize, self.lens[head], taken, new));
            }
        }
    }

    /// The next one, after so many lines; `new` has the bits of those of its words that no line before
    /// had.
    #[inline(always)]
    fn add(&mut self, words: &[u32], new: u32, lines: u64) {
        self.last = (self.last + 1) % HEADS;
        let start = self.last * HEAD_WORDS;
        let others = !(HEAD << start);
        self.new = self.new & others | (u64::from(new) & HEAD) << start;
        self.taken &= others;
        self.before[self.last] = lines;
        self.lens[self.last] = words.len().min(HEAD_WORDS) as u32;
        let places = &mut self.words[start..start + HEAD_WORDS];
        places.fill(0);
        for (at, (place, &word)) in places.iter_mut().zip(words).enumerate() {
            *place = word;
            self.places[word as usize % PLACES] = (start + at) as u8;
        }
    }
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
        self.heads.reset();
        self.lines = 0;
        self.later.clear();
    }

    /// What the last line showed of lines before it.
    pub(super) fn later(&self) -> &[Later] {
        &self.later
    }

    /// What the line repeats, of itself too; from now on it belongs to the lines before. `goes_on`
    /// tells whether it is likely the rest of a wrapped paragraph.
    #[inline(always)]
    pub(super) fn line(
        &mut self,
        with: impl Instructions,
        line: &Line<'_>,
        goes_on: bool,
    ) -> Repeats {
        let mut repeats = Repeats::default();
        let shape = line.shape();
        let long = u16::from(line.is_long);
        repeats.words = line.words.bulky().len() as u32;
        let (mut echoes, mut new, mut bit) = (0, 0, 1_u32);
        for &word in line.words.bulky() {
            echoes |= self.heads.bit(word);
            let (slot, tag) = (self.words.at(slot(word)), tag(word));
            // Only the lowest bit may differ in a word that is known.
            let differs = *slot ^ tag;
            repeats.known += u32::from(differs <= LONG);
            repeats.known_long += u32::from(differs == LONG);
            *slot = tag | u16::from(differs == LONG) | long;
            new |= select_unpredictable(differs > LONG, bit, 0);
            // There is none left beyond the first words.
            bit <<= 1;
        }
        self.heads.count(echoes, &mut repeats);
        self.later.clear();
        if line.is_long || goes_on {
            self.heads.take_up(echoes, self.lines, &mut self.later);
        }
        if line.is_head && !goes_on && repeats.words > 0 {
            self.heads.add(line.words.bulky(), new, self.lines);
        }
        self.lines += 1;
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

    /// The features of some lines; an empty one is blank, and has none.
    fn all(lines: &[&str]) -> Vec<Dense> {
        let mut extractor = Extractor::new();
        let mut all = Vec::new();
        for line in lines {
            if line.is_empty() {
                extractor.blank_lines(1);
                continue;
            }
            let dense = extractor.line(line.as_bytes(), None, &mut |_| {});
            extractor.show(&mut all, |dense| dense);
            all.push(dense);
        }
        all
    }

    /// Those of the last line.
    fn last(lines: &[&str]) -> Dense {
        *all(lines).last().expect("some lines")
    }

    fn value(lines: &[&str], feature: Feature) -> u8 {
        last(lines)[feature as usize]
    }

    const PARAGRAPH: &str = "The harbour council agreed on Monday that the ferries would sail through the winter again.";

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
    fn pairs_of_characters_come_back_where_words_are_written_together() {
        let line = "港の渡し船は冬の間も走る";
        assert_eq!(value(&[line, "渡し船は走る"], Feature::Known), 84);
        assert_eq!(value(&[line, "りんごのお菓子"], Feature::Known), 0);
        let line = "เรือข้ามฟากจะแล่นตลอดฤดูหนาว";
        assert!(value(&[line, "เรือข้ามฟาก"], Feature::Known) > 80);
        assert_eq!(value(&[line, "ขนมแอปเปิล"], Feature::Known), 0);
    }

    #[test]
    fn a_paragraph_takes_up_words_of_the_heading_above_it() {
        use Feature::{Echoes, FarEchoes, NewEchoes};
        let heading = "Ferries in winter";
        let values = |lines: &[&str]| {
            let dense = last(lines);
            [Echoes, NewEchoes, FarEchoes].map(|feature| dense[feature as usize])
        };
        assert_eq!(values(&[heading, PARAGRAPH]), [12, 12, 0]);
        assert_eq!(values(&["Apricots", PARAGRAPH]), [0, 0, 0]);
        assert_eq!(values(&["Winter", heading, PARAGRAPH]), [12, 8, 0]);
        // Neither a line without such words nor a long one takes its place, short ones do.
        assert_eq!(values(&[heading, "12 of 40", PARAGRAPH, PARAGRAPH]), [12, 12, 0]);
        assert_eq!(values(&[heading, "A picture", PARAGRAPH]), [0, 0, 30]);
        assert_eq!(values(&[heading, "Apricots", "Almonds", "Walnuts", PARAGRAPH]), [0, 0, 30]);
        let far = [heading, "Apricots", "Almonds", "Walnuts", "Cherries", PARAGRAPH];
        assert_eq!(values(&far), [0, 0, 0]);
        assert_eq!(values(&["冬の渡し船", "港の渡し船は冬の間も走ると市が言った"]), [18, 18, 0]);
        assert_eq!(value(&[heading, "A picture", PARAGRAPH], Feature::TakesUp), 64);
        let mostly_new = "Winter for cows, sheep and donkeys without apricots";
        assert_eq!(value(&[mostly_new, PARAGRAPH], Feature::TakesUp), 0);
    }

    /// What the text below shows of the first line.
    fn taken_up(lines: &[&str]) -> [u8; 2] {
        [Feature::TakenUp, Feature::NewTakenUp].map(|feature| all(lines)[0][feature as usize])
    }

    #[test]
    fn a_heading_is_taken_up_by_the_text_below_it() {
        let heading = "Ferries in winter";
        let text = [127, 12];
        assert_eq!(taken_up(&[heading]), [0, 0]);
        assert_eq!(taken_up(&[heading, PARAGRAPH]), text);
        assert_eq!(taken_up(&["Ferries for cows", PARAGRAPH]), [127, 8]);
        assert_eq!(taken_up(&["Almonds and apricots", PARAGRAPH]), [0, 0]);
        // By text only, a picture or some in between or not, but not from far away.
        assert_eq!(taken_up(&[heading, "Ferries"]), [0, 0]);
        assert_eq!(taken_up(&[heading, "A picture", "", PARAGRAPH]), text);
        assert_eq!(taken_up(&[heading, "Almonds", "Walnuts", "Cherries", PARAGRAPH]), text);
        let far = [heading, "Almonds", "Walnuts", "Cherries", "Apricots", PARAGRAPH];
        assert_eq!(taken_up(&far), [0, 0]);
        let numbers = ["7"; super::REACH];
        assert_eq!(taken_up(&[&[heading], &numbers[1..], &[PARAGRAPH]].concat()), text);
        assert_eq!(taken_up(&[&[heading], &numbers[..], &[PARAGRAPH]].concat()), [0, 0]);
    }

    #[test]
    fn what_one_line_takes_up_adds_to_what_another_did() {
        let heading = "Harbour council and apricots in winter";
        let with_apricots =
            "Apricots are what the ships bring from the south to the north each year.";
        let [share, new] = taken_up(&[heading, PARAGRAPH]);
        assert_eq!(taken_up(&[heading, PARAGRAPH, PARAGRAPH]), [share, new]);
        let [more, newer] = taken_up(&[heading, PARAGRAPH, with_apricots]);
        assert!(more > share && newer > new);
    }

    #[test]
    fn a_long_headline_is_a_head_and_the_rest_of_a_wrapped_line_is_none() {
        let headline =
            "Ferries in winter: the harbour council agrees on Monday after all these long years";
        assert_eq!(taken_up(&[headline, PARAGRAPH])[0], 84);
        assert_eq!(taken_up(&[&format!("{headline}."), PARAGRAPH]), [0, 0]);
        // The rest of the wrapped lines, four of them short, do not push the heading out.
        let line = "It was cold enough this year, as the mayors of both towns would say";
        let wrapped =
            ["Ferries in winter", "", line, line, line, line, line, "and ferries", PARAGRAPH];
        assert_eq!(taken_up(&wrapped), [127, 12]);
        assert_eq!(last(&["Ferries in winter", "", line, "ferries"])[Feature::Echoes as usize], 0);
        assert_eq!(last(&["Ferries in winter", "", "ferries"])[Feature::Echoes as usize], 8);
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
