//! Training data: pages as features, and the vocabulary.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::thread;

use super::corpus::{Page, Read};
use super::job::{self, Drawn, Teaser};
use super::script::{self, Script};
use super::{credit, made_up, teaser};
use crate::document::is_blank;
use crate::features::{Dense, Extractor, Feature, words};
use crate::fnv;
use crate::label::{Kind, Label};
use crate::model::Calibration;
use crate::model::math::sigmoid;
use crate::model::network::Logits;

/// A token is kept when it occurs on at least this many sites: rarer ones tell the page, not
/// the kind of line.
const MIN_SITES: u32 = 15;

/// Likewise counted over pages that are not English, whose sites are few.
const MIN_FOREIGN_SITES: u32 = 6;

/// At most this many tokens are kept, those on the most sites: the model must stay under 3 MB.
const MAX_TOKENS: usize = 140_000;

/// One site in this many is kept out of training, to calibrate on.
const TUNE_SITES: u64 = 16;

/// One page in this many that are in Latin letters is shown in a script without spaces too.
const IN_OTHER_SCRIPT: u64 = 4;

/// Weight of pages whose labels another tool made.
const SILVER_WEIGHT: f32 = 0.6;

/// Weight of pages that were made up, for they are few.
const MADE_UP_WEIGHT: f32 = 1.5;

/// The most a page of a rare source, language and type counts, against one of the most common.
const MAX_RARITY: f32 = 2.0;

/// A site with more dumps than this has them count less each: in all it counts as the square
/// root of their number.
const SITE_DUMPS: f32 = 8.0;

/// What a headline that its source leaves out of the content counts, against another line, and
/// squared where words are counted: it is one short line a page, and users miss it.
const HEADLINE_WEIGHT: f32 = 3.0;

/// Likewise for one that the source takes for content: the sources differ, users do not.
const FIRST_HEADING_WEIGHT: f32 = 2.0;

/// A probability that is as good as certain, for [`Example::doubt_labels`].
const SURE: f32 = 0.9;

/// A page as features.
#[derive(Clone, Debug, Default)]
pub struct Example {
    /// Dense features of its non-blank lines.
    pub dense: Vec<Dense>,
    /// Its lines' tokens, end to end: keys at first, then rows of the vocabulary.
    tokens: Vec<u32>,
    token_ends: Vec<usize>,
    /// Its lines' texts, end to end, and whether a blank line stood before each.
    text: String,
    text_ends: Vec<usize>,
    after_blank: Vec<bool>,
    /// Whether its words mean nothing: it has no tokens.
    is_wordless: bool,
    /// The line that is its headline.
    pub(super) headline: Option<usize>,
    /// What leads to other articles in its language.
    lead_ins: &'static [&'static str],
    /// The kinds of its lines, where known.
    pub labels: Vec<Option<Kind>>,
    /// What a reader takes its lines for, if it was read or made up.
    read: Vec<Option<Read>>,
    /// Square roots of its lines' number of words.
    roots: Vec<f32>,
    /// Whether the page was written for training: then its labels say what its lines are.
    pub(super) is_made_up: bool,
    /// What the page counts.
    pub weight: f32,
    /// Pages of the same language and renderer have the same; others hardly ever.
    pub style: u64,
    /// Picks the part of the pages it belongs to when they are split by site.
    pub site: u64,
    /// What a network that never saw its site says of its lines, if one was asked.
    pub opinions: Vec<Opinion>,
}

/// What a line should be.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its label.
    pub kind: Kind,
    /// Square root of its number of words: what it counts.
    pub root: f32,
    /// How many times as much it counts where words are not counted.
    pub stress: f32,
    /// What another network thinks.
    pub opinion: Option<Opinion>,
}

impl Target {
    /// How much it should be content, 0 to 1, the opinion counting `share` where there is one.
    pub fn content(&self, share: f32) -> f32 {
        let label = f32::from(u8::from(self.kind.is_content()));
        self.opinion.map_or(label, |opinion| label + share * (opinion.content - label))
    }

