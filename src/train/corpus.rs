//! Labelled pages: `SOURCE.jsonl.zst` files, an object a page and renderer.
//!
//! Keys read: `id`, `set`, `site`, `lang`, `type`, `quality` (`gold` or `silver`), `renderer`,
//! `text`, `labels` (a letter for each line of the text split at `\n`: [`Kind::letter`], `-` for
//! unknown, a space for blank), `fold` (`train` or `dev`), `gold` (the content, of dev pages).

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::Value;

use crate::label::Kind;

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

    fn parse(row: &str) -> Result<Page> {
        let mut row: Value = serde_json::from_str(row)?;
        let mut take = |key: &str| match row[key].take() {
            Value::String(text) => Ok(text),
            _ => Err(anyhow!("no text under {key:?}")),
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
            dev: take("fold")? == "dev",
            gold: take("gold").ok(),
        };
        let lines = page.text.split('\n').count();
        ensure!(lines == page.labels.len(), "{lines} lines but {} labels", page.labels.len());
        for &letter in &page.labels {
            let known = letter == b' ' || letter == b'-' || Kind::from_letter(letter).is_some();
            ensure!(known, "unknown label {:?}", letter as char);
        }
        Ok(page)
    }
}

/// The files of a corpus, sorted by name.
///
/// # Errors
/// When the directory cannot be read or holds none.
pub fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = directory.read_dir().with_context(|| directory.display().to_string())?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with(".jsonl.zst"))
        .collect();
    files.sort();
    if files.is_empty() {
        bail!("{}: no .jsonl.zst file in it", directory.display());
    }
    Ok(files)
}

/// Reads the pages of a corpus that `wanted` wants, in the order of files and rows.
///
/// # Errors
/// When a file cannot be read or a row is no labelled page; names file and row.
pub fn read(directory: &Path, wanted: impl Fn(&Page) -> bool) -> Result<Vec<Page>> {
    let mut pages = Vec::new();
    for path in files(directory)? {
        let name = path.display().to_string();
        let mut decoder = zstd::Decoder::new(File::open(&path).with_context(|| name.clone())?)?;
        decoder.window_log_max(31)?;
        for (row, line) in BufReader::with_capacity(1 << 20, decoder).lines().enumerate() {
            let place = || format!("{name}: row {}", row + 1);
            let page = line.map_err(Into::into).and_then(|line| Page::parse(&line));
            let page = page.with_context(place)?;
            if wanted(&page) {
                pages.push(page);
            }
        }
    }
    Ok(pages)
}

/// A number that changes with any byte of the corpus: FNV-1a over its files.
///
/// # Errors
/// When a file cannot be read.
pub fn fingerprint(directory: &Path) -> Result<u64> {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for path in files(directory)? {
        for byte in std::fs::read(&path).with_context(|| path.display().to_string())? {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    Ok(hash)
}
