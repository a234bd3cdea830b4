//! From scores to verdicts: which lines are one paragraph, where a page's border lies, which side of it a
//! line is on, which kind it is, kept or not.

use std::ops::Range;

use crate::label::{KindSet, Label, Verdict};
use crate::model::integer::BATCH;
use crate::model::{Scores, math};
use crate::rules::Told;

/// Threshold of `--precision`: fewer lines of chrome come through, some content is lost.
pub const PRECISION_THRESHOLD: f32 = 1.0;

/// Threshold of `--recall`: less content is lost, some chrome comes through.
pub const RECALL_THRESHOLD: f32 = -1.0;

/// How verdicts are reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// A line is content when its score, log-odds from the page's border on, is above this.
    pub threshold: f32,
    /// The kinds to keep.
    pub keep: KindSet,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy { threshold: 0.0, keep: KindSet::CONTENT }
    }
}

impl Policy {
    /// The verdict on a line: the score decides the side, the kind is the likeliest there. What
    /// the user's rules say of the line goes before both.
    pub fn decide(&self, scores: &Scores, told: Option<Told>) -> Verdict {
        let score = scores.content - scores.border;
        let is_content = match told {
            Some(told) => told.label == Label::Content,
            None => score > self.threshold,
        };
        let [content, chrome] = scores.kinds;
        let likeliest = if is_content { content } else { chrome };
        let kind = told.and_then(|told| told.kind).unwrap_or(likeliest);
        Verdict {
            kept: if told.is_some() { is_content } else { self.keep.contains(kind) },
            score,
            probability: scores.probability,
            kind,
        }
    }
}

/// How many scored lines the decoder looks ahead (the model card has the curve).
pub const LOOKAHEAD: usize = 94;

/// The lines of a page are right or wrong together, so what is expected of a page is expected of
/// log-odds this much nearer to 0 than those of its lines.
pub(crate) const DOUBT: f32 = 0.75;

/// Border of a page that goes on beyond what is seen, at least, in log-odds (a probability of .07): its
/// article may be still to come, and what is as doubtful as this is not of it.
const GOING_ON: f32 = -2.6;

/// Steps of a probability.
const SCALE: i64 = 1 << 16;

/// Bins of the histogram over probability.
const BINS: usize = 64;

/// What is expected before a page has been seen: one word, surely content, kept at this share
/// of [`SCALE`].
const PRIOR: i64 = SCALE * 9 / 10;

/// From this bin on a line is surely content.
const SURE: usize = BINS * 25 / 32;

/// Where so much of the expected content is sure, what is in doubt is kept from [`SETTLED_AT`] on.
const SETTLED: f32 = 0.3;

/// The border there, in log-odds: a little below one half. Word F1 is as high as at one half (the model
/// card has figures), and more headlines are kept, which it does not count where a source leaves
/// them out.
const SETTLED_AT: f32 = -0.1;

/// As many words as this, expected besides, keep a few sure lines from settling a page.
const FEW: i64 = 100 * SCALE;

/// The border that makes a page's expected word F1 the highest: half of that F1 (Lipton, Elkan
/// and Naryanaswamy 2014, arXiv 1402.1892). On a page with clear content it is close to a
/// probability of one half; where nothing is sure it lies lower, for a page with an article must
/// not come out empty.
///
/// That holds where each line is right or wrong by itself. In truth the doubtful lines of a page
/// mostly are all content or all chrome: where that is so and there is content without them, one
/// half is best. So the more of the content is sure, the nearer to one half is the border. On the
/// calibration pages the whole gives .890 over large sets where half of the expected F1 gives .884 and
/// one half .868 (model card).
///
/// Counts are exact, so that a border does not depend on the order of sums.
#[derive(Clone, Debug)]
struct Border {
    /// Words, and expected words of content in steps of [`SCALE`], by probability of the line.
    words: [i64; BINS],
    expected: [i64; BINS],
    /// All expected words of content, and those of lines that are surely content.
    total: i64,
    sure: i64,
    /// The lowest bin above the border, and the sums from there on.
    bin: usize,
    kept: i64,
    right: i64,
    /// The border as a probability: half of the expected F1.
    share: f32,
}

impl Default for Border {
    fn default() -> Border {
        Border {
            words: [0; BINS],
            expected: [0; BINS],
            total: SCALE,
            sure: 0,
            bin: BINS / 2,
            kept: SCALE,
            right: PRIOR,
            share: PRIOR as f32 / (2 * SCALE) as f32,
        }
    }
}

