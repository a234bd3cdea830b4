//! Reasons: what in a line, and around it, moved its score.
//!
//! They come from the model itself, by taking causes away: first the [`Cause`] without which the
//! line would score most differently, then the one that moves the score most once the first is
//! gone, and so on. Each time the line is scored once more as it would be without the causes
//! taken away so far, all else as it is, and the difference is what the cause gave. Nothing here
//! knows weights or guesses at them. What each gave and the score that is left add up to the
//! score.
//!
//! (One cause at a time, with all others in place, would hide what several causes say alike: a
//! menu's entry among menu entries is one without its words too.)
//!
//! Without a cause means:
//! * of what shows in the line itself, or of it in the text below, that its features of that sort
//!   ([`Cause::of`]) are those of the page's average line ([`Page::average`]); of a user's rule, that
//!   there is none;
//! * of its words, that it has none;
//! * of the [`NEAR`] lines above or below, that they are average lines without words;
//! * of what comes before and after those, that the page begins and ends there;
//! * of the other lines of a wrapped paragraph, that the line has its own score and not the mean of theirs.
//!
//! The page's border, from which scores count, stays where it is.

use std::ops::Range;

use crate::decode::{Decoder, Policy};
use crate::document::{is_blank, strip_ending};
use crate::features::{self, DENSE, Dense, Extractor, Feature, Listener};
use crate::filter::{self, MAX_LINE_BYTES};
use crate::form::Forms;
use crate::label::{Kind, Verdict};
use crate::model::{LOOKAHEAD, Model, Scorer, Scores};
use crate::rules::{Rules, Told};

/// How many non-blank lines above, and below, are near.
pub const NEAR: usize = 4;

/// A page is explained if it has fewer bytes than this. Its features are held in memory, and
/// every line is scored some fifty times.
pub const MAX_BYTES: usize = MAX_LINE_BYTES;

/// A page is explained if it has at most this many lines, blank ones too.
pub const MAX_LINES: usize = 1 << 16;

// Within these the filter never judges a line before it has seen what comes after, so that the
// scores here are the filter's.
const _: () = assert!(MAX_BYTES + MAX_LINES * filter::NOTE_BYTES <= filter::MAX_HELD_BYTES);
const _: () = assert!(MAX_LINES <= filter::MAX_SHORT_LINES);

/// The most reasons a line is given.
pub const MAX_REASONS: usize = 5;

/// What a cause must give to be a reason, in log-odds: less does not show in a probability.
pub const MIN_POINTS: f32 = 0.1;

/// Single words that are tried as the strongest of a line.
const TRIED_WORDS: usize = 3;

/// Words of a line that are looked at for the strongest.
const MAX_WORDS: usize = 100;

/// A share, on the features' scale, that is more than half.
const MOST: u8 = 64;

/// A word is named if it gives this share of what all words together give, or more.
const NAMED_WORD_SHARE: f32 = 0.1;

