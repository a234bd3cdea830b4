//! Labelled pages: `SOURCE.jsonl.zst` files, an object a page and renderer.
//!
//! Keys read: `id`, `set`, `site`, `lang`, `type`, `quality` (`gold` or `silver`), `renderer`,
//! `text`, `labels` (a letter for each line of the text split at `\n`: [`Kind::letter`], `-` for
//! unknown, a space for blank), `fold` (`train` or `dev`), `gold` (the content, of dev pages).

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::reading;
use crate::document::is_blank;
use crate::error::Error;
use crate::fnv;
use crate::label::{Kind, Label};

/// Windows of the compressed files may be this long, as a power of two.
const WINDOW_LOG: u32 = 31;

/// What a reader takes a line for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// For a line of this kind.
    Kind(Kind),
    /// For a line of the other side: its label is wrong.
    OtherSide,
}

impl Read {
    /// The kind, if it is on the side that the line is labelled to be on.
    pub(crate) fn kind_on(self, side: Label) -> Option<Kind> {
        match self {
            Read::Kind(kind) if kind.label() == side => Some(kind),
            _ => None,
        }
    }
}

/// A labelled page.
#[derive(Clone, Debug)]
pub struct Page {
    /// Name of the page within the corpus; its renderings share it.
    pub id: String,
    /// The source it is from.
    pub set: String,
    /// The site it is from.
    pub site: String,
    /// ISO code of its language.
    pub lang: String,
    /// Page type, where known.
    pub page_type: String,
    /// Whether people made or checked the labels.
    pub gold_quality: bool,
    /// What made text of its HTML.
    pub renderer: String,
    /// The dump.
    pub text: String,
    /// A letter a line.
    pub labels: Vec<u8>,
    /// What a reader takes each line for, where the page has been read (see `reading.rs`) or made up.
    pub read: Vec<Option<Read>>,
    /// Whether it is for measuring, not for training.
    pub dev: bool,
    /// Its content, on pages for measuring.
    pub gold: Option<String>,
}

impl Page {
    /// Number, text and letter of each non-blank line.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str, u8)> {
        let lines = self.text.split('\n').zip(&self.labels).enumerate();
        lines.map(|(number, (text, &letter))| (number, text, letter))
    }

    /// The number of the line that is the page's headline where its source leaves headlines out of
    /// the content: the last line of unknown label with some letters, among the few before the
    /// first line of content. Users want it kept.
    pub fn headline(&self) -> Option<usize> {
        const NEAR: usize = 10;
        const LETTERS: usize = 4;
        let lines: Vec<_> =
            self.lines().filter(|(_, text, _)| !is_blank(text.as_bytes())).collect();
        let is_content = |&(.., letter): &(usize, &str, u8)| {
            Kind::from_letter(letter).is_some_and(Kind::is_content)
        };
        let first = lines.iter().position(is_content)?;
        if Kind::from_letter(lines[first].2) == Some(Kind::Heading) {
            return None;
        }
        let before = lines[..first].iter().rev().take(NEAR);
        let mut unknown = before.filter(|(.., letter)| *letter == b'-');
        let has_letters = |text: &str| {
            without_targets(text).chars().filter(|c| c.is_alphabetic()).count() >= LETTERS
        };
        unknown.find(|(_, text, _)| has_letters(text)).map(|&(number, ..)| number)
    }

    fn parse(row: &str) -> Result<Page, String> {
        let mut row: Value = serde_json::from_str(row).map_err(|error| error.to_string())?;
        let mut take = |key: &str| match row[key].take() {
            Value::String(text) => Ok(text),
            _ => Err(format!("no text under {key:?}")),
        };
        let page = Page {
            id: take("id")?,
            set: take("set")?,
            site: take("site")?,
            lang: take("lang")?,
            page_type: take("type").unwrap_or_default(),
            gold_quality: take("quality")? == "gold",
            renderer: take("renderer")?,
            text: take("text")?,
            labels: take("labels")?.into_bytes(),
            read: Vec::new(),
            dev: take("fold")? == "dev",
            gold: take("gold").ok(),
        };
        let (lines, labels) = (page.text.split('\n').count(), page.labels.len());
        if lines != labels {
            return Err(format!("{lines} lines but {labels} labels"));
        }
        page.labels.iter().try_for_each(|&letter| check_label(letter))?;
        Ok(page)
    }
}

/// A text without the targets of its Markdown links and images.
pub(super) fn without_targets(text: &str) -> String {
    let mut parts = text.split("](");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push_str(part.split_once(')').map_or("", |(_, rest)| rest));
    }
    kept
}

/// Says which label this is if it is none.
pub(super) fn check_label(letter: u8) -> Result<(), String> {
    if b" -".contains(&letter) || Kind::from_letter(letter).is_some() {
        return Ok(());
    }
    Err(format!("unknown label {:?}", char::from(letter)))
}

pub(super) fn fail(file: &Path, row: Option<usize>, what: impl ToString) -> Error {
    Error::Corpus { file: file.to_owned(), row, what: what.to_string() }
}