impl Border {
    /// Takes a line of `words` words.
    fn add(&mut self, scores: &Scores, words: u32) {
        let share = scores.doubted;
        let bin = ((share * BINS as f32) as i32 as usize).min(BINS - 1);
        let words = i64::from(words.max(1));
        let expected = i64::from((share * SCALE as f32) as i32) * words;
        self.words[bin] += words;
        self.expected[bin] += expected;
        self.total += expected;
        self.sure += if bin >= SURE { expected } else { 0 };
        if bin >= self.bin {
            self.kept += SCALE * words;
            self.right += expected;
        }
        self.settle();
    }

    /// Moves to the bin from which on keeping gives the highest expected F1. It is where the
    /// border it gives lies (Dinkelbach 1967), so it is found step by step.
    fn settle(&mut self) {
        self.share = self.half_f1();
        while self.bin > 0 && self.share * (BINS as f32) < self.bin as f32 {
            self.bin -= 1;
            self.kept += SCALE * self.words[self.bin];
            self.right += self.expected[self.bin];
            self.share = self.half_f1();
        }
        while self.bin < BINS / 2 && self.share * (BINS as f32) >= (self.bin + 1) as f32 {
            self.kept -= SCALE * self.words[self.bin];
            self.right -= self.expected[self.bin];
            self.bin += 1;
            self.share = self.half_f1();
        }
    }

    /// What its [`log_odds`] are made of.
    #[inline(always)]
    fn parts(&self) -> [f32; 3] {
        [self.share, self.sure as f32, (self.total + FEW) as f32]
    }

    fn half_f1(&self) -> f32 {
        self.right as f32 / (self.kept + self.total) as f32
    }
}

/// A border in log-odds, at most [`SETTLED_AT`]: that of `share`, half of the expected F1, but the nearer
/// to the former the more of the `total` expected words is `sure`. Both count steps of [`SCALE`].
#[inline(always)]
fn log_odds(share: f32, sure: f32, total: f32) -> f32 {
    let unsettled = (1.0 - sure / (SETTLED * total)).max(0.0);
    math::ln(share / (1.0 - share)).min(0.0) / DOUBT * unsettled + SETTLED_AT
}

/// A line whose border is not yet known.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    scores: Scores,
    line: Expected,
}

/// What counts of a line beside its scores.
#[derive(Clone, Copy, Debug)]
struct Expected {
    words: u32,
    /// Whether it is of the same paragraph as the line before.
    goes_on: bool,
}

impl Default for Expected {
    fn default() -> Expected {
        Expected { words: 1, goes_on: false }
    }
}

/// A paragraph in several lines, as far as it was seen when its first line was decided.
#[derive(Clone, Copy, Debug, Default)]
struct Paragraph {
    /// The mean of its lines' log-odds, by words.
    content: f32,
    /// How many more lines it has.
    left: usize,
}

impl Paragraph {
    /// The paragraph that starts with the first of `lines`.
    fn of(lines: &[Waiting]) -> Paragraph {
        let rest = lines[1..].iter().take_while(|waiting| waiting.line.goes_on);
        let left = rest.count();
        let (mut sum, mut words) = (0.0, 0.0);
        for Waiting { scores, line } in &lines[..=left] {
            sum += line.words as f32 * scores.content;
            words += line.words as f32;
        }
        Paragraph { content: sum / words, left }
    }
}

/// Holds the scores of lines back until their page's border is known from the [`LOOKAHEAD`] lines
/// after them, and from all lines before. The lines of a wrapped paragraph, as far as they are among
/// these, have the mean of their scores, so that sentences are seldom torn.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    border: Border,
    /// The lines without scores.
    expected: Vec<Expected>,
    waiting: Vec<Waiting>,
    paragraph: Paragraph,
}

impl Decoder {
    /// Goes back to the start of a document.
    pub fn reset(&mut self) {
        self.border = Border::default();
        self.expected.clear();
        self.waiting.clear();
        self.paragraph = Paragraph::default();
    }

    /// A line of `words` words will have scores; `goes_on` if it is of the same paragraph as the one before.
    pub fn expect(&mut self, words: u32, goes_on: bool) {
        self.expected.push(Expected { words, goes_on });
    }

    /// Takes the scores of the next lines and adds those of the lines [`LOOKAHEAD`] before them to
    /// `decided`, with their borders. However many are taken at once, borders and paragraphs are the same.
    pub fn push(&mut self, scores: &[Scores], decided: &mut Vec<Scores>) {
        for scores in scores.chunks(BATCH) {
            self.push_batch(scores, decided);
        }
    }

