//! What a step of training sees of a page: a run of its lines, cut, one-sided, or with lines of
//! other pages between its paragraphs, about its headline, and before or after its content.

use std::collections::HashMap;

use super::Settings;
use super::data::{Data, Example};
use super::random::Random;
use crate::label::Kind;

/// Lines of pages that make a document, and the start of its random sequence.
pub(super) struct Job {
    /// The page.
    pub index: usize,
    /// Its lines.
    pub lines: Vec<Drawn>,
    /// Whether lines of other pages are among them, so that features must be told anew.
    pub is_mixed: bool,
    /// What its random sequence starts from.
    pub seed: u64,
}

/// A line of a page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Drawn {
    pub page: u32,
    pub line: u32,
    /// How the headline of another page is shown.
    pub teaser: Option<Teaser>,
}

/// How a headline leads from one page to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Teaser {
    /// As it stands on its own page.
    Alone,
    /// Without a blank line before it.
    Close,
    /// After words that say so, if we know some in its language; the number picks them.
    LedIn(u32),
    /// Not the headline but the text that follows it, so many words of it.
    Excerpt(u32),
    /// Only words that say that there is more, if we know some; the number picks them.
    More(u32),
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
        let own = |line: usize| Drawn { page: index as u32, line: line as u32, teaser: None };
        let mut lines: Vec<Drawn> = (start..start + len).map(own).collect();
        let mut is_mixed = false;
        if random.unit() < settings.cut_pages {
            let cut = random.below(len / 2 + 1);
            let from = random.below(len - cut + 1);
            lines.drain(from..from + cut);
        }
        let is_content = |drawn: &Drawn| Some(example.labels[drawn.line as usize]?.is_content());
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
                is_mixed = true;
                let count = 1 + random.below(3);
                // Pictures often stand below headings, of which there are few.
                let kind = |at: usize| example.labels[lines[at].line as usize];
                let is_below_heading = |&at: &usize| kind(at - 1) == Some(Kind::Heading);
                let below: Vec<usize> = gaps.iter().copied().filter(is_below_heading).collect();
                let mut place = || {
                    let is_below = random.below(3) == 0 && !below.is_empty();
                    let gaps = if is_below { &below } else { &gaps };
                    gaps[random.below(gaps.len())]
                };
                let mut places: Vec<usize> = (0..count).map(|_| place()).collect();
                places.sort_unstable();
                for &place in places.iter().rev() {
                    lines.splice(place..place, inserts.draw(example.style, index, random));
                }
            }
        }
        if random.unit() < settings.chrome_about_headline
            && let Some(headline) = example.headline.map(own)
            && let Some(at) = lines.iter().position(|&line| line == headline)
        {
            is_mixed = true;
            let after = inserts.about_headline(example.style, 1 + random.below(3), random);
            lines.splice(at + 1..at + 1, after);
            let count = random.below(3).saturating_sub(1);
            lines.splice(at..at, inserts.about_headline(example.style, count, random));
        }
        if random.unit() < settings.listed_pages {
            let is_own_content =
                |drawn: &Drawn| drawn.page == index as u32 && is_content(drawn) == Some(true);
            let first = lines.iter().position(is_own_content);
            let last = lines.iter().rposition(is_own_content);
            if let (Some(first), Some(last)) = (first, last) {
                let is_article = example.headline.is_some();
                let list = inserts.list(example.style, index, is_article, random);
                let at = if random.below(2) == 0 {
                    random.below(first + 1)
                } else {
                    last + 1 + random.below(lines.len() - last)
                };
                is_mixed |= !list.is_empty();
                lines.splice(at..at, list);
            }
        }
        Job { index, lines, is_mixed, seed: random.next() }
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
    fn lines(self) -> impl Iterator<Item = Drawn> {
        let drawn = move |line| Drawn { page: self.page, line, teaser: None };
        (self.start..self.start + self.len).map(drawn)
    }
}

