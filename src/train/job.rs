//! What a step of training sees of a page: a run of its lines, cut, one-sided, or with chrome of
//! other pages between its paragraphs.

use std::collections::HashMap;

use super::Settings;
use super::data::{Data, Example};
use super::random::Random;
use crate::label::Kind;

/// Lines of pages that make a document, and the start of its random sequence.
pub(super) struct Job {
    /// The page.
    pub index: usize,
    /// Page and line.
    pub lines: Vec<(u32, u32)>,
    /// What its random sequence starts from.
    pub seed: u64,
}

impl Job {
    /// A run of lines of a page, some pages with a part cut out, some with lines of others.
    pub(super) fn draw(
        index: usize,
        data: &Data,
        inserts: &Inserts,
        settings: &Settings,
        random: &mut Random,
    ) -> Job {
        let example = &data.train[index];
        let len = example.lines().min(settings.window);
        let spare = example.lines() - len;
        // Half of the runs start where the page does, as at prediction.
        let start = if spare == 0 || random.below(2) == 0 { 0 } else { random.below(spare + 1) };
        let mut lines: Vec<(u32, u32)> =
            (start..start + len).map(|line| (index as u32, line as u32)).collect();
        if random.unit() < settings.cut_pages {
            let cut = random.below(len / 2 + 1);
            let from = random.below(len - cut + 1);
            lines.drain(from..from + cut);
        }
        let is_content =
            |&(_, line): &(u32, u32)| Some(example.labels[line as usize]?.is_content());
        if random.unit() < settings.one_sided_pages {
            // A page cleaned before, or one with nothing to find: what is on the page alone must
            // not decide how much of it is kept.
            let content = random.below(2) == 0;
            if lines.iter().any(|line| is_content(line) == Some(content)) {
                lines.retain(|line| is_content(line) == Some(content));
            }
        } else if random.unit() < settings.interleaved_pages {
            // Wherever one line of content follows another, something may come between.
            let gaps: Vec<usize> = (1..lines.len())
                .filter(|&at| lines[at - 1..=at].iter().all(|line| is_content(line) == Some(true)))
                .collect();
            if !gaps.is_empty() {
                let count = 1 + random.below(3);
                let mut places: Vec<usize> =
                    (0..count).map(|_| gaps[random.below(gaps.len())]).collect();
                places.sort_unstable();
                for &place in places.iter().rev() {
                    lines.splice(place..place, inserts.draw(example.style, random));
                }
            }
        }
        Job { index, lines, seed: random.next() }
    }
}

/// A few lines of chrome of a page.
#[derive(Clone, Copy, Debug)]
struct Run {
    page: u32,
    start: u32,
    len: u32,
}

impl Run {
    fn lines(self) -> impl Iterator<Item = (u32, u32)> {
        (self.start..self.start + self.len).map(move |line| (self.page, line))
    }
}

/// Chrome that can stand between the paragraphs of an article, by style of its page.
#[derive(Default)]
pub(super) struct Inserts {
    /// How many lines of [`Data::credits`] there are.
    credits: u32,
    /// Runs by sort, by [`Example::style`].
    styles: HashMap<u64, [Vec<Run>; INSERTED.len() + 2]>,
}

/// The kinds of chrome that stand between paragraphs.
const INSERTED: [Kind; 6] =
    [Kind::Caption, Kind::Related, Kind::Ad, Kind::Form, Kind::Byline, Kind::Share];

/// Further sorts of runs: any chrome between content, and captions that could be a sentence.
const BETWEEN: usize = INSERTED.len();
const SENTENCE: usize = INSERTED.len() + 1;

/// The fewest words of such a caption.
const SENTENCE_WORDS: f32 = 6.0;

/// The longest run.
const MAX_INSERT: usize = 4;

/// Where the runs of [`Kind::Related`] are.
const RELATED: usize = 1;
const _: () = assert!(matches!(INSERTED[RELATED], Kind::Related));

/// Stands for the page of [`Data::credits`].
const CREDITS: u32 = u32::MAX;

/// The page that a line of a [`Job`] is from.
pub(super) fn page(data: &Data, index: u32) -> &Example {
    if index == CREDITS { &data.credits } else { &data.train[index as usize] }
}

