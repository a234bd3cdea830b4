//! `--suggest`: rules to choose from, for a handful of pages of one site.
//!
//! Lines that several pages share are the site's, whatever the model thinks of them; lines near the
//! border are those that it is least sure of. Both are written as rules in the syntax of
//! `--rules FILE`, what is kept now and shared as active rules, the rest as comments.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

use anyhow::{Context, Result};
use dechrome::output::sanitize;
use serde::Deserialize;

/// A score this near to the threshold is doubtful: content is between one and three times as
/// likely as chrome, or the other way round.
const DOUBTFUL: f32 = 1.0;

/// The most rules of each sort.
const MAX_RULES: usize = 40;

/// Of longer lines the pattern has the first characters; a number counts as one.
const MAX_CHARACTERS: usize = 80;

/// What is read of a record of `--json`.
#[derive(Debug, Deserialize)]
struct Record {
    document: String,
    line: u64,
    kept: bool,
    score: f32,
    kind: String,
    text: String,
}

/// Lines that are the same but for their numbers, the white space around them, and what comes
/// after the first characters.
#[derive(Debug)]
struct Group {
    /// A pattern of those characters.
    start: String,
    /// Whether there is white space around one of them, and whether one is longer.
    is_spaced: bool,
    is_cut: bool,
    pages: BTreeSet<usize>,
    kept_on: BTreeSet<usize>,
    first: Record,
}

/// The rules for pages of which `records` is what `--json` writes; `threshold` is the one they
/// were judged by.
///
/// # Errors
/// If they are no such records.
pub fn rules(records: &[u8], threshold: f32) -> Result<String> {
    let (groups, pages) = grouped(records)?;
    let repeats = |group: &&Group| group.pages.len() > 1;
    let mut shared: Vec<&Group> = groups.iter().filter(repeats).collect();
    shared.sort_by_key(|group| std::cmp::Reverse(group.pages.len()));
    let (kept, dropped): (Vec<&Group>, Vec<&Group>) =
        shared.into_iter().partition(|group| !group.kept_on.is_empty());
    let distance = |group: &Group| (group.first.score - threshold).abs();
    let mut doubtful: Vec<&Group> =
        groups.iter().filter(|group| !repeats(group) && distance(group) < DOUBTFUL).collect();
    doubtful.sort_by(|a, b| distance(a).total_cmp(&distance(b)));

    let mut out = format!(
        "# Rules for pages like the {pages} looked at, to be edited. Use them with\n\
         #   dechrome --rules THIS-FILE PAGE\n\
         # Remove a '#' before a rule to make it count; of several that match, the last counts.\n"
    );
    section(
        &mut out,
        "On several pages and kept on some: these are the site's, unless you know better.",
        &kept,
        |group| {
            ("", "drop", format!("kept on {} of {} pages", group.kept_on.len(), group.pages.len()))
        },
    );
    section(&mut out, "Near the border, the nearest first.", &doubtful, |group| {
        let (verb, now) = if group.first.kept { ("drop", "kept") } else { ("keep", "dropped") };
        ("# ", verb, now.to_owned())
    });
    section(&mut out, "On several pages and dropped on all.", &dropped, |group| {
        ("# ", "drop", format!("dropped on {} pages", group.pages.len()))
    });
    Ok(out)
}

