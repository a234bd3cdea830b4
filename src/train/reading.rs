//! Kinds as read: the lines of some pages of the corpus, read one by one.
//!
//! A label tells the side of a line well, but its kind by tags and class names, which say something
//! else or nothing: of teasers most are labelled `other`, of policy text most is labelled footer or
//! menu. `kinds.tsv` has, for one dump each of some two thousand pages, what a reader takes each line
//! for: the page's `id`, the `renderer`, and runs of lines (those that are blank or have no label
//! belong to any), each a number and the letter of a kind, or `?` where the reader would put the line
//! on the other side. The texts are the corpus's, and not here.
//!
//! A legal notice that stands alone is policy wherever it stands, a link to log in a form, a list of
//! links to sections a menu; the heading, date, author and picture of a teaser are related, those of
//! a comment are comment.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::corpus::{Page, Read, without_targets};
use crate::label::Kind;

/// The dump of a page that has been read.
struct Reading {
    renderer: &'static str,
    runs: &'static str,
}

/// What has been read, by the pages' ids.
fn readings() -> HashMap<&'static str, Reading> {
    let rows = include_str!("kinds.tsv").lines().filter(|row| !row.starts_with('#'));
    let reading = |row: &'static str| {
        let mut columns = row.split('\t');
        let mut column = || columns.next().expect("a row has three columns");
        (column(), Reading { renderer: column(), runs: column() })
    };
    rows.map(reading).collect()
}

/// What each line is read as.
fn lines(runs: &str) -> impl Iterator<Item = Read> {
    let is_letter = |c: char| !c.is_ascii_digit();
    runs.split_inclusive(is_letter).flat_map(move |run| {
        let (count, letter) = run.split_at(run.len() - 1);
        let read = Kind::from_letter(letter.as_bytes()[0]).map_or(Read::OtherSide, Read::Kind);
        std::iter::repeat_n(read, count.parse().expect("a run starts with a number"))
    })
}

/// Tells `pages` what their lines are read as: those of the dump that was read, and in the other
/// dumps of the page, which stand beside it, the lines that say the same as one there.
///
/// # Errors
/// When a dump has not as many lines as the one that was read: which page, and what is wrong.
pub(super) fn tell(pages: &mut [Page]) -> Result<(), (usize, String)> {
    let readings = readings();
    let mut first = 0;
    for dumps in pages.chunk_by_mut(|a, b| a.id == b.id) {
        let (start, count) = (first, dumps.len());
        first += count;
        let Some(reading) = readings.get(dumps[0].id.as_str()) else { continue };
        let is_read = |page: &Page| page.renderer == reading.renderer;
        let Some(at) = dumps.iter().position(is_read) else { continue };
        let page = &mut dumps[at];
        page.read = lines(reading.runs).map(Some).collect();
        let (lines, read) = (page.labels.len(), page.read.len());
        if lines != read {
            return Err((start + at, format!("{lines} lines, {read} were read")));
        }
        let same = said(page);
        for page in dumps.iter_mut().filter(|page| page.read.is_empty()) {
            let read = |text: &str| same.get(&words(text)).copied().flatten();
            page.read = page.text.split('\n').map(read).collect();
        }
    }
    Ok(())
}

/// What lines with these words are read as; `None` where that is not always the same.
fn said(page: &Page) -> HashMap<String, Option<Read>> {
    let mut same = HashMap::new();
    for (text, &read) in page.text.split('\n').zip(&page.read) {
        match same.entry(words(text)) {
            Entry::Vacant(entry) => {
                entry.insert(read);
            }
            Entry::Occupied(mut entry) if *entry.get() != read => {
                entry.insert(None);
            }
            Entry::Occupied(_) => {}
        }
    }
    same.remove("");
    same
}

/// The letters and digits of a line, without the targets of links and the `[12]` that lynx marks
/// them with.
fn words(text: &str) -> String {
    let is_mark = |mark: &str| mark.bytes().all(|byte| byte.is_ascii_digit());
    let text = without_targets(text);
    let mut parts = text.split('[');
    let mut words = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (mark, rest) = part.split_once(']').unwrap_or(("", part));
        words.push_str(if is_mark(mark) { rest } else { part });
    }
    words.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_names_a_dump_and_runs_of_lines() {
        let rows = include_str!("kinds.tsv").lines().filter(|row| !row.starts_with('#')).count();
        let readings = readings();
        assert!(rows > 0 && readings.len() == rows, "no page is there twice");
        for (id, reading) in readings {
            assert!(!id.is_empty() && !reading.renderer.is_empty());
            let known = |c: char| c == '?' || Kind::from_letter(c as u8).is_some();
            assert!(reading.runs.chars().all(|c| c.is_ascii_digit() || known(c)), "{id}");
            assert!(lines(reading.runs).count() > 0, "{id}");
        }
    }

    #[test]
    fn runs_are_so_many_lines() {
        let read: Vec<Read> = lines("2N1?10p").collect();
        assert_eq!(read.len(), 13);
        assert_eq!(
            [read[1], read[2], read[12]],
            [Read::Kind(Kind::Menu), Read::OtherSide, Read::Kind(Kind::Prose)]
        );
    }

    #[test]
    fn a_line_is_known_by_its_words_in_any_dump() {
        for text in
            ["Terms of use", "  * [Terms of use](/terms)", "[12]Terms of use", "TERMS OF USE"]
        {
            assert_eq!(words(text), "termsofuse", "{text}");
        }
        assert_eq!(words("[note] 1[2"), "note12");
        assert_eq!(words("* * *"), "");
    }

    #[test]
    fn what_is_read_in_two_ways_tells_nothing_elsewhere() {
        let mut page = Page::labelled("Home\nRain\n*\nRain", "NNNh");
        let read = |letter: u8| Kind::from_letter(letter).map(Read::Kind);
        page.read = b"NRNh".iter().map(|&letter| read(letter)).collect();
        let same = said(&page);
        assert_eq!(same.get("home"), Some(&read(b'N')));
        assert_eq!(same.get("rain"), Some(&None));
        assert_eq!(same.len(), 2);
    }
}