/// Lines that can stand between the paragraphs of an article, about its headline, or before and after
/// it, by style of its page.
#[derive(Default)]
pub(super) struct Inserts {
    /// How many lines of [`Data::credits`] there are.
    credits: u32,
    /// By [`Example::style`].
    styles: HashMap<u64, Style>,
}

/// What there is of one style.
#[derive(Default)]
struct Style {
    /// Runs by sort.
    runs: [Vec<Run>; SORTS],
    /// Where articles start.
    articles: Vec<Article>,
}

/// The start of an article.
#[derive(Clone, Copy, Debug)]
struct Article {
    page: u32,
    headline: u32,
    /// The first lines of its text.
    text: u32,
    text_len: u32,
}

/// The kinds of chrome that stand between paragraphs.
const INSERTED: [Kind; 6] =
    [Kind::Caption, Kind::Related, Kind::Ad, Kind::Form, Kind::Byline, Kind::Share];

/// Further sorts of runs: any chrome between content, captions that could be a sentence, and
/// headlines.
const BETWEEN: usize = INSERTED.len();
const SENTENCE: usize = INSERTED.len() + 1;
const HEADLINE: usize = INSERTED.len() + 2;

/// And menus.
const MENU: usize = INSERTED.len() + 3;

/// How many sorts there are.
const SORTS: usize = INSERTED.len() + 4;

/// The fewest lines of one that is part of a longer one.
const MENU_LINES: usize = 5;

/// The most lines of an excerpt: where lines are wrapped it takes several.
const EXCERPT_LINES: usize = 4;

/// The fewest words of such a caption.
const SENTENCE_WORDS: f32 = 6.0;

/// A headline that is shown as a teaser has more bytes than this, or more spaces than that; a short
/// one could be a heading of any article. And it is no paragraph.
const TEASER_BYTES: usize = 30;
const TEASER_SPACES: usize = 3;
const MAX_TEASER_BYTES: usize = 200;

/// The longest run, but for menus.
const MAX_INSERT: usize = 4;

/// Where the runs of these kinds are.
const CAPTION: usize = 0;
const RELATED: usize = 1;
const BYLINE: usize = 4;
const SHARE: usize = 5;
const _: () = {
    assert!(matches!(INSERTED[CAPTION], Kind::Caption));
    assert!(matches!(INSERTED[RELATED], Kind::Related));
    assert!(matches!(INSERTED[BYLINE], Kind::Byline));
    assert!(matches!(INSERTED[SHARE], Kind::Share));
};

/// Stands for the page of [`Data::credits`].
const CREDITS: u32 = u32::MAX;

/// The page that a line of a [`Job`] is from.
pub(super) fn page(data: &Data, index: u32) -> &Example {
    if index == CREDITS { &data.credits } else { &data.train[index as usize] }
}

