//! `fixtures/quality.tsv`: lines in their surroundings that were misjudged once, or might be.

use std::fs;
use std::path::Path;

use dechrome::label::Kind;
use dechrome::{Filter, Model, Piece, Policy};

/// A line of a small page that is not blank.
struct Row {
    number: usize,
    kind: Kind,
    /// Whether it must be judged right.
    is_owed: bool,
}

/// A small page.
#[derive(Default)]
struct Page {
    text: String,
    rows: Vec<Row>,
}

fn pages() -> Vec<Page> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/quality.tsv");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let mut pages: Vec<Page> = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let number = index + 1;
        if line.starts_with("= ") {
            pages.push(Page::default());
            continue;
        }
        let page = pages.last_mut().unwrap_or_else(|| panic!("row {number} is on no page"));
        if line.is_empty() {
            page.text.push('\n');
            continue;
        }
        let cells: Vec<&str> = line.split('\t').collect();
        let [letter, mark, text] = cells[..] else { panic!("row {number}: {line:?} is no row") };
        page.text.push_str(text);
        page.text.push('\n');
        let kind = Kind::from_letter(letter.bytes().next().unwrap_or_default());
        page.rows.push(Row {
            number,
            kind: kind.unwrap_or_else(|| panic!("row {number}: {letter:?} is no kind")),
            is_owed: match mark {
                "!" => true,
                "?" => false,
                _ => panic!("row {number}: {mark:?} is neither ! nor ?"),
            },
        });
    }
    pages
}

#[test]
fn what_was_mended_stays_mended() {
    let pages = pages();
    assert!(pages.len() >= 8, "{} pages", pages.len());
    let mut filter = Filter::new(Model::embedded(), Policy::default());
    let mut failures = Vec::new();
    for Page { text, rows } in &pages {
        let mut rows = rows.iter();
        let mut sink = |piece: &Piece<'_>| {
            let Some(verdict) = piece.verdict else { return Ok(()) };
            let Row { number, kind, is_owed } = rows.next().expect("no more lines than rows");
            match (verdict.kept == kind.is_content(), is_owed) {
                (false, true) => {
                    let (judged, score) = (verdict.kind, verdict.score);
                    let text = String::from_utf8_lossy(piece.line.text());
                    failures
                        .push(format!("row {number}: {kind}, not {judged} {score:+.2}: {text}"));
                }
                (true, false) => failures.push(format!("row {number} is right now, mark it !")),
                _ => {}
            }
            Ok::<(), std::convert::Infallible>(())
        };
        filter.feed(text.as_bytes(), &mut sink).unwrap();
        filter.finish(&mut sink).unwrap();
        assert_eq!(rows.len(), 0, "every row has a verdict");
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