    /// What its kind should be of those on its side, each from 0 to 1. The label `other` says only
    /// that nothing in the page told the kind: then the opinion alone counts, or nothing.
    pub fn kinds(&self, share: f32) -> [f32; Kind::COUNT] {
        let mut kinds = [0.0; Kind::COUNT];
        if let Some(opinion) = &self.opinion {
            let side = Kind::of(self.kind.label());
            for (kind, &opinion) in kinds[side.clone()].iter_mut().zip(&opinion.kinds[side]) {
                *kind = share / 255.0 * f32::from(opinion);
            }
        }
        if self.kind != Kind::Other {
            kinds[self.kind as usize] += if self.opinion.is_some() { 1.0 - share } else { 1.0 };
        }
        kinds
    }

    /// About how many words it has.
    pub fn words(&self) -> f32 {
        self.root * self.root
    }
}

/// What a network thinks of a line.
#[derive(Clone, Copy, Debug)]
pub struct Opinion {
    /// Probability of content.
    pub content: f32,
    /// Probabilities of the kinds on each side, of 255.
    pub kinds: [u8; Kind::COUNT],
}

impl Example {
    /// Features of a page, tokens as keys.
    pub fn of(page: &Page) -> Example {
        let lead_ins = teaser::lead_ins(&page.lang);
        let is_made_up = page.set == made_up::SET;
        let mut example = Example { weight: 1.0, lead_ins, is_made_up, ..Example::default() };
        let mut extractor = Extractor::new();
        let headline = page.headline();
        let mut after_blank = false;
        for (number, text, letter) in page.lines() {
            // The dump's own lines: a `\r` before the `\n` is no text.
            let text = text.strip_suffix('\r').unwrap_or(text);
            if is_blank(text.as_bytes()) {
                extractor.blank_lines(1);
                after_blank = true;
            } else {
                let is_headline = Some(number) == headline;
                let kind =
                    if is_headline { Some(Kind::Heading) } else { Kind::from_letter(letter) };
                example.push(&mut extractor, text, kind);
                example.read.extend(page.read.get(number));
                example.remember(text, std::mem::take(&mut after_blank));
                if is_headline {
                    example.headline = Some(example.lines() - 1);
                }
            }
        }
        example.weigh_headline();
        example.tell_layout_from_tables();
        example
    }

    /// The headline counts more than other lines. Where the source does not leave it out it is the
    /// first line of content, if that is a heading.
    fn weigh_headline(&mut self) {
        let mut weight = HEADLINE_WEIGHT;
        if self.headline.is_none() {
            let is_content = |kind: &Option<Kind>| kind.is_some_and(Kind::is_content);
            let first = self.labels.iter().position(is_content);
            self.headline = first.filter(|&line| self.labels[line] == Some(Kind::Heading));
            weight = FIRST_HEADING_WEIGHT;
        }
        if let Some(line) = self.headline {
            self.roots[line] *= weight;
        }
    }

    /// Old pages stand in tables from top to bottom, so prose was labelled as a table there. Where
    /// most words of a page's tables are in lines that read like prose, all of it is.
    fn tell_layout_from_tables(&mut self) {
        const PROSE_WORDS: u32 = 8;
        let (mut all, mut prose) = (0, 0);
        for (dense, label) in self.dense.iter().zip(&self.labels) {
            if *label == Some(Kind::Table) {
                let words = words(dense);
                let has_cells =
                    dense[Feature::Pipes as usize] + dense[Feature::Numbers as usize] > 15;
                all += words;
                prose += if words >= PROSE_WORDS && !has_cells { words } else { 0 };
            }
        }
        if 2 * prose > all {
            for label in self.labels.iter_mut().filter(|label| **label == Some(Kind::Table)) {
                *label = Some(Kind::Prose);
            }
        }
    }