    fn push_batch(&mut self, scores: &[Scores], decided: &mut Vec<Scores>) {
        let [mut shares, mut sure, mut total] = [[0.5; BATCH]; 3];
        for (at, &scores) in scores.iter().enumerate() {
            let line = self.expected.get(at).copied().unwrap_or_default();
            self.border.add(&scores, line.words);
            [shares[at], sure[at], total[at]] = self.border.parts();
            self.waiting.push(Waiting { scores, line });
        }
        self.expected.drain(..scores.len().min(self.expected.len()));
        // All at once, for dividing takes long.
        let borders: [f32; BATCH] = std::array::from_fn(|line| {
            log_odds(shares[line], sure[line], total[line]).max(GOING_ON)
        });
        let count = self.waiting.len().saturating_sub(LOOKAHEAD);
        for (line, &border) in borders[scores.len() - count..scores.len()].iter().enumerate() {
            decided.push(self.decide(line..line + LOOKAHEAD + 1, border));
        }
        self.waiting.drain(..count);
    }

    /// The scores of the first of these waiting lines, with their border, the others being all that is
    /// seen behind it.
    #[inline(always)]
    fn decide(&mut self, lines: Range<usize>, border: f32) -> Scores {
        let lines = &self.waiting[lines];
        let Waiting { scores, line } = lines[0];
        if line.goes_on && self.paragraph.left > 0 {
            self.paragraph.left -= 1;
        } else if lines.get(1).is_some_and(|next| next.line.goes_on) {
            self.paragraph = Paragraph::of(lines);
        } else {
            return Scores { border, ..scores };
        }
        let Paragraph { content, .. } = self.paragraph;
        Scores { content, border, probability: math::sigmoid(content), ..scores }
    }