impl Inserts {
    /// Runs of lines of one such kind, runs of any chrome where content is on both sides, and
    /// captions by themselves.
    pub(super) fn of(data: &Data, indices: &[usize]) -> Inserts {
        let mut inserts = Inserts { credits: data.credits.lines() as u32, ..Inserts::default() };
        for &index in indices {
            let page = &data.train[index];
            let runs = inserts.styles.entry(page.style).or_default();
            let mut add = |sort: usize, lines: std::ops::Range<usize>| {
                if lines.len() <= MAX_INSERT {
                    let (start, len) = (lines.start as u32, lines.len() as u32);
                    runs[sort].push(Run { page: index as u32, start, len });
                }
            };
            for (_, line, target) in page.each_line() {
                if target.is_some_and(|target| {
                    target.kind == Kind::Caption && target.words() >= SENTENCE_WORDS
                }) {
                    add(SENTENCE, line..line + 1);
                }
            }
            let mut start = 0;
            for lines in page.labels.chunk_by(|a, b| a == b) {
                let kind = INSERTED.iter().position(|&kind| Some(kind) == lines[0]);
                if let Some(kind) = kind {
                    add(kind, start..start + lines.len());
                }
                start += lines.len();
            }
            let is_content = |kind: &Option<Kind>| Some(kind.as_ref()?.is_content());
            let mut start = 0;
            for lines in page.labels.chunk_by(|a, b| is_content(a) == is_content(b)) {
                let end = start + lines.len();
                let is_between = start > 0
                    && end < page.lines()
                    && is_content(&page.labels[start - 1]) == Some(true)
                    && is_content(&page.labels[end]) == Some(true);
                if is_content(&lines[0]) == Some(false) && is_between {
                    add(BETWEEN, start..end);
                }
                start = end;
            }
        }
        inserts
    }

    /// Lines for a place between the paragraphs of a page of this style: what stood at such a
    /// place elsewhere; a caption and the like, up to three after each other; or mostly a
    /// caption, whom its picture is from, and now and then a teaser.
    fn draw(&self, style: u64, random: &mut Random) -> Vec<(u32, u32)> {
        let mut lines = Vec::new();
        let Some(runs) = self.styles.get(&style) else { return lines };
        let draw = |sort: usize, random: &mut Random| {
            let run = (!runs[sort].is_empty()).then(|| runs[sort][random.below(runs[sort].len())]);
            run.into_iter().flat_map(Run::lines)
        };
        match random.below(3) {
            0 => lines.extend(draw(BETWEEN, random)),
            1 => {
                for _ in 0..1 + random.below(3) {
                    lines.extend(draw(random.below(INSERTED.len()), random));
                }
            }
            _ => {
                // Below a heading there is often a picture without a caption.
                if random.below(4) > 0 {
                    lines.extend(draw(SENTENCE, random));
                }
                if self.credits > 0 {
                    lines.push((CREDITS, random.below(self.credits as usize) as u32));
                }
                if random.below(2) == 0 {
                    lines.extend(draw(RELATED, random));
                }
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::DENSE;

    /// A page of lines of given kinds.
    fn page(letters: &str) -> Example {
        let row = |letter: u8| ([0; DENSE], Vec::new(), Kind::from_letter(letter));
        Example::from_rows(letters.bytes().map(row).collect())
    }

    fn data(pages: &[&str]) -> Data {
        let train = pages.iter().map(|letters| page(letters)).collect();
        Data { keys: Vec::new(), train, tune: Vec::new(), credits: page("CC") }
    }

    #[test]
    fn what_is_put_between_paragraphs_is_short_and_stood_between_some_or_is_of_such_a_kind() {
        let data = data(&["NNNphpCRppNNNNNNpCpT", "RRRRR-Cp"]);
        let inserts = Inserts::of(&data, &[0, 1]);
        let runs = &inserts.styles[&0];
        let of = |sort: usize| -> Vec<(u32, u32, u32)> {
            runs[sort].iter().map(|run| (run.page, run.start, run.len)).collect()
        };
        assert_eq!(of(0), [(0, 6, 1), (0, 17, 1), (1, 6, 1)]);
        assert_eq!(of(1), [(0, 7, 1)]);
        assert_eq!(of(BETWEEN), [(0, 6, 2), (0, 17, 1)]);
    }

    #[test]
    fn other_pages_lines_come_between_content_lines_only() {
        let data = data(&["Npppp", "pCRp"]);
        let settings = Settings {
            interleaved_pages: 1.0,
            cut_pages: 0.0,
            one_sided_pages: 0.0,
            ..Settings::default()
        };
        let inserts = Inserts::of(&data, &[1]);
        let mut random = Random::new(1);
        let mut inserted = 0;
        for _ in 0..100 {
            let job = Job::draw(0, &data, &inserts, &settings, &mut random);
            assert!(job.lines.iter().all(|l| l.0 <= 1 || l.0 == CREDITS));
            let own: Vec<u32> = job.lines.iter().filter(|l| l.0 == 0).map(|l| l.1).collect();
            assert_eq!(own, [0, 1, 2, 3, 4]);
            assert_eq!(job.lines[..2], [(0, 0), (0, 1)]);
            assert_eq!(job.lines.last(), Some(&(0, 4)));
            inserted += job.lines.len() - own.len();
        }
        assert!(inserted > 100, "{inserted}");
    }
}