    /// The same page, as it would look in another script.
    fn in_script(&self, page: &Page, script: Script) -> Example {
        let page = script.page(page);
        let mut example = Example { weight: self.weight, is_wordless: true, ..Example::of(&page) };
        example.forget_words();
        example
    }

    fn forget_words(&mut self) {
        self.tokens.clear();
        self.token_ends.fill(0);
    }

    /// Features of lines that have nothing to do with each other, tokens as keys.
    pub(super) fn from_lines(lines: impl IntoIterator<Item = (String, Kind)>) -> Example {
        let mut example = Example { weight: 1.0, ..Example::default() };
        let mut extractor = Extractor::new();
        for (text, kind) in lines {
            extractor.reset();
            example.push(&mut extractor, &text, Some(kind));
            example.remember(&text, false);
        }
        example
    }

    /// A page of the lines of a job, some of them of other pages, as the extractor sees it: what a
    /// line repeats is told anew.
    pub(super) fn together(data: &Data, lines: &[Drawn], extractor: &mut Extractor) -> Example {
        let mut example = Example { weight: 1.0, ..Example::default() };
        extractor.reset();
        for drawn in lines {
            let (page, line) = (job::page(data, drawn.page), drawn.line as usize);
            if page.after_blank[line] && drawn.teaser != Some(Teaser::Close) {
                extractor.blank_lines(1);
            }
            let text = page.text(line);
            let lead_in = |pick: u32| {
                let lead_ins = page.lead_ins;
                (!lead_ins.is_empty()).then(|| lead_ins[pick as usize % lead_ins.len()])
            };
            let mut push = |text: &str| example.push(extractor, text, Some(Kind::Related));
            match drawn.teaser {
                Some(Teaser::LedIn(pick)) => match lead_in(pick) {
                    Some(lead_in) => {
                        let headline = text.trim_start_matches(['#', ' ', '*', '•']);
                        push(&format!("{lead_in} {headline}"));
                    }
                    None => push(text),
                },
                Some(Teaser::Excerpt(most)) => push(&excerpt(text, most)),
                // There is a line for each that was drawn, whatever the language.
                Some(Teaser::More(pick)) => {
                    push(lead_in(pick).unwrap_or("…").trim_matches([':', '：', ' ']));
                }
                Some(Teaser::Alone | Teaser::Close) => push(text),
                None => {
                    example.push(extractor, text, page.labels[line]);
                    *example.roots.last_mut().expect("just pushed") = page.roots[line];
                }
            }
        }
        if lines.iter().any(|drawn| job::page(data, drawn.page).is_wordless) {
            example.forget_words();
        }
        example.look_up(&data.rows);
        example
    }

    /// Keeps the text of the line just pushed.
    fn remember(&mut self, text: &str, after_blank: bool) {
        self.text.push_str(text);
        self.text_ends.push(self.text.len());
        self.after_blank.push(after_blank);
    }

    /// The text of a line.
    pub(super) fn text(&self, line: usize) -> &str {
        let start = if line == 0 { 0 } else { self.text_ends[line - 1] };
        &self.text[start..self.text_ends[line]]
    }

    fn push(&mut self, extractor: &mut Extractor, text: &str, label: Option<Kind>) {
        let tokens = &mut self.tokens;
        let dense = extractor.line(text.as_bytes(), None, &mut |key| tokens.push(key));
        extractor.show(&mut self.dense, |dense| dense);
        self.token_ends.push(self.tokens.len());
        self.labels.push(label);
        self.roots.push((words(&dense) as f32).sqrt());
        self.dense.push(dense);
    }

    /// A page of given features and rows of tokens, every line of the same weight.
    #[cfg(test)]
    pub(super) fn from_rows(rows: Vec<(Dense, Vec<u32>, Option<Kind>)>) -> Example {
        let mut example = Example { weight: 1.0, ..Example::default() };
        for (dense, tokens, label) in rows {
            example.dense.push(dense);
            example.tokens.extend(tokens);
            example.token_ends.push(example.tokens.len());
            example.labels.push(label);
            example.roots.push(1.0);
            example.remember("", false);
        }
        example
    }