/// Writes rules with what is known of each; `how` gives what stands before the rule, its verb, and
/// how the lines are judged now.
fn section<'g>(
    out: &mut String,
    title: &str,
    groups: &[&'g Group],
    how: impl Fn(&'g Group) -> (&'static str, &'static str, String),
) {
    _ = write!(out, "\n# {title}\n");
    for group in groups.iter().take(MAX_RULES) {
        let (comment, verb, now) = how(group);
        let Record { document, line, score, kind, .. } = &group.first;
        let place = sanitize::visible(document);
        _ = writeln!(out, "# {now}; {kind} {score:+.1} at {place}:{line}");
        _ = writeln!(out, "{comment}{verb} {}", group.pattern());
    }
    match groups.len() {
        0 => out.push_str("# None.\n"),
        all if all > MAX_RULES => _ = writeln!(out, "# And {} more.", all - MAX_RULES),
        _ => {}
    }
}

/// The lines by their patterns, in the order of their first appearance, and how many pages there
/// are.
fn grouped(records: &[u8]) -> Result<(Vec<Group>, usize)> {
    let mut groups: Vec<Group> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut page = 0;
    let mut last: Option<(String, u64)> = None;
    for record in serde_json::Deserializer::from_slice(records).into_iter::<Record>() {
        let record = record.context("what --json writes")?;
        let follows =
            |(document, line): (String, u64)| document == record.document && line < record.line;
        page += usize::from(!last.take().is_some_and(follows));
        last = Some((record.document.clone(), record.line));
        if record.text.contains(char::REPLACEMENT_CHARACTER) {
            // It may stand for any bytes that are no text.
            continue;
        }
        let trimmed = record.text.trim();
        let is_spaced = trimmed != record.text;
        let (start, is_cut) = start(trimmed);
        let at = *known.entry(start.clone()).or_insert(groups.len());
        let kept = record.kept;
        if at == groups.len() {
            let (pages, kept_on) = (BTreeSet::new(), BTreeSet::new());
            groups.push(Group { start, is_spaced, is_cut, pages, kept_on, first: record });
        }
        groups[at].is_spaced |= is_spaced;
        groups[at].is_cut |= is_cut;
        groups[at].pages.insert(page);
        if kept {
            groups[at].kept_on.insert(page);
        }
    }
    Ok((groups, page))
}

impl Group {
    /// A pattern of these lines and no others.
    fn pattern(&self) -> String {
        let Group { start, is_spaced, is_cut, .. } = self;
        let around = if *is_spaced { r"\s*" } else { "" };
        if *is_cut { format!("^{around}{start}") } else { format!("^{around}{start}{around}$") }
    }
}

/// A pattern of the line's first characters, whatever numbers are in it, and whether there are
/// more.
fn start(line: &str) -> (String, bool) {
    let mut pattern = String::new();
    let mut characters = 0;
    let mut is_number = false;
    for c in line.chars() {
        let was_number = std::mem::replace(&mut is_number, c.is_numeric());
        if is_number && was_number {
            continue;
        }
        if characters == MAX_CHARACTERS {
            return (pattern, true);
        }
        characters += 1;
        // White space at the end of a rule is no part of it.
        let is_odd = c.is_whitespace() && (c != ' ' || characters == MAX_CHARACTERS);
        if is_number {
            pattern.push_str(r"\pN+");
        } else if is_odd || sanitize::is_active(c) {
            _ = write!(pattern, "\\x{{{:x}}}", u32::from(c));
        } else {
            pattern.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
        }
    }
    (pattern, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dechrome::rules::{Rule, Rules};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    /// A record for each line of the pages: its score and text.
    fn records(pages: &[Vec<(f32, String)>]) -> Vec<u8> {
        let mut out = Vec::new();
        for (page, lines) in pages.iter().enumerate() {
            for (line, (score, text)) in lines.iter().enumerate() {
                let kept = *score > 0.0;
                let record = serde_json::json!({
                    "document": format!("page{page}"), "line": line + 1, "offset": 0,
                    "kept": kept, "score": score, "probability": 0.5,
                    "kind": if kept { "prose" } else { "menu" }, "text": text,
                });
                out.extend_from_slice(format!("{record}\n").as_bytes());
            }
        }
        out
    }

    #[test]
    fn a_pattern_is_of_the_lines_that_differ_in_numbers_and_space() {
        for (line, pattern) in [
            ("Sign up", "^Sign up$"),
            (" a+b (c) # d ", r"^\s*a\+b \(c\) \# d\s*$"),
            ("3 of 1,200", r"^\pN+ of \pN+,\pN+$"),
            ("٣ رد", r"^\pN+ رد$"),
            ("a\tb\u{1b}\u{202e}", r"^a\x{9}b\x{1b}\x{202e}$"),
            ("form", "^form$"),
            (&format!("{}x", "ab ".repeat(27)), &format!("^{}ab", "ab ".repeat(26))),
        ] {
            let (groups, _) = grouped(&records(&[vec![(1.0, line.to_owned())]])).unwrap();
            assert_eq!(groups[0].pattern(), pattern);
        }
    }

    #[test]
    fn rules_come_from_what_pages_share_and_from_doubt() {
        let record = |document: &str, line: u64, score: f32, text: &str| {
            let kept = score > 0.0;
            let kind = if kept { "prose" } else { "menu" };
            format!(
                "{{\"document\":\"{document}\",\"line\":{line},\"offset\":0,\"kept\":{kept},\
                 \"score\":{score},\"probability\":0.5,\"kind\":\"{kind}\",\"text\":\"{text}\"}}\n"
            )
        };
        let records = [
            record("a", 1, -4.0, "Home"),
            record("a", 2, 3.0, "One of 3"),
            record("a", 3, 3.0, "Other"),
            record("a", 5, -0.5, "Doubt"),
            record("a", 1, -4.0, "Home"),
            record("b", 7, 3.0, "One of 47"),
            record("b", 8, -0.2, "Less"),
            record("b", 9, 3.0, "Twice"),
            record("b", 10, 3.0, "Twice"),
        ];
        let text = rules(records.concat().as_bytes(), 0.0).unwrap();
        let (head, rest) = text.split_once("\n\n").unwrap();
        assert!(head.contains("the 3 looked at"), "{head}");
        assert_eq!(
            rest,
            "\
# On several pages and kept on some: these are the site's, unless you know better.
# kept on 2 of 2 pages; prose +3.0 at a:2
drop ^One of \\pN+$

# Near the border, the nearest first.
# dropped; menu -0.2 at b:8
# keep ^Less$
# dropped; menu -0.5 at a:5
# keep ^Doubt$

# On several pages and dropped on all.
# dropped on 2 pages; menu -4.0 at a:1
# drop ^Home$
"
        );
        let read = Rule::parse_file(&text, "rules").unwrap();
        assert_eq!(read.len(), 1);
        assert!(rules(b"{}", 0.0).is_err());
        assert!(rules(b"", 0.0).unwrap().contains("# None."));
    }

    fn line() -> impl Strategy<Value = String> {
        let part = select(vec![
            "Sign up", "a", "form", " ", "\u{a0}", "\t", "1", "22", "٣", "(", "#", "^", "\\", "é",
            "\u{202e}", "\u{1b}",
        ]);
        // Long lines are as long as the pattern, and a little more or less.
        let start = (any::<bool>(), 70..90_usize, 0..3_usize);
        (start, vec(part, 1..5)).prop_map(|((is_long, letters, numbers), parts)| {
            let long = format!("{}{}", "7 ".repeat(numbers), "x".repeat(letters));
            format!("{}{}", if is_long { &long } else { "" }, parts.concat())
        })
    }

    proptest! {
        #[test]
        fn a_rule_does_what_is_said_of_it(
            lines in vec(line(), 1..8),
            pages in vec(vec((0..8_usize, select(vec![-4.0_f32, -0.5, 0.5, 4.0])), 0..12), 1..5),
        ) {
            let is_text = |line: &&String| !line.trim().is_empty();
            let lines: Vec<&String> = lines.iter().filter(is_text).collect();
            prop_assume!(!lines.is_empty());
            let text = |(line, score): &(usize, f32)| (*score, lines[line % lines.len()].clone());
            let pages: Vec<Vec<(f32, String)>> =
                pages.iter().map(|page| page.iter().map(text).collect()).collect();
            let file = rules(&records(&pages), 0.0).unwrap();
            prop_assert!(Rule::parse_file(&file, "rules").is_ok());
            let rows: Vec<&str> = file.lines().collect();
            for pair in rows.windows(2).filter(|pair| pair[0].contains(" at page")) {
                let rule = pair[1].strip_prefix("# ").unwrap_or(pair[1]);
                let told = Rules::new(&Rule::parse_file(rule, "").unwrap()).unwrap();
                let mut matched = Vec::new();
                for (page, lines) in pages.iter().enumerate() {
                    let is_match = |(_, (_, text)): &(usize, &(f32, String))| {
                        told.judge(text.as_bytes()).is_some()
                    };
                    let found = lines.iter().enumerate().filter(is_match);
                    matched.extend(found.map(|(line, (score, _))| (page, line + 1, *score)));
                }
                let (page, line, score) = matched[0];
                let on = |is_kept: bool| -> usize {
                    let lines = matched.iter().filter(|line| !is_kept || line.2 > 0.0);
                    lines.map(|line| line.0).collect::<BTreeSet<usize>>().len()
                };
                let (kept, all) = (on(true), on(false));
                let (said, kind) = match (all, kept) {
                    (1, _) if score > 0.0 => ("kept".to_owned(), "prose"),
                    (1, _) => ("dropped".to_owned(), "menu"),
                    (_, 0) => (format!("dropped on {all} pages"), "menu"),
                    _ => {
                        let kind = if score > 0.0 { "prose" } else { "menu" };
                        (format!("kept on {kept} of {all} pages"), kind)
                    }
                };
                let said = format!("# {said}; {kind} {score:+.1} at page{page}:{line}");
                prop_assert_eq!(pair[0], said);
                let is_active = all > 1 && kept > 0;
                prop_assert_eq!(pair[1].starts_with("drop "), is_active, "{}", file);
            }
        }
    }
}