    /// Adds the scores of all lines still owed to `decided`, with their border as if the document
    /// ended here.
    pub fn drain(&mut self, decided: &mut Vec<Scores>) {
        let [share, sure, total] = self.border.parts();
        let border = log_odds(share, sure, total);
        let count = self.waiting.len();
        decided.extend((0..count).map(|line| self.decide(line..count, border)));
        self.waiting.clear();
        self.paragraph = Paragraph::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::Kind;

    fn scores(content: f32, kinds: [Kind; 2]) -> Scores {
        let doubted = math::sigmoid(DOUBT * content);
        Scores { content, border: 0.0, probability: 0.5, doubted, kinds }
    }

    #[test]
    fn the_score_decides_the_side_and_the_kind_is_the_likeliest_there() {
        let kinds = [Kind::Heading, Kind::Caption];
        for (content, threshold, kind) in [
            (0.1, 0.0, Kind::Heading),
            (-0.1, 0.0, Kind::Caption),
            (0.0, 0.0, Kind::Caption),
            (0.1, 0.2, Kind::Caption),
            (-0.1, -0.2, Kind::Heading),
        ] {
            let policy = Policy { threshold, ..Policy::default() };
            let verdict = policy.decide(&scores(content, kinds), None);
            assert_eq!((verdict.kind, verdict.kept), (kind, kind.is_content()));
        }
    }

    /// The borders of lines of `words` words and these log-odds, all seen before the first.
    fn borders(contents: &[f32], words: u32) -> Vec<f32> {
        let mut decoder = Decoder::default();
        let mut decided = Vec::new();
        for &content in contents {
            decoder.expect(words, false);
            decoder.push(&[scores(content, Kind::SIDES)], &mut decided);
        }
        decoder.drain(&mut decided);
        assert_eq!(decided.len(), contents.len());
        decided.iter().map(|scores| scores.border).collect()
    }

    #[test]
    fn the_border_is_half_the_expected_f1() {
        // Found by trying every border there is.
        for contents in [
            vec![5.0, 4.0, -6.0, -6.0, -6.0, -1.0],
            vec![-1.0, -4.0, -5.0, -4.0],
            vec![-2.0; 40],
            vec![0.5, 0.4, -0.3, -0.9, 2.0, -7.0, -3.0],
            vec![6.0; 10],
        ] {
            let odds = |content: &f32| f64::from(math::sigmoid(DOUBT * content));
            let (words, total) = (20.0, 1.0 + 20.0 * contents.iter().map(odds).sum::<f64>());
            let mut best: f64 = 0.0;
            for border in &contents {
                let kept = contents.iter().filter(|content| *content >= border);
                let (count, right) = kept.fold((1.0, 0.9), |(count, right), content| {
                    (count + words, right + words * odds(content))
                });
                best = best.max(2.0 * right / (count + total));
            }
            let mut border = Border::default();
            contents.iter().for_each(|&content| border.add(&scores(content, Kind::SIDES), 20));
            let share = f64::from(border.share);
            assert!((share - best / 2.0).abs() < 0.02, "{contents:?}: {share} for {best} / 2");
        }
    }

    #[test]
    fn where_enough_is_sure_what_is_in_doubt_is_kept_from_near_one_half_on() {
        let page = |sure: usize, doubtful: usize| {
            let contents = [vec![5.0; sure], vec![-0.5; doubtful]].concat();
            borders(&contents, 20)[0]
        };
        assert_eq!(page(20, 20), SETTLED_AT);
        assert!(page(0, 20) < -0.5, "nothing is sure");
        assert!(page(1, 20) < -0.3, "one line is");
        assert!((-0.5..-0.1).contains(&page(5, 30)), "some are");
    }

    #[test]
    fn a_page_of_doubtful_lines_does_not_come_out_empty() {
        assert!(borders(&[-6.0, -1.5, -6.0], 20)[1] < -1.5);
        assert!(borders(&[6.0, -1.5, 6.0], 20)[1] > -1.5, "it does where others are sure");
    }

    #[test]
    fn while_a_page_goes_on_what_is_hardly_content_waits_for_its_article() {
        let borders = borders(&[-4.0; 3 * LOOKAHEAD], 5);
        let (going_on, end) = borders.split_at(2 * LOOKAHEAD);
        assert!(going_on.iter().all(|&border| border > -4.0), "{going_on:?}");
        assert!(end.iter().all(|&border| border < -4.0), "a page does not come out empty: {end:?}");
    }

    #[test]
    fn a_border_depends_on_so_many_lines_ahead() {
        let mut contents = vec![-1.0; LOOKAHEAD + 3];
        let before = borders(&contents, 10);
        contents[LOOKAHEAD + 1] = 8.0;
        let after = borders(&contents, 10);
        assert_eq!(before[0], after[0]);
        assert_ne!(before[1], after[1]);
    }

    /// The log-odds that lines are decided by: of so many words, with these log-odds, and whether each goes
    /// on from the one before.
    fn decided(lines: &[(u32, f32, bool)], at_once: usize) -> Vec<f32> {
        let (mut decoder, mut decided) = (Decoder::default(), Vec::new());
        for lines in lines.chunks(at_once) {
            lines.iter().for_each(|&(words, _, goes_on)| decoder.expect(words, goes_on));
            let scores = lines.iter().map(|&(_, content, _)| scores(content, Kind::SIDES));
            decoder.push(&scores.collect::<Vec<_>>(), &mut decided);
        }
        decoder.drain(&mut decided);
        for scores in &decided {
            assert_eq!(scores.probability == 0.5, !lines.iter().any(|&(.., goes_on)| goes_on));
        }
        decided.iter().map(|scores| scores.content).collect()
    }

    #[test]
    fn the_lines_of_a_paragraph_have_the_mean_of_their_scores_by_words() {
        let page = [
            (10, 2.0, false),
            (5, -1.0, true),
            (10, -3.0, false),
            (5, 0.0, true),
            (15, -2.0, true),
        ];
        assert_eq!(decided(&page, 1), [1.0, 1.0, -2.0, -2.0, -2.0]);
        assert_eq!(
            decided(&page.map(|(words, content, _)| (words, content, false)), 1),
            [2.0, -1.0, -3.0, 0.0, -2.0]
        );
    }

    #[test]
    fn a_paragraph_is_the_same_however_many_lines_are_taken_at_once() {
        let contents = (0..3 * LOOKAHEAD).map(|line| (line * 7 % 11) as f32 - 5.0);
        let lines: Vec<_> = contents.map(|content| (10, content, true)).collect();
        let one = decided(&lines, 1);
        // One that is longer than what is seen of it is cut.
        assert!(one[..=LOOKAHEAD].iter().all(|&content| content == one[0]), "{one:?}");
        assert_ne!(one[0], one[LOOKAHEAD + 1]);
        for at_once in [2, 3, BATCH, 5 * BATCH + 1] {
            assert_eq!(decided(&lines, at_once), one, "{at_once}");
        }
    }

    #[test]
    fn kinds_are_kept_by_name_on_either_side() {
        let keep = KindSet::EMPTY.with(Kind::Caption);
        let policy = Policy { threshold: 0.0, keep };
        assert!(policy.decide(&scores(-1.0, [Kind::Prose, Kind::Caption]), None).kept);
        assert!(!policy.decide(&scores(1.0, [Kind::Prose, Kind::Caption]), None).kept);
    }

    #[test]
    fn rules_go_before_score_and_kinds_to_keep() {
        let policy = Policy { threshold: 0.0, keep: KindSet::EMPTY.with(Kind::Heading) };
        for (told, content, kept, kind) in [
            (Told { label: Label::Content, kind: None }, -5.0, true, Kind::Prose),
            (Told { label: Label::Content, kind: Some(Kind::Ad) }, -5.0, true, Kind::Ad),
            (Told { label: Label::Chrome, kind: None }, 5.0, false, Kind::Menu),
            (Told { label: Label::Chrome, kind: Some(Kind::Heading) }, 5.0, false, Kind::Heading),
        ] {
            let scores = scores(content, Kind::SIDES);
            let verdict = policy.decide(&scores, Some(told));
            assert_eq!((verdict.kept, verdict.kind), (kept, kind));
            assert_eq!(verdict.score, content);
        }
    }
}