    /// The same page, read.
    #[cfg(test)]
    pub(super) fn read_as(self, read: Vec<Option<Read>>) -> Example {
        Example { read, ..self }
    }

    /// How many non-blank lines it has.
    pub fn lines(&self) -> usize {
        self.dense.len()
    }

    /// The tokens of a line.
    pub fn tokens(&self, line: usize) -> &[u32] {
        let start = if line == 0 { 0 } else { self.token_ends[line - 1] };
        &self.tokens[start..self.token_ends[line]]
    }

    /// Every line and what it should be, as
    /// [`Tape::forward`](super::backward::Tape::forward) takes them.
    pub fn each_line(&self) -> impl Iterator<Item = (&Example, usize, Option<Target>)> {
        (0..self.lines()).map(move |line| (self, line, self.target(line)))
    }

    /// Takes further opinions on its lines into the mean of those of `count` networks before.
    pub fn hear(&mut self, opinions: &[Opinion], count: f32) {
        if count == 0.0 {
            self.opinions = opinions.to_vec();
            return;
        }
        for (mean, new) in self.opinions.iter_mut().zip(opinions) {
            mean.content += (new.content - mean.content) / (count + 1.0);
            for (mean, &new) in mean.kinds.iter_mut().zip(&new.kinds) {
                let sum = f32::from(*mean) * count + f32::from(new);
                *mean = (sum / (count + 1.0)).round() as u8;
            }
        }
    }

    /// A line of the label `other` is chrome because the page's content, as its source gives it, does
    /// not have it. Where networks that never saw the site are sure that it is content, the content
    /// is mostly cut short: then what the line is counts as unknown.
    pub fn doubt_labels(&mut self) {
        for (label, opinion) in self.labels.iter_mut().zip(&self.opinions) {
            if *label == Some(Kind::Other) && opinion.content > SURE {
                *label = None;
            }
        }
    }

    /// Whether the page was read, or another dump of it, or made up.
    pub(super) fn is_read(&self) -> bool {
        !self.read.is_empty()
    }

    /// What a reader takes a line for, if it was read.
    pub(super) fn read(&self, line: usize) -> Option<Read> {
        self.read.get(line).copied().flatten()
    }

    /// What a line should be, where that is known.
    pub fn target(&self, line: usize) -> Option<Target> {
        let opinion = self.opinions.get(line).copied();
        self.labels[line].map(|kind| Target { kind, root: self.roots[line], stress: 1.0, opinion })
    }

    /// What a line counts within its page.
    pub fn line_weight(&self, line: usize) -> f32 {
        self.roots[line]
    }

    /// Turns keys into rows; tokens without a row go.
    fn look_up(&mut self, rows: &KeyMap<u32>) {
        let mut kept = Vec::new();
        let mut start = 0;
        for end in &mut self.token_ends {
            kept.extend(self.tokens[start..*end].iter().filter_map(|key| rows.get(key)));
            start = *end;
            *end = kept.len();
        }
        kept.shrink_to_fit();
        self.tokens = kept;
    }
}

/// The first words of a line, at most `most` of them, and an ellipsis if there are more.
fn excerpt(text: &str, most: u32) -> String {
    let is_spaceless = text.len() > 12 * (1 + text.matches(' ').count());
    let end = if is_spaceless {
        text.char_indices().nth(most.saturating_mul(2) as usize).map(|(at, _)| at)
    } else {
        text.match_indices(' ').nth(most.saturating_sub(1) as usize).map(|(at, _)| at)
    };
    end.map_or_else(|| text.to_owned(), |end| format!("{}…", &text[..end]))
}

