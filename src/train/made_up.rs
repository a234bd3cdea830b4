//! Made-up pages: dumps as of sites that are not in the corpus, written for training.
//!
//! A language model has read much of the web; a small network has read the pages of some thousand
//! sites. What the one knows of the forms of pages it can tell the other by writing some: under
//! `fixtures/made-up`, a file a page, every text of which is its own. The first line of a file names
//! the language, the type and what kind of dump it looks like (`# lang=en type=article
//! renderer=lynx`); each other line is that of the dump behind the letter of its kind
//! ([`Kind::letter`]) or `-` for unknown, and a tab, or empty.

use std::fs;
use std::path::Path;

use super::corpus::{Page, Read, check_label, fail, files_ending};
use crate::document::is_blank;
use crate::error::Error;
use crate::label::Kind;

/// The source that the pages are said to be from.
pub const SET: &str = "made-up";

/// Reads all pages of a directory, sorted by their files' names.
///
/// # Errors
/// When the directory or a file cannot be read, or a file is no labelled page; names the file, and
/// the line.
pub fn read(directory: &Path) -> Result<Vec<Page>, Error> {
    let mut pages = Vec::new();
    for path in files_ending(directory, ".txt")? {
        let text = fs::read_to_string(&path).map_err(|error| fail(&path, None, error))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        pages.push(parse(&name, &text).map_err(|(row, what)| fail(&path, Some(row), what))?);
    }
    Ok(pages)
}

/// The page that a file has; on failure the number of the line and what is wrong with it.
fn parse(name: &str, file: &str) -> Result<Page, (usize, String)> {
    let mut rows = file.lines();
    let head = rows.next().unwrap_or_default();
    let value = |key: &str| {
        let mut values =
            head.strip_prefix("# ")?.split(' ').filter_map(|part| part.split_once('='));
        values.find(|(name, _)| *name == key).map(|(_, value)| value.to_owned())
    };
    let value = |key: &str| value(key).ok_or_else(|| (1, format!("no {key}= behind a #")));
    let (mut lines, mut labels, mut read) = (Vec::new(), Vec::new(), Vec::new());
    for (number, row) in (2..).zip(rows) {
        let (label, line) = match row.split_once('\t') {
            _ if is_blank(row.as_bytes()) => (b' ', ""),
            Some((label, line)) if label.len() == 1 && !is_blank(line.as_bytes()) => {
                (label.as_bytes()[0], line)
            }
            _ => return Err((number, "not a letter, a tab and a line".to_owned())),
        };
        check_label(label).map_err(|what| (number, what))?;
        lines.push(line);
        labels.push(label);
        read.push(Kind::from_letter(label).map(Read::Kind));
    }
    Ok(Page {
        id: format!("{SET}/{name}"),
        set: SET.to_owned(),
        site: format!("{name}.example"),
        lang: value("lang")?,
        page_type: value("type")?,
        gold_quality: true,
        renderer: value("renderer")?,
        text: lines.join("\n"),
        labels,
        read,
        dev: false,
        gold: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# lang=en type=article renderer=w3m\nN\tHome\n\np\t  It rained.\n-\tRain\n";

    #[test]
    fn a_file_is_a_page() {
        let page = parse("rain", FILE).unwrap();
        assert_eq!(page.text, "Home\n\n  It rained.\nRain");
        assert_eq!(page.labels, b"N p-");
        let kinds = [Some(Read::Kind(Kind::Menu)), None, Some(Read::Kind(Kind::Prose)), None];
        assert_eq!(page.read, kinds);
        let head = (page.lang.as_str(), page.page_type.as_str(), page.renderer.as_str());
        assert_eq!(head, ("en", "article", "w3m"));
        assert!(page.gold_quality && !page.dev);
    }

    #[test]
    fn a_broken_file_says_where_and_what() {
        for (from, to, row, what) in [
            ("# ", "", 1, "no lang= behind a #"),
            (" renderer=w3m", "", 1, "no renderer= behind a #"),
            ("N\t", "N ", 2, "not a letter, a tab and a line"),
            ("N\tHome", "N\t ", 2, "not a letter, a tab and a line"),
            ("p\t", "x\t", 4, "unknown label 'x'"),
        ] {
            let error = parse("rain", &FILE.replacen(from, to, 1)).unwrap_err();
            assert_eq!(error, (row, what.to_owned()));
        }
    }

    #[test]
    fn each_page_has_content_and_chrome_and_sentences_of_its_own() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/made-up");
        let pages = read(&directory).unwrap();
        assert!(pages.len() > 100, "{}", pages.len());
        let mut sentences = std::collections::HashMap::new();
        for page in &pages {
            let sides = page.labels.iter().filter_map(|&letter| Kind::from_letter(letter));
            let content = sides.clone().filter(|kind| kind.is_content()).count();
            assert!(content > 0 && content < sides.count(), "{}", page.id);
            let is_sentence = |line: &&str| line.len() > 80 && line.contains(char::is_alphabetic);
            for line in page.text.lines().map(str::trim).filter(is_sentence) {
                let other = *sentences.entry(line).or_insert(&page.id);
                assert_eq!(other, &page.id, "{line}");
            }
        }
    }
}