/// What can be taken away from a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// A rule of the user's.
    Rule,
    /// How long it is.
    Length,
    /// How it begins.
    Beginning,
    /// How it ends.
    Ending,
    /// Commas and ends of sentences inside.
    Sentences,
    /// Other signs.
    Signs,
    /// Capitals, and letters without case.
    Letters,
    /// Digits and numbers.
    Numbers,
    /// URLs, links, link marks.
    Links,
    /// Blank lines before, indent, width.
    Layout,
    /// What it repeats of the page so far: itself, words, phrases, beginnings, shapes.
    Repetition,
    /// What was counted in the page so far.
    Position,
    /// Its words.
    Words,
    /// The [`NEAR`] lines above.
    Above,
    /// The [`NEAR`] lines below.
    Below,
    /// What comes before the lines above.
    Before,
    /// What comes after the lines below.
    After,
    /// The other lines of its wrapped paragraph.
    Paragraph,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Cause; 18] = [
        Cause::Rule,
        Cause::Length,
        Cause::Beginning,
        Cause::Ending,
        Cause::Sentences,
        Cause::Signs,
        Cause::Letters,
        Cause::Numbers,
        Cause::Links,
        Cause::Layout,
        Cause::Repetition,
        Cause::Position,
        Cause::Words,
        Cause::Above,
        Cause::Below,
        Cause::Before,
        Cause::After,
        Cause::Paragraph,
    ];

    /// The cause that a feature of the line belongs to.
    pub const fn of(feature: Feature) -> Cause {
        use Feature::*;
        match feature {
            ToldContent | ToldChrome => Cause::Rule,
            Characters | Words | ThreeWords | SixWords | TenWords | ManyWords | WordLength
            | Distinct => Cause::Length,
            StartsLower | StartsUpper | StartsCaseless | StartsDigit | Bullet | Hash
            | StartsQuoted | StartsGreater | StartsPipe | StartsBracket => Cause::Beginning,
            EndsSentence | EndsQuestion | EndsExclamation | EndsEllipsis | EndsColon
            | EndsComma | EndsLetter | EndsDigit | EndsClosed => Cause::Ending,
            Commas | CommaShare | SentenceEnds => Cause::Sentences,
            Signs | Separators | SeparatorShare | Quotes | Colons | Brackets | Copyrights | Ats
            | Currencies | Pipes | CodeSigns => Cause::Signs,
            Letters | Capitals | NoCase | Spaceless | Capitalised | Shouted => Cause::Letters,
            Digits | Numbers | Years => Cause::Numbers,
            Urls | Images | Links | LinkShare | Target | LinkMarks | LinkMarkShare => Cause::Links,
            Columns | Wrapped | Indent | AfterBlank | AfterBlanks => Cause::Layout,
            Seen | Known | KnownLong | KnownCount | NewCount | Echoes | NewEchoes | FarEchoes
            | TakesUp | TakenUp | NewTakenUp | SameStart | SameEnd | SameShape1 | SameShape2
            | SameShape3 | SameShapes => Cause::Repetition,
            LinesSoFar | WordsSoFar | LongSoFar | LongShareSoFar | BlankShareSoFar
            | WrappedShareSoFar | LinkMarksSoFar => Cause::Position,
        }
    }
}

/// A cause and what it gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// The cause.
    pub cause: Cause,
    /// The score without the causes before it, less the score without this one too, in log-odds:
    /// content is positive.
    pub points: f32,
    /// What the cause is in this line, in words.
    pub words: String,
}

/// A line with its reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// What the model says of the line.
    pub scores: Scores,
    /// What the user's rules say of it.
    pub told: Option<Told>,
    /// What moved the score, in the order in which it was taken away; at most [`MAX_REASONS`],
    /// each of [`MIN_POINTS`] or more.
    pub reasons: Vec<Reason>,
    /// The score without all these.
    pub rest: f32,
}

/// What the model sees of a line, and the line.
#[derive(Clone, Debug)]
struct Line<'p> {
    text: &'p [u8],
    dense: Dense,
    tokens: Vec<u32>,
    /// Whether it is of the same wrapped paragraph as the line before.
    goes_on: bool,
    told: Option<Told>,
    /// Which rule told.
    rule: Option<&'p str>,
}

/// The non-blank lines of a page, ready to be explained.
#[derive(Clone, Debug)]
pub struct Page<'p> {
    model: &'p Model,
    policy: Policy,
    lines: Vec<Line<'p>>,
    average: Dense,
    scores: Vec<Scores>,
    /// How much nearer to content each line is by the other lines of its paragraph, in log-odds.
    by_paragraph: Vec<f32>,
}

impl<'p> Page<'p> {
    /// A page of these lines, blank ones too, endings included or not. Memory goes with them: see
    /// [`MAX_BYTES`].
    pub fn new(
        model: &'p Model,
        policy: Policy,
        rules: &'p Rules,
        lines: impl IntoIterator<Item = &'p [u8]>,
    ) -> Page<'p> {
        let (mut extractor, mut forms) = (Extractor::new(), Forms::default());
        let (mut full, mut kinds) = (Vec::new(), Vec::new());
        for bytes in lines {
            if is_blank(bytes) {
                extractor.blank_lines(1);
                forms.blank_line();
                continue;
            }
            let text = strip_ending(bytes);
            let (told, rule) = rules.find(text).unzip();
            let mut tokens = Vec::new();
            let label = told.map(|told: Told| told.label);
            let dense = extractor.line(text, label, &mut |key| tokens.push(key));
            extractor.show(&mut full, |line: &mut Line<'_>| &mut line.dense);
            let form = forms.line(text, &dense);
            if let (Some(head), true) = (kinds.last_mut(), form.is_below_head) {
                *head = form.kind;
            }
            kinds.push(form.kind);
            let goes_on = extractor.goes_on();
            full.push(Line { text, dense, tokens, goes_on, told, rule });
        }
        let average = average(&full);
        let (own, scores) = score(model, &full);
        let by_paragraph =
            scores.iter().zip(own).map(|(scores, own)| scores.content - own).collect();
        let scores = scores.into_iter().zip(kinds);
        let scores = scores.map(|(scores, kind)| scores.of_form(kind)).collect();
        Page { model, policy, lines: full, average, scores, by_paragraph }
    }

