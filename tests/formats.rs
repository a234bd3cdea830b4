//! The machine-readable and the annotated output, read back.

use dechrome::document::strip_ending;
use dechrome::label::Kind;
use dechrome::output::annotate::TEXT_COLUMN;
use serde_json::{Map, Value};

use crate::util::{KEEP_ALL, PAGE, Scratch, full_lines, lines, shown};

/// A record of `--json` as the documentation has it.
struct Record {
    document: String,
    line: u64,
    offset: u64,
    kept: bool,
    score: f64,
    probability: f64,
    kind: Kind,
    text: String,
}

impl Record {
    /// Reads a record. Every key must be there, and no other.
    fn read(line: &str) -> Record {
        let mut object: Map<String, Value> = serde_json::from_str(line).unwrap();
        let mut take = |key: &str| object.remove(key).unwrap_or_else(|| panic!("{key} in {line}"));
        let record = Record {
            document: take("document").as_str().unwrap().to_owned(),
            line: take("line").as_u64().unwrap(),
            offset: take("offset").as_u64().unwrap(),
            kept: take("kept").as_bool().unwrap(),
            score: take("score").as_f64().unwrap(),
            probability: take("probability").as_f64().unwrap(),
            kind: Kind::from_name(take("kind").as_str().unwrap()).unwrap(),
            text: take("text").as_str().unwrap().to_owned(),
        };
        assert!(object.is_empty(), "unknown keys: {object:?}");
        record
    }
}

fn records(scratch: &Scratch, args: &[&str], page: &[u8]) -> Vec<Record> {
    let ran = scratch.run(&[&["--json"], args].concat(), page);
    ran.text().lines().map(Record::read).collect()
}

#[test]
fn records_describe_the_lines() {
    let page = PAGE.replace('\n', "\r\n");
    let scratch = Scratch::new();
    let mut records = records(&scratch, &[], page.as_bytes()).into_iter();
    let mut kept = Vec::new();
    let mut offset = 0;
    for (index, line) in lines(page.as_bytes()).enumerate() {
        if line != b"\r\n" {
            let record = records.next().unwrap();
            assert_eq!(record.document, "-");
            assert_eq!(record.line, index as u64 + 1);
            assert_eq!(record.offset, offset);
            assert_eq!(record.text.as_bytes(), strip_ending(line));
            assert_eq!(record.kept, record.kind.is_content());
            if record.score.abs() > 0.0001 {
                assert_eq!(record.kept, record.score > 0.0, "{}", record.text);
            }
            assert!((0.0..=1.0).contains(&record.probability));
            // A page's border lies at a probability of one half, or lower.
            let expected = 1.0 / (1.0 + (-record.score).exp());
            assert!(record.probability < expected + 0.001, "{}", record.score);
            if record.kept {
                kept.extend_from_slice(line);
            }
        }
        offset += line.len() as u64;
    }
    assert!(records.next().is_none());
    assert_eq!(shown(scratch.run(&["--blank=none"], &page).stdout()), shown(&kept));
}

#[test]
fn records_are_json_whatever_the_text() {
    let scratch = Scratch::new();
    let every: Vec<u8> = (0..=u8::MAX).filter(|&byte| byte != b'\n').collect();
    for line in [
        &every[..],
        b"\"quotes\" \\ and / \x08\x0c\t\x7f",
        b"\xff\xff\xfe\xc3 \xe2\x82",
        "\u{2028}\u{85}\u{feff}\u{202e}\u{1f600}".as_bytes(),
        b"\0",
        b"lone \r return\r",
    ] {
        let records = records(&scratch, &[], line);
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].text, String::from_utf8_lossy(line), "{}", shown(line));
    }
}

#[test]
fn characters_at_the_border_of_pieces_come_out_whole() {
    // Three bytes a character, so that some piece must end inside one.
    let line = "\u{4e2d}".repeat((3 << 20) / 3);
    for shift in ["", "x", "xy"] {
        let text = format!("{shift}{line}");
        let records = records(&Scratch::new(), &[], format!("{text}\r\n").as_bytes());
        assert_eq!(records.len(), 1);
        assert!(records[0].text == text, "shifted by {}", shift.len());
    }
}

#[test]
fn the_document_is_the_path_as_given() {
    let scratch = Scratch::new();
    scratch.write("a \"page\".txt", "One.\n");
    let records = records(&scratch, &["./a \"page\".txt", "-"], b"Two.\n");
    let names: Vec<&str> = records.iter().map(|record| record.document.as_str()).collect();
    assert_eq!(names, ["./a \"page\".txt", "-"]);
}

#[test]
fn annotated_lines_are_the_page_in_a_column() {
    let page = format!("\u{feff}{PAGE}\r\n \t\r\nbytes \u{1b}[31m \0 end\r\nno final newline");
    let page = [page.as_bytes(), b" \xff"].concat();
    let scratch = Scratch::new();
    let ran = scratch.run(&["--annotate"], &page);
    let texts: Vec<u8> =
        lines(ran.stdout()).flat_map(|line| &line[TEXT_COLUMN..]).copied().collect();
    assert_eq!(shown(&texts), shown(&[&page[..], b"\n"].concat()));

    let records = scratch.run(&["--json"], &page);
    let mut records = records.text().lines().map(Record::read);
    let (mut kept, mut dropped) = (0, 0);
    for line in lines(ran.stdout()) {
        let verdict = str::from_utf8(&line[..TEXT_COLUMN]).unwrap();
        let columns: Vec<&str> = verdict.split_whitespace().collect();
        let [mark, score, kind] = columns[..] else {
            assert_eq!(verdict.trim(), "", "a blank line");
            continue;
        };
        let record = records.next().unwrap();
        assert_eq!(mark, if record.kept { "+" } else { "-" });
        assert_eq!(kind, record.kind.name());
        assert!(score.starts_with(['+', '-']), "{score}");
        assert!((score.parse::<f64>().unwrap() - record.score).abs() < 0.0051);
        *(if record.kept { &mut kept } else { &mut dropped }) += 1;
    }
    assert!(records.next().is_none());
    assert!(kept > 2 && dropped > 2, "{kept} kept, {dropped} dropped");
    assert_eq!(kept + dropped, full_lines(&page).len());
}

#[test]
fn annotated_documents_do_not_fuse() {
    let scratch = Scratch::new();
    scratch.write("one", "One").write("two", "Two");
    let ran = scratch.run(&["--annotate", KEEP_ALL, "one", "two"], "");
    let texts: Vec<&str> = ran.text().lines().map(|line| &line[TEXT_COLUMN..]).collect();
    assert_eq!(texts, ["One", "Two"]);
}