/// The files of a corpus, sorted by name.
///
/// # Errors
/// When the directory cannot be read or holds none.
pub fn files(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let files = files_ending(directory, ".jsonl.zst")?;
    if files.is_empty() {
        return Err(fail(directory, None, "no .jsonl.zst file in it"));
    }
    Ok(files)
}

/// The files of a directory whose names end so, sorted by name.
///
/// # Errors
/// When the directory cannot be read.
pub(super) fn files_ending(directory: &Path, ending: &str) -> Result<Vec<PathBuf>, Error> {
    let in_directory = |error: std::io::Error| fail(directory, None, error);
    let mut files = Vec::new();
    for entry in directory.read_dir().map_err(in_directory)? {
        let path = entry.map_err(in_directory)?.path();
        if path.to_string_lossy().ends_with(ending) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Reads the pages of a corpus that `wanted` wants, in the order of files and rows.
///
/// # Errors
/// When a file cannot be read or a row is no labelled page; names file and row.
pub fn read(directory: &Path, wanted: impl Fn(&Page) -> bool) -> Result<Vec<Page>, Error> {
    let mut pages = Vec::new();
    for path in files(directory)? {
        let in_file = |error: std::io::Error| fail(&path, None, error);
        let mut decoder =
            zstd::Decoder::new(File::open(&path).map_err(in_file)?).map_err(in_file)?;
        decoder.window_log_max(WINDOW_LOG).map_err(in_file)?;
        for (index, line) in BufReader::with_capacity(1 << 20, decoder).lines().enumerate() {
            let in_row = |what: String| fail(&path, Some(index + 1), what);
            let line = line.map_err(|error| in_row(error.to_string()))?;
            let page = Page::parse(&line).map_err(in_row)?;
            if wanted(&page) {
                pages.push(page);
            }
        }
    }
    reading::tell(&mut pages).map_err(|(page, what)| {
        let file = directory.join(format!("{}.jsonl.zst", pages[page].set));
        fail(&file, None, format!("{} {}: {what}", pages[page].id, pages[page].renderer))
    })?;
    Ok(pages)
}

/// A number that changes with any byte of the corpus: FNV-1a over its files.
///
/// # Errors
/// When a file cannot be read.
pub fn fingerprint(directory: &Path) -> Result<u64, Error> {
    let mut hash = fnv::START;
    for path in files(directory)? {
        for byte in std::fs::read(&path).map_err(|error| fail(&path, None, error))? {
            hash = fnv::step(hash, u64::from(byte));
        }
    }
    Ok(hash)
}

#[cfg(test)]
impl Page {
    /// A page of given text and labels.
    pub(super) fn labelled(text: &str, labels: &str) -> Page {
        Page {
            id: "a/1".to_owned(),
            set: "a".to_owned(),
            site: "a.example".to_owned(),
            lang: "en".to_owned(),
            page_type: String::new(),
            gold_quality: true,
            renderer: "w3m".to_owned(),
            text: text.to_owned(),
            labels: labels.as_bytes().to_vec(),
            read: Vec::new(),
            dev: false,
            gold: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"id":"a/1","set":"a","site":"a.example","lang":"en","type":"news",
        "quality":"gold","renderer":"w3m","text":"Menu\n\nIt rained.","labels":"N p","fold":"dev"}"#;

    #[test]
    fn a_row_is_a_page() {
        let page = Page::parse(ROW).unwrap();
        assert!(page.dev && page.gold_quality && page.gold.is_none());
        let lines: Vec<_> = page.lines().collect();
        assert_eq!(lines, [(0, "Menu", b'N'), (1, "", b' '), (2, "It rained.", b'p')]);
    }

    #[test]
    fn a_headline_is_an_unknown_line_just_before_the_content() {
        let headline = |text: &str, labels: &str| Page::labelled(text, labels).headline();
        assert_eq!(headline("Home\nRain\n\nRain again\n*\nIt rained.", "N- --p"), Some(3));
        let picture = "[![](https://a.example/rain.png)](https://a.example/rain)";
        assert_eq!(headline(&format!("Rain\n{picture}\nIt rained."), "--p"), Some(0));
        assert_eq!(headline("Rain\nIn short\nIt rained.", "-hp"), None);
        assert_eq!(headline("Menu\nIt rained.\nRain", "Np-"), None);
        assert_eq!(headline("Rain\nMenu", "-N"), None);
        let far = format!("Rain\n{}It rained.", "Menu\n".repeat(11));
        assert_eq!(headline(&far, "-NNNNNNNNNNNp"), None);
    }

    #[test]
    fn a_broken_row_says_what_is_wrong() {
        for (from, to, what) in [
            ("N p", "N pp", "3 lines but 4 labels"),
            ("N p", "N ?", "unknown label '?'"),
            ("\"site\"", "\"size\"", "no text under \"site\""),
        ] {
            assert_eq!(Page::parse(&ROW.replace(from, to)).unwrap_err(), what);
        }
    }
}
