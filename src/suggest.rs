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

/// Of longer lines the pattern has the first characters.
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

/// Lines that one pattern matches.
#[derive(Debug)]
struct Group {
    pattern: String,
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
        _ = writeln!(out, "{comment}{verb} {}", group.pattern);
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
        let pattern = pattern(&record.text);
        let at = *known.entry(pattern.clone()).or_insert(groups.len());
        let kept = record.kept;
        if at == groups.len() {
            let (pages, kept_on) = (BTreeSet::new(), BTreeSet::new());
            groups.push(Group { pattern, pages, kept_on, first: record });
        }
        groups[at].pages.insert(page);
        if kept {
            groups[at].kept_on.insert(page);
        }
    }
    Ok((groups, page))
}

/// A pattern of the line, whatever white space is around it and whatever numbers are in it.
fn pattern(text: &str) -> String {
    let trimmed = text.trim();
    let around = if trimmed == text { "" } else { r"\s*" };
    let mut pattern = format!("^{around}");
    let mut is_number = false;
    let start: String = trimmed.chars().take(MAX_CHARACTERS).collect();
    for c in start.trim_end().chars() {
        let was_number = std::mem::replace(&mut is_number, c.is_numeric());
        match c {
            c if c.is_numeric() && was_number => {}
            c if c.is_numeric() => pattern.push_str(r"\pN+"),
            // It may stand for bytes that are no text.
            '\u{fffd}' => pattern.push_str("(?s-u:.+)"),
            c if sanitize::is_active(c) || c == '\t' => {
                _ = write!(pattern, "\\x{{{:x}}}", u32::from(c));
            }
            c => pattern.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    if trimmed.chars().nth(MAX_CHARACTERS).is_none() {
        pattern.push_str(around);
        pattern.push('$');
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;
    use dechrome::rules::{Rule, Rules};

    #[test]
    fn a_pattern_is_a_rule_that_matches_its_line() {
        let long = format!("{}a", "word 12 ".repeat(40));
        for (line, pattern) in [
            ("Sign up", Some("^Sign up$")),
            (" a+b (c) # d ", Some(r"^\s*a\+b \(c\) \# d\s*$")),
            ("3 of 1,200", Some(r"^\pN+ of \pN+,\pN+$")),
            ("٣ رد", Some(r"^\pN+ رد$")),
            ("a\tb\u{1b}\u{202e}", Some(r"^a\x{9}b\x{1b}\x{202e}$")),
            ("form", Some("^form$")),
            (&long, None),
        ] {
            let made = super::pattern(line);
            assert_eq!(pattern.unwrap_or(&made), made);
            assert!(made.is_ascii() || !made.contains(sanitize::is_active));
            let rules = Rules::new(&Rule::parse_file(&format!("drop {made}"), "").unwrap());
            assert!(rules.unwrap().judge(line.as_bytes()).is_some(), "{made}");
        }
        let rule = format!("drop {}", pattern(&String::from_utf8_lossy(b"a \xff\xfe b")));
        let rules = Rules::new(&Rule::parse_file(&rule, "").unwrap()).unwrap();
        assert!(rules.judge(b"a \xff\xfe b").is_some());
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
}