impl Opinion {
    /// What a network's `logits` say.
    pub fn of(logits: &Logits, calibration: &Calibration) -> Opinion {
        let content = sigmoid(calibration.factor * logits.content + calibration.offset);
        let mut kinds = [0; Kind::COUNT];
        for side in [Label::Content, Label::Chrome] {
            for (kind, probability) in kinds.iter_mut().zip(logits.kinds_of(side)) {
                *kind += (255.0 * probability).round() as u8;
            }
        }
        Opinion { content, kinds }
    }
}

/// Keys are hashes already.
#[derive(Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are u32")
    }

    fn write_u32(&mut self, key: u32) {
        self.0 = u64::from(key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type KeyMap<V> = HashMap<u32, V, BuildHasherDefault<KeyHasher>>;

/// All that a training run needs.
#[derive(Debug)]
pub struct Data {
    /// Keys of the vocabulary, rising; a token's row is its place here.
    pub keys: Vec<u32>,
    /// Pages to train on.
    pub train: Vec<Example>,
    /// Pages of other sites, to calibrate on.
    pub tune: Vec<Example>,
    /// Lines that name whom a picture is from, on no page.
    pub credits: Example,
    rows: KeyMap<u32>,
}

impl Data {
    /// Turns pages into training data on two threads.
    pub fn from_pages(pages: &[Page]) -> Data {
        let (left, right) = pages.split_at(pages.len() / 2);
        let of = |pages: &[Page]| pages.iter().map(Example::of).collect::<Vec<_>>();
        let mut examples = thread::scope(|scope| {
            let left = scope.spawn(|| of(left));
            let right = of(right);
            let mut examples = left.join().expect("feature extraction does not panic");
            examples.extend(right);
            examples
        });
        weigh(pages, &mut examples);
        let is_tune = |(page, example): (&Page, &Example)| {
            !example.is_made_up && name_hash(&page.site).is_multiple_of(TUNE_SITES)
        };
        let tune: Vec<bool> = pages.iter().zip(&examples).map(is_tune).collect();
        let keys = vocabulary(pages, &examples, &tune);
        let rows: KeyMap<u32> =
            keys.iter().enumerate().map(|(row, &key)| (key, row as u32)).collect();
        let mut credits = credit::lines();
        credits.look_up(&rows);
        let mut data = Data { keys, rows, train: Vec::new(), tune: Vec::new(), credits };
        for ((mut example, tune), page) in examples.into_iter().zip(tune).zip(pages) {
            if example.labels.iter().all(Option::is_none) {
                continue;
            }
            example.look_up(&data.rows);
            example.site = name_hash(&page.site) / TUNE_SITES;
            example.style = style(&page.lang, &page.renderer);
            if tune {
                data.tune.push(example);
                continue;
            }
            let shown = shown_in(page).map(|script| Example {
                site: example.site,
                style: style(script.language(), &page.renderer),
                ..example.in_script(page, script)
            });
            data.train.push(example);
            data.train.extend(shown);
        }
        data
    }

    /// All opinions on the pages to train on, as bytes: for each page the number of its lines with
    /// one, and of each line a probability and those of the kinds.
    pub fn opinions(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for page in &self.train {
            bytes.extend((page.opinions.len() as u32).to_le_bytes());
            for opinion in &page.opinions {
                bytes.extend(opinion.content.to_le_bytes());
                bytes.extend(opinion.kinds);
            }
        }
        bytes
    }

    /// Takes opinions back; whether they can be those of these pages.
    #[must_use]
    pub fn take_opinions(&mut self, mut bytes: &[u8]) -> bool {
        for page in &mut self.train {
            let Some(count) = bytes.split_off(..4) else { return false };
            let count = u32::from_le_bytes(count.try_into().expect("four bytes")) as usize;
            let len = 4 + Kind::COUNT;
            let Some(opinions) = bytes.split_off(..count * len) else { return false };
            if count != 0 && count != page.lines() {
                return false;
            }
            let opinion = |bytes: &[u8]| {
                let (content, kinds) = bytes.split_first_chunk().expect("as long as that");
                let kinds = kinds.try_into().expect("a byte for each kind");
                Opinion { content: f32::from_le_bytes(*content), kinds }
            };
            page.opinions = opinions.chunks_exact(len).map(opinion).collect();
        }
        bytes.is_empty()
    }
}

#[cfg(test)]
impl Data {
    /// Pages to train on, without a vocabulary.
    pub(super) fn of_examples(train: Vec<Example>) -> Data {
        Data {
            keys: Vec::new(),
            rows: KeyMap::default(),
            train,
            tune: Vec::new(),
            credits: Example::default(),
        }
    }
}

/// The script in which a page is shown too, if it is one of those.
fn shown_in(page: &Page) -> Option<Script> {
    let pick = name_hash(&format!("{} {}", page.id, page.renderer));
    let script = Script::ALL[(pick / IN_OTHER_SCRIPT) as usize % Script::ALL.len()];
    (pick.is_multiple_of(IN_OTHER_SCRIPT) && script::is_latin(page)).then_some(script)
}

fn style(language: &str, renderer: &str) -> u64 {
    name_hash(&format!("{language} {renderer}"))
}

fn name_hash(name: &str) -> u64 {
    name.bytes().fold(fnv::START, |hash, byte| fnv::step(hash, u64::from(byte))) >> 17
}

/// Pages of rare groups (source, language, type) count more, pages of sites that have many less,
/// pages with weak labels less.
fn weigh(pages: &[Page], examples: &mut [Example]) {
    fn group(page: &Page) -> (&str, &str, &str) {
        (&page.set, &page.lang, &page.page_type)
    }
    let mut groups: HashMap<_, u32> = HashMap::new();
    let mut sites: HashMap<_, u32> = HashMap::new();
    for page in pages {
        *groups.entry(group(page)).or_default() += 1;
        *sites.entry((&page.set, &page.site)).or_default() += 1;
    }
    let most = groups.values().copied().max().unwrap_or(1) as f32;
    for (page, example) in pages.iter().zip(examples) {
        let rarity = (most / groups[&group(page)] as f32).powf(0.25).min(MAX_RARITY);
        let dumps = sites[&(&page.set, &page.site)] as f32;
        let crowd = (dumps / SITE_DUMPS).max(1.0).sqrt();
        let quality = if page.gold_quality { 1.0 } else { SILVER_WEIGHT };
        let made_up = if example.is_made_up { MADE_UP_WEIGHT } else { 1.0 };
        example.weight = rarity * quality * made_up / crowd;
    }
}

/// The keys worth an embedding, rising: of the corpus's pages that are trained on.
fn vocabulary(pages: &[Page], examples: &[Example], tune: &[bool]) -> Vec<u32> {
    #[derive(Clone, Copy)]
    struct Count {
        last_site: u32,
        sites: u32,
        foreign: u32,
    }
    let is_counted = |&index: &usize| !tune[index] && !examples[index].is_made_up;
    let mut order: Vec<usize> = (0..pages.len()).filter(is_counted).collect();
    order.sort_by(|&a, &b| pages[a].site.cmp(&pages[b].site));
    let mut counts: KeyMap<Count> = KeyMap::default();
    let (mut site, mut name) = (0, "");
    for index in order {
        if pages[index].site != name {
            (site, name) = (site + 1, &pages[index].site);
        }
        let foreign = u32::from(pages[index].lang != "en");
        for &key in &examples[index].tokens {
            let count = counts.entry(key).or_insert(Count { last_site: 0, sites: 0, foreign: 0 });
            if count.last_site != site {
                count.last_site = site;
                count.sites += 1;
                count.foreign += foreign;
            }
        }
    }
    // A key's rank is its number of sites against what is asked.
    let mut ranked: Vec<(u32, u32)> = counts
        .into_iter()
        .map(|(key, count)| ((count.sites * MIN_FOREIGN_SITES).max(count.foreign * MIN_SITES), key))
        .filter(|&(rank, _)| rank >= MIN_SITES * MIN_FOREIGN_SITES)
        .collect();
    ranked.sort_by(|a, b| b.cmp(a));
    ranked.truncate(MAX_TOKENS);
    let mut keys: Vec<u32> = ranked.into_iter().map(|(_, key)| key).collect();
    keys.sort_unstable();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str, letters: &str) -> String {
        let page = Page::labelled(text, letters);
        let letter = |label: &Option<Kind>| char::from(label.map_or(b'-', Kind::letter));
        Example::of(&page).labels.iter().map(letter).collect()
    }

    #[test]
    fn made_up_pages_are_trained_on_and_make_no_words_known_and_calibrate_nothing() {
        let pages = |set: &str, text: &str| -> Vec<Page> {
            let site = |site| Page {
                set: set.to_owned(),
                site: format!("{site}.example"),
                ..Page::labelled(text, "p")
            };
            (0..100).map(site).collect()
        };
        let corpus = pages("a", "Ferries sail.");
        let both = [corpus.clone(), pages(made_up::SET, "Zeppelins fly.")].concat();
        let [corpus, both] = [corpus, both].map(|pages| Data::from_pages(&pages));
        assert!(!corpus.keys.is_empty() && !corpus.tune.is_empty());
        assert_eq!((&both.keys, both.tune.len()), (&corpus.keys, corpus.tune.len()));
        assert!(both.train.iter().filter(|page| page.is_made_up).count() >= 100);
    }

    #[test]
    fn a_table_of_prose_is_no_table() {
        let prose = "The council decided on Monday that the ferries sail all winter.";
        assert_eq!(labels(&format!("Home\n\n{prose}\nSigned"), "N tt"), "Npp");
        assert_eq!(labels("Year\tShips\n1950\t3\n1960\t5", "ttt"), "ttt");
        let row = "| Line | Ships | From | To | Winter | Fares | Seats | Owner |";
        assert_eq!(labels(&format!("{row}\n{row}"), "tt"), "tt");
    }

    #[test]
    fn a_headline_that_the_source_leaves_out_is_a_heading_and_counts_more() {
        let page = Page::labelled("Home\nFerries sail\nIt was decided.", "N-p");
        let example = Example::of(&page);
        let target = |line| example.target(line).expect("a label");
        assert_eq!(target(1).kind, Kind::Heading);
        assert!(target(1).root > target(2).root);
    }

    #[test]
    fn a_heading_that_starts_the_content_counts_more() {
        let page = Page::labelled("Home\nFerries sail\nIt was decided.\nHow so", "Nhph");
        let example = Example::of(&page);
        assert_eq!(example.headline, Some(1));
        assert_eq!(example.roots[1], FIRST_HEADING_WEIGHT * example.roots[3]);
    }

    fn drawn(page: u32, line: u32, teaser: Option<Teaser>) -> Drawn {
        Drawn { page, line, teaser }
    }

    #[test]
    fn lines_put_together_have_the_features_of_such_a_page() {
        let first = Page::labelled("Home\n\nFerries sail\nThe ferries sail in winter.", "N hp");
        let other = Page::labelled("Ferries sail again\n\nHome", "h N");
        let mut expected = Page::labelled(
            "Home\n\nFerries sail\n\nHome\nThe ferries sail in winter.\nRead more: Ferries sail again",
            "N h NpR",
        );
        let data = Data::of_examples(vec![Example::of(&first), Example::of(&other)]);
        let mut extractor = Extractor::new();
        let lines = [
            drawn(0, 0, None),
            drawn(0, 1, None),
            drawn(1, 1, None),
            drawn(0, 2, None),
            drawn(1, 0, Some(Teaser::LedIn(0))),
        ];
        let of = |example: &Example| (example.dense.clone(), example.labels.clone());
        let together = Example::together(&data, &lines, &mut extractor);
        assert_eq!(of(&together), of(&Example::of(&expected)));
        // Of a language whose words we do not know, the headline alone is a teaser.
        expected.text = expected.text.replace("Read more: ", "");
        let mut data = data;
        data.train[1].lead_ins = &[];
        let together = Example::together(&data, &lines, &mut extractor);
        assert_eq!(of(&together), of(&Example::of(&expected)));
    }

    #[test]
    fn a_teaser_may_follow_without_a_blank_line() {
        let page = Page::labelled("Home\n\nFerries sail", "N h");
        let data = Data::of_examples(vec![Example::of(&page)]);
        let dense = |teaser: Teaser| {
            let lines = [drawn(0, 0, None), drawn(0, 1, Some(teaser))];
            Example::together(&data, &lines, &mut Extractor::new()).dense[1]
        };
        assert_eq!(dense(Teaser::Alone), data.train[0].dense[1]);
        assert_ne!(dense(Teaser::Close), dense(Teaser::Alone));
    }

    #[test]
    fn an_excerpt_is_the_first_words_of_a_line() {
        assert_eq!(excerpt("The ferries sail all winter.", 2), "The ferries…");
        assert_eq!(excerpt("The ferries sail.", 9), "The ferries sail.");
        assert_eq!(excerpt("渡船整个冬天都会开航，市议会星期一这样决定。", 3), "渡船整个冬天…");
        assert_eq!(excerpt("", 0), "");
    }

    #[test]
    fn opinions_can_be_kept_for_the_same_pages() {
        let page = |letters: &str| {
            Example::of(&Page::labelled(&"Home\n".repeat(letters.len() - 1), letters))
        };
        let mut data = Data::of_examples(vec![page("Np "), page("N ")]);
        let opinion = |content| Opinion { content, kinds: std::array::from_fn(|kind| kind as u8) };
        data.train[0].opinions = vec![opinion(0.25), opinion(0.5)];
        let bytes = data.opinions();
        let mut others = Data::of_examples(vec![page("Np "), page("N ")]);
        assert!(others.take_opinions(&bytes));
        let content = |page: &Example| page.opinions.iter().map(|o| o.content).collect::<Vec<_>>();
        assert_eq!(content(&others.train[0]), [0.25, 0.5]);
        assert_eq!(others.train[0].opinions[1].kinds, data.train[0].opinions[1].kinds);
        assert!(others.train[1].opinions.is_empty());
        assert!(!others.take_opinions(&bytes[1..]) && !others.take_opinions(&bytes[..9]));
        assert!(!Data::of_examples(vec![page("N "), page("Np ")]).take_opinions(&bytes));
    }

    #[test]
    fn labels_that_say_little_are_doubted_where_opinions_are_sure() {
        let mut page = Example::of(&Page::labelled(&["It rained."; 4].join("\n"), "OONp"));
        let opinion = |content| Opinion { content, kinds: [0; Kind::COUNT] };
        page.opinions = [0.95, 0.85, 0.95, 0.01].map(opinion).into();
        page.doubt_labels();
        assert_eq!(page.labels, [None, Some(Kind::Other), Some(Kind::Menu), Some(Kind::Prose)]);
    }

    #[test]
    fn a_page_in_another_script_has_the_same_lines_and_no_words() {
        let page = Page::labelled("Home\n\nThe ferries sail all winter, it was decided.", "N p");
        let example = Example::of(&page);
        for script in Script::ALL {
            let shown = example.in_script(&page, script);
            assert_eq!(shown.labels, example.labels);
            assert!(shown.tokens(0).is_empty() && shown.tokens(1).is_empty());
            let no_case = Feature::NoCase as usize;
            assert!(shown.dense[1][no_case] > 0 && example.dense[1][no_case] == 0);
        }
    }
}