impl Inserts {
    /// Runs of lines of one such kind, runs of any chrome where content is on both sides, captions
    /// by themselves, and headlines.
    pub(super) fn of(data: &Data, indices: &[usize]) -> Inserts {
        let mut inserts = Inserts { credits: data.credits.lines() as u32, ..Inserts::default() };
        for &index in indices {
            let page = &data.train[index];
            let Style { runs, articles } = inserts.styles.entry(page.style).or_default();
            let mut add = |sort: usize, lines: std::ops::Range<usize>| {
                let (start, len) = (lines.start as u32, lines.len() as u32);
                runs[sort].push(Run { page: index as u32, start, len });
            };
            for (_, line, target) in page.each_line() {
                if target.is_some_and(|target| {
                    target.kind == Kind::Caption && target.words() >= SENTENCE_WORDS
                }) {
                    add(SENTENCE, line..line + 1);
                }
            }
            if let Some(line) = page.headline {
                let text = page.text(line);
                let spaces = text.bytes().filter(|&byte| byte == b' ').count();
                let is_long = text.len() > TEASER_BYTES || spaces > TEASER_SPACES;
                if is_long && text.len() < MAX_TEASER_BYTES {
                    add(HEADLINE, line..line + 1);
                    let is_prose = |&at: &usize| page.labels[at] == Some(Kind::Prose);
                    if let Some(start) = (line + 1..page.lines()).find(is_prose) {
                        let rest = (start..page.lines()).take(EXCERPT_LINES);
                        articles.push(Article {
                            page: index as u32,
                            headline: line as u32,
                            text: start as u32,
                            text_len: rest.take_while(is_prose).count() as u32,
                        });
                    }
                }
            }
            let mut start = 0;
            for lines in page.labels.chunk_by(|a, b| a == b) {
                let kind = INSERTED.iter().position(|&kind| Some(kind) == lines[0]);
                if let Some(kind) = kind
                    && lines.len() <= MAX_INSERT
                {
                    add(kind, start..start + lines.len());
                }
                if lines[0] == Some(Kind::Menu) && lines.len() >= MENU_LINES {
                    add(MENU, start..start + lines.len());
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
                let is_short = lines.len() <= MAX_INSERT;
                if is_content(&lines[0]) == Some(false) && is_between && is_short {
                    add(BETWEEN, start..end);
                }
                start = end;
            }
        }
        inserts
    }

    /// A run of lines of this sort.
    fn run(&self, style: u64, sort: usize, random: &mut Random) -> Option<Run> {
        let runs = &self.styles.get(&style)?.runs[sort];
        (!runs.is_empty()).then(|| runs[random.below(runs.len())])
    }

    /// A line that names whom a picture is from.
    fn credit(&self, random: &mut Random) -> Option<Drawn> {
        let line = (self.credits > 0).then(|| random.below(self.credits as usize) as u32)?;
        Some(Drawn { page: CREDITS, line, teaser: None })
    }

    /// The headline of another page than `own`, as a teaser.
    fn teaser(&self, style: u64, own: usize, random: &mut Random) -> Option<Drawn> {
        let run = self.run(style, HEADLINE, random)?;
        let teaser = match random.below(4) {
            0 => Teaser::Alone,
            1 => Teaser::Close,
            _ => Teaser::LedIn(random.below(100) as u32),
        };
        let drawn = Drawn { page: run.page, line: run.start, teaser: Some(teaser) };
        (run.page != own as u32).then_some(drawn)
    }

    /// Lines of so many of the things that stand about a headline: bylines and dates, share bars,
    /// captions and credits.
    fn about_headline(&self, style: u64, count: usize, random: &mut Random) -> Vec<Drawn> {
        let mut lines = Vec::new();
        for _ in 0..count {
            let sort = match random.below(5) {
                0 => {
                    lines.extend(self.credit(random));
                    continue;
                }
                1 => CAPTION,
                2 => SHARE,
                _ => BYLINE,
            };
            lines.extend(self.run(style, sort, random).into_iter().flat_map(Run::lines));
        }
        lines
    }

    /// A list that leads from the page `own` of this style to others, to stand before or after its
    /// content: a long menu, or if `is_article`, the starts of other articles, all in one form.
    fn list(&self, style: u64, own: usize, is_article: bool, random: &mut Random) -> Vec<Drawn> {
        if random.below(3) == 0 || !is_article {
            return self.menu(style, random);
        }
        let mut lines = Vec::new();
        let articles = self.styles.get(&style).map_or(&[][..], |style| &style.articles);
        if articles.is_empty() {
            return lines;
        }
        let headline = if random.below(2) == 0 { Teaser::Alone } else { Teaser::Close };
        let has_byline = random.below(3) == 0;
        // Excerpts that are cut all have much the same length.
        let cut = if random.below(2) == 0 { 8 + random.below(40) as u32 } else { u32::MAX };
        let most_lines = 1 + random.below(EXCERPT_LINES) as u32;
        let more = (random.below(3) == 0).then(|| Teaser::More(random.below(100) as u32));
        for _ in 0..2 + random.below(12) {
            let article = articles[random.below(articles.len())];
            if article.page == own as u32 {
                continue;
            }
            let drawn = |line, teaser| Drawn { page: article.page, line, teaser: Some(teaser) };
            lines.push(drawn(article.headline, headline));
            if has_byline {
                let run = self.run(style, BYLINE, random);
                lines.extend(run.into_iter().flat_map(Run::lines));
            }
            let excerpt = article.text..article.text + article.text_len.min(most_lines);
            lines.extend(excerpt.map(|line| drawn(line, Teaser::Excerpt(cut))));
            lines.extend(more.map(|more| drawn(article.headline, more)));
        }
        lines
    }

    /// Menus one after the other.
    fn menu(&self, style: u64, random: &mut Random) -> Vec<Drawn> {
        let mut lines = Vec::new();
        let len = 20 << random.below(5);
        while lines.len() < len {
            let Some(run) = self.run(style, MENU, random) else { break };
            lines.extend(run.lines());
        }
        lines.truncate(len);
        lines
    }

    /// Lines for a place between the paragraphs of the page `own` of this style: what stood at such
    /// a place elsewhere; a caption and the like, up to three after each other; mostly a caption,
    /// whom its picture is from, and now and then a teaser; or a teaser or two.
    fn draw(&self, style: u64, own: usize, random: &mut Random) -> Vec<Drawn> {
        let mut lines = Vec::new();
        let draw = |sort: usize, random: &mut Random| {
            self.run(style, sort, random).into_iter().flat_map(Run::lines)
        };
        match random.below(4) {
            0 => lines.extend(draw(BETWEEN, random)),
            1 => {
                for _ in 0..1 + random.below(3) {
                    lines.extend(draw(random.below(INSERTED.len()), random));
                }
            }
            2 => {
                // Below a heading there is often a picture without a caption.
                if random.below(4) > 0 {
                    lines.extend(draw(SENTENCE, random));
                }
                lines.extend(self.credit(random));
                match random.below(4) {
                    0 => lines.extend(self.teaser(style, own, random)),
                    1 => lines.extend(draw(RELATED, random)),
                    _ => {}
                }
            }
            _ => {
                for _ in 0..1 + usize::from(random.below(4) == 0) {
                    lines.extend(self.teaser(style, own, random));
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
    use crate::train::corpus::Page;

    /// A page of lines of given kinds.
    fn page(letters: &str) -> Example {
        let row = |letter: u8| ([0; DENSE], Vec::new(), Kind::from_letter(letter));
        Example::from_rows(letters.bytes().map(row).collect())
    }

    fn settings_without_cuts() -> Settings {
        Settings { cut_pages: 0.0, one_sided_pages: 0.0, ..Settings::default() }
    }

    fn data(pages: &[&str]) -> Data {
        let train = pages.iter().map(|letters| page(letters)).collect();
        let mut data = Data::of_examples(train);
        data.credits = page("CC");
        data
    }

    #[test]
    fn what_is_put_between_paragraphs_is_short_and_stood_between_some_or_is_of_such_a_kind() {
        let data = data(&["NNNphpCRppNNNNNNpCpT", "RRRRR-Cp"]);
        let inserts = Inserts::of(&data, &[0, 1]);
        let runs = &inserts.styles[&0].runs;
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
        let settings = Settings { interleaved_pages: 1.0, ..settings_without_cuts() };
        let inserts = Inserts::of(&data, &[1]);
        let mut random = Random::new(1);
        let mut inserted = 0;
        for _ in 0..100 {
            let job = Job::draw(0, &data, &inserts, &settings, &mut random);
            assert!(job.lines.iter().all(|line| line.page <= 1 || line.page == CREDITS));
            let is_own = |line: &&Drawn| line.page == 0;
            let own: Vec<u32> = job.lines.iter().filter(is_own).map(|line| line.line).collect();
            assert_eq!(own, [0, 1, 2, 3, 4]);
            assert!(job.lines[..2].iter().all(|line| line.page == 0));
            assert!(job.lines.last().is_some_and(|line| line.page == 0));
            inserted += job.lines.len() - own.len();
        }
        assert!(inserted > 100, "{inserted}");
    }

    #[test]
    fn other_pages_lines_come_below_a_heading_more_often_than_elsewhere() {
        let data = data(&["Nphpppppppp", "pCp"]);
        let settings = Settings { interleaved_pages: 1.0, ..settings_without_cuts() };
        let inserts = Inserts::of(&data, &[1]);
        let mut random = Random::new(1);
        let (mut below, mut all) = (0, 0);
        for _ in 0..200 {
            let job = Job::draw(0, &data, &inserts, &settings, &mut random);
            let is_own = |at: usize| job.lines[at].page == 0;
            for at in (1..job.lines.len()).filter(|&at| is_own(at - 1) && !is_own(at)) {
                all += 1;
                below += usize::from(job.lines[at - 1].line == 2);
            }
        }
        // A third, and one in nine of the others.
        assert!(all > 200 && (3..5).contains(&(10 * below / all)), "{below} of {all}");
    }

    #[test]
    fn chrome_of_other_pages_comes_before_and_after_a_headline() {
        let mut data = data(&["Nhp", "BNSNC"]);
        data.train[0].headline = Some(1);
        let settings = Settings {
            chrome_about_headline: 1.0,
            interleaved_pages: 0.0,
            ..settings_without_cuts()
        };
        let inserts = Inserts::of(&data, &[1]);
        let mut random = Random::new(1);
        for _ in 0..100 {
            let job = Job::draw(0, &data, &inserts, &settings, &mut random);
            let is_own: Vec<bool> = job.lines.iter().map(|line| line.page == 0).collect();
            assert!(job.is_mixed && is_own[0] && is_own.last() == Some(&true), "{is_own:?}");
            let headline = job.lines.iter().position(|line| (line.page, line.line) == (0, 1));
            let headline = headline.expect("the page's own lines are all there");
            assert!(headline <= 2 && !is_own[headline + 1], "{is_own:?}");
        }
    }

    #[test]
    fn lists_of_other_pages_come_before_or_after_the_content() {
        let page = |headline: &str| {
            let text = format!(
                "Home\nNews\nSport\nWeather\nShip\n{headline}\nThe boats stay in port.\nAbout"
            );
            Example::of(&Page::labelled(&text, "NNNNN-pT"))
        };
        let pages = ["Ferries sail all winter, council says", "Boats stay in port again, it says"];
        let data = Data::of_examples(pages.map(page).into());
        let settings = Settings {
            listed_pages: 1.0,
            interleaved_pages: 0.0,
            chrome_about_headline: 0.0,
            ..settings_without_cuts()
        };
        let inserts = Inserts::of(&data, &[0, 1]);
        let mut random = Random::new(1);
        let mut forms = [0; 3];
        for _ in 0..100 {
            let job = Job::draw(0, &data, &inserts, &settings, &mut random);
            let is_own: Vec<bool> =
                job.lines.iter().map(|line| line.page == 0 && line.teaser.is_none()).collect();
            let content = |line: &Drawn| line.page == 0 && (5..7).contains(&line.line);
            let start = job.lines.iter().position(content).expect("a page's own content");
            assert!(is_own[start] && is_own[start + 1], "{:?}", job.lines);
            for line in &job.lines {
                match line.teaser {
                    Some(Teaser::Excerpt(_)) => forms[0] += 1,
                    Some(Teaser::More(_)) => forms[1] += 1,
                    _ => forms[2] += u32::from(line.page == 1 && line.line < 5),
                }
            }
        }
        assert!(forms.iter().all(|&count| count > 20), "{forms:?}");
    }

    #[test]
    fn headlines_of_other_pages_become_teasers_if_they_are_long_enough() {
        let page = |headline: &str| {
            let text = format!("Home\n{headline}\nThe boats stay in port on Monday.");
            Example::of(&Page::labelled(&text, "N-p"))
        };
        let pages =
            ["Ferries sail all winter, council says", "Ferries sail", "Boats stay in port again"];
        let train = pages.map(page).into();
        let data = Data::of_examples(train);
        let inserts = Inserts::of(&data, &[0, 1, 2]);
        let mut random = Random::new(1);
        for _ in 0..100 {
            let teaser = inserts.teaser(0, 2, &mut random);
            assert!(teaser.is_none_or(|teaser| (teaser.page, teaser.line) == (0, 1)));
        }
    }
}
