//! The labelled pages under `fixtures/pages`: `NAME.txt` and, a letter a line, `NAME.labels`.
//!
//! A letter is that of a kind (lower case content, upper case chrome), `-` where either verdict
//! will do, or a space for a blank line.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use dechrome::document::is_blank;
use dechrome::label::Kind;
use dechrome::{Filter, Model, Piece, Policy};

/// What the mean accuracy over all pages must reach.
const MEAN_FLOOR: f64 = 0.95;

/// What the share of lines whose kind is told right must reach.
const KIND_FLOOR: f64 = 0.71;

/// What the accuracy on each page must reach.
const PAGE_FLOOR: f64 = 0.79;

struct Fixture {
    page: String,
    labels: String,
}

fn fixtures() -> BTreeMap<String, Fixture> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pages");
    let mut names = BTreeMap::new();
    for entry in fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let extension = path.extension().unwrap_or_default().to_str().unwrap().to_owned();
        assert!(["txt", "labels"].contains(&&*extension), "{}", path.display());
        names.entry(name).or_insert_with(Vec::new).push(extension);
    }
    let read = |name: &str, extension| {
        let path = directory.join(format!("{name}.{extension}"));
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let fixture = |name: String| {
        let (page, labels) = (read(&name, "txt"), read(&name, "labels"));
        (name, Fixture { page, labels })
    };
    names.into_keys().map(fixture).collect()
}

#[test]
fn fixtures_are_well_formed() {
    let fixtures = fixtures();
    let count = fixtures.len();
    assert!(count >= 4, "{count} fixtures");
    let (mut has_article, mut has_chrome) = (0, 0);
    for (name, Fixture { page, labels }) in fixtures {
        let lines: Vec<&str> = page.split('\n').collect();
        let letters = labels.strip_suffix('\n').unwrap_or(&labels).as_bytes();
        assert_eq!(letters.len(), lines.len(), "{name}: a letter for each line");
        for (index, (line, &letter)) in lines.iter().zip(letters).enumerate() {
            let place = format!("{name}:{}: {:?} {line:?}", index + 1, char::from(letter));
            assert_eq!(is_blank(line.as_bytes()), letter == b' ', "{place}");
            assert!(b" -".contains(&letter) || Kind::from_letter(letter).is_some(), "{place}");
        }
        has_article += usize::from(letters.iter().any(u8::is_ascii_lowercase));
        has_chrome += usize::from(letters.iter().any(u8::is_ascii_uppercase));
    }
    // There are pages without an article, but they are the exception.
    assert!(has_article * 2 > count && has_chrome * 2 > count);
}

/// How many lines count, of how many of them the kind is told right, and those that are judged wrong.
fn judge(filter: &mut Filter<'_>, name: &str, fixture: &Fixture) -> (usize, usize, Vec<String>) {
    let letters = fixture.labels.as_bytes();
    let (mut counted, mut of_right_kind, mut wrong) = (0, 0, Vec::new());
    let mut sink = |piece: &Piece<'_>| {
        let (number, letter) = (piece.line.number, letters[piece.line.number as usize - 1]);
        if let (Some(verdict), Some(kind)) = (piece.verdict, Kind::from_letter(letter)) {
            counted += 1;
            of_right_kind += usize::from(verdict.kind == kind);
            if verdict.kept != kind.is_content() {
                let text = String::from_utf8_lossy(piece.line.text());
                let start: String = text.chars().take(100).collect();
                let (score, judged) = (verdict.score, verdict.kind);
                wrong.push(format!("{name}:{number}: {kind}, not {judged} {score:+.2}: {start}"));
            }
        }
        Ok::<(), std::convert::Infallible>(())
    };
    filter.feed(fixture.page.as_bytes(), &mut sink).unwrap();
    filter.finish(&mut sink).unwrap();
    (counted, of_right_kind, wrong)
}

#[test]
fn the_embedded_model_judges_the_fixtures_well() {
    let mut filter = Filter::new(Model::embedded(), Policy::default());
    let (mut sum, mut failures, mut report) = (0.0, Vec::new(), String::new());
    let (mut lines, mut of_right_kind) = (0, 0);
    let fixtures = fixtures();
    assert!(!fixtures.is_empty());
    for (name, fixture) in &fixtures {
        let (counted, kinds, wrong) = judge(&mut filter, name, fixture);
        assert!(counted > 0, "{name} has nothing to judge");
        (lines, of_right_kind) = (lines + counted, of_right_kind + kinds);
        let accuracy = 1.0 - wrong.len() as f64 / counted as f64;
        sum += accuracy;
        _ = writeln!(report, "{accuracy:.3} {name}");
        for line in wrong {
            _ = writeln!(report, "    {line}");
        }
        if accuracy < PAGE_FLOOR {
            failures.push(format!("{name} is at {accuracy:.3}, under {PAGE_FLOOR}"));
        }
    }
    let mean = sum / fixtures.len() as f64;
    if mean < MEAN_FLOOR {
        failures.push(format!("the mean is at {mean:.3}, under {MEAN_FLOOR}"));
    }
    let kinds = of_right_kind as f64 / lines as f64;
    if kinds < KIND_FLOOR {
        failures.push(format!("of {kinds:.3} the kind is told right, under {KIND_FLOOR}"));
    }
    // Shown on failure, and with `--nocapture`.
    println!("{report}{mean:.3} mean of {} pages, kinds {kinds:.3}", fixtures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