    /// The features of the page's average line, as if no rule told of it.
    pub fn average(&self) -> &Dense {
        &self.average
    }

    /// How many lines there are that are not blank.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether no line is to be explained.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Explains these lines, one after the other.
    pub fn explain(&self, lines: Range<usize>) -> impl Iterator<Item = Explanation> {
        let mut at = Place::start(self);
        (0..lines.start).for_each(|_| at.go_on());
        lines.map(move |_| {
            let explanation = at.explain();
            at.go_on();
            explanation
        })
    }

    fn verdict(&self, line: usize) -> Verdict {
        self.policy.decide(&self.scores[line], self.lines[line].told)
    }
}

/// The mean of each feature, to the nearest whole number.
fn average(lines: &[Line<'_>]) -> Dense {
    let count = lines.len().max(1) as u64;
    let mut mean = [0; DENSE];
    for &feature in Feature::ALL {
        if Cause::of(feature) != Cause::Rule {
            let values = lines.iter().map(|line| u64::from(line.dense[feature as usize]));
            mean[feature as usize] = ((values.sum::<u64>() + count / 2) / count) as u8;
        }
    }
    mean
}

fn take(scorer: &mut Scorer<'_>, dense: &Dense, tokens: &[u32]) -> Option<Scores> {
    scorer.begin_line();
    tokens.iter().for_each(|&key| scorer.token(key));
    scorer.end_line(dense)
}

/// The log-odds of each line by itself, and its scores.
fn score(model: &Model, lines: &[Line<'_>]) -> (Vec<f32>, Vec<Scores>) {
    let (mut scorer, mut decoder) = (Scorer::new(model), Decoder::default());
    let mut own = Vec::new();
    for line in lines {
        decoder.expect(features::words(&line.dense), line.goes_on);
        own.extend(take(&mut scorer, &line.dense, &line.tokens));
    }
    own.extend(std::iter::from_fn(|| scorer.drain()));
    let mut decided = Vec::new();
    decoder.push(&own, &mut decided);
    decoder.drain(&mut decided);
    (own.iter().map(|scores| scores.content).collect(), decided)
}

/// The line that is explained next, and the model in the states it had on the way there.
struct Place<'e, 'p> {
    page: &'e Page<'p>,
    line: usize,
    /// Has taken the lines before `line`.
    here: Scorer<'p>,
    /// Has taken the lines before those that are near.
    behind: Scorer<'p>,
    words: Extractor,
}

impl<'e, 'p> Place<'e, 'p> {
    fn start(page: &'e Page<'p>) -> Place<'e, 'p> {
        let scorer = Scorer::new(page.model);
        Place { page, line: 0, here: scorer.clone(), behind: scorer, words: Extractor::new() }
    }

    fn go_on(&mut self) {
        let passed = &self.page.lines[self.line];
        take(&mut self.here, &passed.dense, &passed.tokens);
        if let Some(passed) = self.line.checked_sub(NEAR).map(|line| &self.page.lines[line]) {
            take(&mut self.behind, &passed.dense, &passed.tokens);
        }
        self.line += 1;
    }

    /// The first line that is near.
    fn first_near(&self) -> usize {
        self.line.saturating_sub(NEAR)
    }

    /// The line behind the last that is near.
    fn end_near(&self) -> usize {
        (self.line + NEAR + 1).min(self.page.len())
    }

    /// Whether taking the cause away can change anything.
    fn has(&self, cause: Cause) -> bool {
        let line = &self.page.lines[self.line];
        match cause {
            Cause::Words => !line.tokens.is_empty(),
            Cause::Above => self.line > 0,
            Cause::Below => self.line + 1 < self.page.len(),
            Cause::Before => self.first_near() > 0,
            Cause::After => self.end_near() < self.page.len(),
            Cause::Paragraph => self.page.by_paragraph[self.line] != 0.0,
            cause => self.muted(&[cause]) != line.dense,
        }
    }

    /// The features of the line without these causes.
    fn muted(&self, causes: &[Cause]) -> Dense {
        let mut dense = self.page.lines[self.line].dense;
        for &feature in Feature::ALL.iter().filter(|&&feature| causes.contains(&Cause::of(feature)))
        {
            dense[feature as usize] = self.page.average[feature as usize];
        }
        dense
    }

    /// The score of the line without these causes, and with these of its tokens.
    fn score_without(&self, causes: &[Cause], tokens: &[u32]) -> f32 {
        let without = |cause| causes.contains(&cause);
        let by_paragraph =
            if without(Cause::Paragraph) { 0.0 } else { self.page.by_paragraph[self.line] };
        let off_own = by_paragraph - self.page.scores[self.line].border;
        let page = self.page;
        let (mut scorer, start, mut scored) = if without(Cause::Before) {
            (Scorer::new(page.model), self.first_near(), self.first_near())
        } else if without(Cause::Above) {
            let start = self.first_near();
            (self.behind.clone(), start, start.saturating_sub(LOOKAHEAD))
        } else {
            (self.here.clone(), self.line, self.line.saturating_sub(LOOKAHEAD))
        };
        let end = if without(Cause::After) { self.end_near() } else { page.len() };
        let end = end.min(self.line + LOOKAHEAD + 1);
        for at in start..end {
            let line = &page.lines[at];
            let is_average = at < self.line && without(Cause::Above)
                || at > self.line && at < self.end_near() && without(Cause::Below);
            let scores = if at == self.line {
                let tokens = if without(Cause::Words) { &[] } else { tokens };
                take(&mut scorer, &self.muted(causes), tokens)
            } else if is_average {
                take(&mut scorer, &page.average, &[])
            } else {
                take(&mut scorer, &line.dense, &line.tokens)
            };
            if let Some(scores) = scores {
                if scored == self.line {
                    return scores.content + off_own;
                }
                scored += 1;
            }
        }
        let owed = std::iter::from_fn(|| scorer.drain()).nth(self.line - scored);
        owed.expect("a score is owed for every line").content + off_own
    }

    fn explain(&mut self) -> Explanation {
        let Line { ref tokens, told, .. } = self.page.lines[self.line];
        let scores = self.page.scores[self.line];
        let mut left: Vec<Cause> =
            Cause::ALL.into_iter().filter(|&cause| self.has(cause)).collect();
        let mut gone = Vec::new();
        let (mut reasons, mut rest) = (Vec::new(), scores.content - scores.border);
        while reasons.len() < MAX_REASONS {
            let without = left.iter().enumerate().map(|(index, &cause)| {
                gone.push(cause);
                let score = self.score_without(&gone, tokens);
                gone.pop();
                (index, score)
            });
            let moved = |score: f32| (rest - score).abs();
            let most = without.max_by(|a, b| moved(a.1).total_cmp(&moved(b.1)));
            let Some((index, score)) = most.filter(|most| moved(most.1) >= MIN_POINTS) else {
                break;
            };
            let cause = left.remove(index);
            let points = rest - score;
            let words = self.describe(cause, &gone, rest, points);
            reasons.push(Reason { cause, points, words });
            gone.push(cause);
            rest = score;
        }
        Explanation { scores, told, reasons, rest }
    }

    /// What the cause is in this line.
    fn describe(&mut self, cause: Cause, gone: &[Cause], with: f32, points: f32) -> String {
        let page = self.page;
        let line = &page.lines[self.line];
        let is = |feature: Feature| line.dense[feature as usize] > 0;
        let first_of = |choices: &[(Feature, &str)], otherwise: &str| {
            let found = choices.iter().find(|(feature, _)| is(*feature));
            found.map_or(otherwise, |(_, words)| words).to_owned()
        };
        let all_of = |choices: &[(Feature, &str)], otherwise: &str| {
            let found = choices.iter().filter(|(feature, _)| is(*feature));
            let found: Vec<&str> = found.map(|(_, words)| *words).collect();
            if found.is_empty() { otherwise.to_owned() } else { found.join(", ") }
        };
        use Feature as F;
        match cause {
            Cause::Rule => format!("your rule {}", line.rule.unwrap_or_default()),
            Cause::Length => first_of(
                &[
                    (F::ManyWords, "long, 25 words or more"),
                    (F::TenWords, "10 to 24 words"),
                    (F::SixWords, "6 to 9 words"),
                    (F::ThreeWords, "short, 3 to 5 words"),
                ],
                "very short, under 3 words",
            ),
            Cause::Beginning => first_of(
                &[
                    (F::Bullet, "starts with a bullet"),
                    (F::Hash, "starts with #"),
                    (F::StartsGreater, "starts with >"),
                    (F::StartsPipe, "starts with |"),
                    (F::StartsBracket, "starts with ["),
                    (F::StartsQuoted, "starts with a quotation mark"),
                    (F::StartsDigit, "starts with a digit"),
                    (F::StartsLower, "starts in lower case"),
                    (F::StartsUpper, "starts with a capital"),
                    (F::StartsCaseless, "starts with a letter"),
                ],
                "starts with a sign",
            ),
            Cause::Ending => first_of(
                &[
                    (F::EndsQuestion, "ends with a question mark"),
                    (F::EndsExclamation, "ends with an exclamation mark"),
                    (F::EndsEllipsis, "ends with an ellipsis"),
                    (F::EndsSentence, "ends like a sentence"),
                    (F::EndsColon, "ends with a colon"),
                    (F::EndsComma, "ends with a comma"),
                    (F::EndsDigit, "ends with a digit"),
                ],
                "no sentence end",
            ),
            Cause::Sentences => all_of(
                &[(F::Commas, "commas"), (F::SentenceEnds, "several sentences")],
                "no comma, no second sentence",
            ),
            Cause::Signs => {
                let found = all_of(
                    &[
                        (F::Separators, "separators"),
                        (F::Pipes, "pipes"),
                        (F::Copyrights, "a copyright sign"),
                        (F::Ats, "@"),
                        (F::Currencies, "currency"),
                        (F::CodeSigns, "signs of code"),
                        (F::Quotes, "quotation marks"),
                        (F::Colons, "colons"),
                        (F::Brackets, "brackets"),
                    ],
                    "",
                );
                match found.as_str() {
                    "" if is(F::Signs) => "few signs".to_owned(),
                    "" => "no signs".to_owned(),
                    found => format!("signs: {found}"),
                }
            }
            Cause::Letters => {
                let is_most = |feature: Feature| line.dense[feature as usize] >= MOST;
                let words = match () {
                    () if !is(F::Letters) => "no letters",
                    () if is_most(F::Shouted) => "words in capitals",
                    () if is(F::NoCase) => "letters without case",
                    () if is_most(F::Capitalised) => "most words capitalised",
                    () => "most words in lower case",
                };
                words.to_owned()
            }
            Cause::Numbers => all_of(&[(F::Digits, "numbers")], "no numbers"),
            Cause::Links => all_of(
                &[
                    (F::Urls, "URLs"),
                    (F::Links, "links"),
                    (F::Images, "images"),
                    (F::LinkMarks, "link marks"),
                ],
                "no links",
            ),
            Cause::Layout => all_of(
                &[
                    (F::Indent, "indented"),
                    (F::AfterBlank, "after a blank line"),
                    (F::Wrapped, "as wide as a wrapped line"),
                ],
                "no blank line before",
            ),
            Cause::Repetition => first_of(
                &[
                    (F::Seen, "seen before on the page"),
                    (F::SameShape1, "shaped like the line before"),
                    (F::SameStart, "starts like a line before"),
                    (F::TakesUp, "takes up a line like a heading above"),
                    (F::TakenUp, "taken up by the text below"),
                    (F::KnownLong, "comes back to words of the text so far"),
                    (F::SameEnd, "ends like a line before"),
                ],
                "repeats nothing of the page so far",
            ),
            Cause::Position => {
                let so_far = first_of(&[(F::LongSoFar, "after long ones")], "before any long one");
                format!("at line {} of the page, {so_far}", self.line + 1)
            }
            Cause::Words => {
                let named = self.strongest_words(gone, with, points);
                if named.is_empty() {
                    "its words together".to_owned()
                } else {
                    format!("words: {}", named.join(", "))
                }
            }
            Cause::Above => self.neighbours(self.first_near()..self.line, "above"),
            Cause::Below => self.neighbours(self.line + 1..self.end_near(), "below"),
            Cause::Before => self.article(0..self.first_near(), "further up"),
            Cause::After => {
                let end = (self.line + 1 + LOOKAHEAD).min(page.len());
                self.article(self.end_near()..end, "further down")
            }
            Cause::Paragraph => "the other lines of its paragraph".to_owned(),
        }
    }

    /// What most of the near lines are.
    fn neighbours(&self, lines: Range<usize>, side: &str) -> String {
        let mut counts = [0; Kind::COUNT];
        lines.for_each(|line| counts[self.page.verdict(line).kind as usize] += 1);
        let most = counts.iter().max();
        let usual = Kind::ALL.into_iter().find(|&kind| Some(&counts[kind as usize]) == most);
        format!("{} {side}", usual.expect("the kind of the most lines is a kind"))
    }

    /// How much of an article there is.
    fn article(&self, lines: Range<usize>, side: &str) -> String {
        match lines.filter(|&line| self.page.verdict(line).kind.is_content()).count() {
            0 => format!("no article {side}"),
            1 => format!("article {side} (1 line)"),
            count => format!("article {side} ({count} lines)"),
        }
    }

    /// The words that move the score most the way all words together do, the strongest first.
    fn strongest_words(&mut self, gone: &[Cause], with: f32, points: f32) -> Vec<String> {
        let line = &self.page.lines[self.line];
        let text = String::from_utf8_lossy(line.text);
        // Alone the line is cheap to score: that tells which words are worth a trial.
        let alone = |tokens: &[u32]| {
            let mut scorer = Scorer::new(self.page.model);
            take(&mut scorer, &line.dense, tokens);
            scorer.drain().map_or(0.0, |scores| scores.content)
        };
        let alone_with = alone(&line.tokens);
        let mut tried: Vec<(f32, String, Vec<u32>)> = Vec::new();
        for word in words(&text, &mut self.words).into_iter().take(MAX_WORDS) {
            let tokens = without_word(&line.tokens, word, &mut self.words);
            // In lower case, unless that is another word to the model, as of a dotted capital I.
            let lower = word.to_lowercase();
            let is_same =
                lower == word || without_word(&line.tokens, &lower, &mut self.words) == tokens;
            let word = if is_same { lower } else { word.to_owned() };
            if tokens.len() < line.tokens.len() && tried.iter().all(|(_, other, _)| *other != word)
            {
                tried.push(((alone_with - alone(&tokens)) * points.signum(), word, tokens));
            }
        }
        tried.sort_by(|a, b| b.0.total_cmp(&a.0));
        tried.truncate(TRIED_WORDS);
        let moves = tried.into_iter().map(|(_, word, tokens)| {
            let moved = (with - self.score_without(gone, &tokens)) * points.signum();
            (moved, word)
        });
        let mut moves: Vec<(f32, String)> =
            moves.filter(|(moved, _)| *moved >= NAMED_WORD_SHARE * points.abs()).collect();
        moves.sort_by(|a, b| b.0.total_cmp(&a.0));
        moves.into_iter().map(|(_, word)| word).collect()
    }
}

/// The words of a line, and pairs of characters where the script writes words together.
fn words<'t>(text: &'t str, extractor: &mut Extractor) -> Vec<&'t str> {
    let is_sign = |c: char| match c {
        c if c.is_ascii() => !c.is_ascii_alphanumeric(),
        c => {
            c.is_whitespace()
                || matches!(c, '\u{2010}'..='\u{2bff}' | '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{3020}' | '\u{ff00}'..='\u{ff0f}' | '«' | '»' | '·' | '\u{fffd}')
        }
    };
    let mut found = Vec::new();
    for run in text.split(is_sign).filter(|run| !run.is_empty()) {
        let dense = extractor.line(run.as_bytes(), None, &mut |_| {});
        if dense[Feature::Spaceless as usize] == 0 {
            found.push(run);
            continue;
        }
        let starts: Vec<usize> = run.char_indices().map(|(at, _)| at).chain([run.len()]).collect();
        match starts.len() {
            0..=2 => found.push(run),
            _ => found.extend(starts.windows(3).map(|at| &run[at[0]..at[2]])),
        }
    }
    found
}

/// `tokens` less those that the word alone would have.
fn without_word(tokens: &[u32], word: &str, extractor: &mut Extractor) -> Vec<u32> {
    let mut own = Vec::new();
    extractor.line(word.as_bytes(), None, &mut |key| own.push(key));
    tokens.iter().copied().filter(|key| !own.contains(key)).collect()
}
