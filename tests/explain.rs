//! Reasons: true to the model, and adding up.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};

use dechrome::document::is_blank;
use dechrome::explain::{Cause, MAX_BYTES, MAX_LINES, MIN_POINTS, NEAR, Page, Reason};
use dechrome::features::{Dense, Extractor, Feature, Listener};
use dechrome::model::Scorer;
use dechrome::{Filter, Kind, Model, Piece, Policy, Rules};

use crate::util::{PAGE, Scratch, full_lines, lines};

/// What the model sees of a line.
type Seen = (Dense, Vec<u32>);

fn see(page: &[u8]) -> Vec<Seen> {
    extract(page).0
}

/// The same, and whether each line goes on from the one before it.
fn extract(page: &[u8]) -> (Vec<Seen>, Vec<bool>) {
    let mut extractor = Extractor::new();
    let (mut seen, mut goes_on): (Vec<Seen>, Vec<bool>) = Default::default();
    for line in lines(page) {
        if is_blank(line) {
            extractor.blank_lines(1);
            continue;
        }
        let mut tokens = Vec::new();
        let text = dechrome::document::strip_ending(line);
        let dense = extractor.line(text, None, &mut |key| tokens.push(key));
        extractor.show(&mut seen, |line| &mut line.0);
        seen.push((dense, tokens));
        goes_on.push(extractor.goes_on());
    }
    (seen, goes_on)
}

/// The score of one line by itself, from the start of the page to its end.
fn score(page: &[Seen], line: usize) -> f32 {
    let mut scorer = Scorer::new(Model::embedded());
    let mut scores = Vec::new();
    for (dense, tokens) in page {
        scorer.begin_line();
        tokens.iter().for_each(|&key| scorer.token(key));
        scores.extend(scorer.end_line(dense));
    }
    scores.extend(std::iter::from_fn(|| scorer.drain()));
    assert_eq!(scores.len(), page.len());
    scores[line].content
}

/// The page without these causes of a line, as the documentation says it, and the line in it.
fn without(page: &[Seen], average: &Dense, line: usize, causes: &[Cause]) -> (Vec<Seen>, usize) {
    let (above, below) = (line.saturating_sub(NEAR), (line + NEAR + 1).min(page.len()));
    let mut page = page.to_vec();
    for cause in causes {
        match cause {
            Cause::Words => page[line].1.clear(),
            Cause::Above => page[above..line].fill((*average, vec![])),
            Cause::Below => page[line + 1..below].fill((*average, vec![])),
            Cause::Before | Cause::After | Cause::Paragraph => {}
            cause => {
                for &feature in Feature::ALL.iter().filter(|&&other| Cause::of(other) == *cause) {
                    page[line].0[feature as usize] = average[feature as usize];
                }
            }
        }
    }
    if causes.contains(&Cause::After) {
        page.truncate(below);
    }
    if causes.contains(&Cause::Before) {
        page.drain(..above);
        return (page, line - above);
    }
    (page, line)
}

/// The score of a line without the tokens that the word alone has.
fn without_word(page: &[Seen], line: usize, word: &str) -> f32 {
    let mut page = page.to_vec();
    Extractor::new().line(word.as_bytes(), None, &mut |key| page[line].1.retain(|&own| own != key));
    score(&page, line)
}

/// The kinds of the lines of a page that are not blank.
fn kinds_of(page: &[u8]) -> Vec<Kind> {
    let mut kinds = Vec::new();
    let mut filter = Filter::new(Model::embedded(), Policy::default());
    let mut sink = |piece: &Piece<'_>| {
        kinds.extend(piece.verdict.map(|verdict| verdict.kind));
        Ok::<_, Infallible>(())
    };
    filter.feed(page, &mut sink).unwrap();
    filter.finish(&mut sink).unwrap();
    kinds
}

/// The pages of the fixtures, in order.
fn pages() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pages");
    let mut paths: Vec<_> =
        fs::read_dir(&directory).unwrap().map(|it| it.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    paths
}

#[test]
fn taking_the_causes_away_moves_the_score_as_said() {
    let paths = pages();
    let (mut checked, mut words) = (0, 0);
    let (mut kinds, mut causes) = (BTreeMap::new(), BTreeSet::new());
    let mut chosen_kinds = BTreeMap::new();
    for (offset, path) in paths.iter().enumerate() {
        let text = fs::read(path).unwrap();
        let rules = Rules::default();
        let page = Page::new(Model::embedded(), Policy::default(), &rules, lines(&text));
        let (seen, goes_on) = extract(&text);
        assert_eq!(page.len(), seen.len());
        // Some lines of each page, and a few of each kind and of paragraphs that were wrapped.
        let mut chosen: BTreeSet<usize> = (offset % 29..seen.len()).step_by(29).collect();
        chosen.extend((0..seen.len()).filter(|&line| goes_on[line]).take(12));
        for (line, kind) in kinds_of(&text).into_iter().enumerate() {
            let count = chosen_kinds.entry(kind).or_insert(0);
            if *count < 4 && chosen.insert(line) {
                *count += 1;
            }
        }
        for line in chosen {
            let explained = page.explain(line..line + 1).next().unwrap();
            let place = format!("{} line {line}: {explained:?}", path.display());
            let mut gone = Vec::new();
            let border = explained.scores.border;
            let by_paragraph = explained.scores.content - score(&seen, line);
            let with_next = goes_on.get(line + 1) == Some(&true);
            assert!(by_paragraph == 0.0 || goes_on[line] || with_next, "{place}");
            if with_next {
                let next = page.explain(line + 1..line + 2).next().unwrap().scores.content;
                assert_eq!(next, explained.scores.content, "{place}");
            }
            let from_border = |own: f32, gone: &[Cause]| {
                let is_alone = gone.contains(&Cause::Paragraph);
                own + (if is_alone { 0.0 } else { by_paragraph } - border)
            };
            let mut before = explained.scores.content - border;
            for reason in &explained.reasons {
                if let Some(named) = reason.words.strip_prefix("words: ") {
                    let (changed, at) = without(&seen, page.average(), line, &gone);
                    for word in named.split(", ") {
                        let moved = before - from_border(without_word(&changed, at, word), &gone);
                        assert!(moved * reason.points > 0.0, "{word} {moved} in {place}");
                        words += 1;
                    }
                }
                gone.push(reason.cause);
                let (changed, at) = without(&seen, page.average(), line, &gone);
                let after = from_border(score(&changed, at), &gone);
                assert_eq!(reason.points, before - after, "{:?} in {place}", reason.cause);
                assert!(reason.points.abs() >= MIN_POINTS && !reason.words.is_empty(), "{place}");
                before = after;
                causes.insert(reason.cause);
            }
            assert_eq!(explained.rest, before, "{place}");
            let sum: f32 = explained.reasons.iter().map(|reason| reason.points).sum();
            assert!(
                (sum + explained.rest - (explained.scores.content - border)).abs() < 1e-3,
                "{place}"
            );
            *kinds.entry(Policy::default().decide(&explained.scores, None).kind).or_insert(0) += 1;
            checked += 1;
        }
    }
    assert!(checked > 100 && words > 30, "{checked} lines, {words} words");
    // Of the 18 the fixtures have 14.
    assert!(kinds.len() >= 12 && causes.len() > 12, "{kinds:?} {causes:?}");
    assert!(causes.contains(&Cause::Paragraph), "{causes:?}");
}

/// The text without the strongest cause of a line, and which line that is in it; none if the cause
/// cannot be taken out of a text by itself. Lines are counted without the blank ones.
fn edited(text: &str, line: usize, reason: &Reason) -> Option<(String, usize)> {
    let is_full = |it: &&str| !is_blank(it.as_bytes());
    // The lines that are not blank, each with the blank ones before it.
    let mut blocks = vec![String::new()];
    for it in text.split_inclusive('\n') {
        blocks.last_mut().unwrap().push_str(it);
        if is_full(&it) {
            blocks.push(String::new());
        }
    }
    let own = blocks[line].lines().find(is_full).unwrap().to_owned();
    let (above, below) = (line.saturating_sub(NEAR), (line + NEAR + 1).min(blocks.len()));
    let mut line = line;
    match reason.cause {
        Cause::Before => {
            blocks.drain(..above);
            line -= above;
        }
        Cause::After => blocks.truncate(below),
        Cause::Above => {
            blocks.drain(above..line);
            line = above;
        }
        Cause::Below => drop(blocks.drain(line + 1..below)),
        Cause::Ending if reason.words == "no sentence end" => {
            blocks[line] = blocks[line].replace(&own, &format!("{own}."));
        }
        Cause::Ending => {
            let bare = own.trim_end_matches(|c: char| !c.is_alphabetic());
            blocks[line] = blocks[line].replace(&own, bare);
        }
        Cause::Beginning if reason.words.contains("starts with a bullet") => {
            let bare = own.trim_start_matches(|c: char| !c.is_alphanumeric());
            blocks[line] = blocks[line].replace(&own, bare);
        }
        Cause::Layout if reason.words.contains("after a blank line") => {
            blocks[line] = blocks[line].trim_start_matches(['\r', '\n']).to_owned();
        }
        Cause::Words => {
            // Each named word backwards: as long and of the same letters, but hardly a word.
            let named = reason.words.strip_prefix("words: ")?;
            let mut changed = own.clone();
            for word in named.split(", ") {
                let at = changed.to_lowercase().find(word)?;
                let backwards: String = changed.get(at..at + word.len())?.chars().rev().collect();
                changed.replace_range(at..at + word.len(), &backwards);
            }
            blocks[line] = blocks[line].replace(&own, &changed);
        }
        _ => return None,
    }
    Some((blocks.concat(), line))
}

/// To take a cause out of the text changes more than the cause, so that this does not hold of every
/// line and not to the point.
#[test]
fn taking_the_strongest_cause_out_of_the_text_moves_the_score_the_same_way() {
    let mut found: BTreeMap<Cause, Vec<(f32, f32, String)>> = BTreeMap::new();
    let (mut kinds, mut unseen) = (BTreeSet::new(), 0);
    for (offset, path) in pages().iter().enumerate() {
        let text = fs::read_to_string(path).unwrap();
        let rules = Rules::default();
        let page = Page::new(Model::embedded(), Policy::default(), &rules, lines(text.as_bytes()));
        let kinds_of_page = kinds_of(text.as_bytes());
        let whole = see(text.as_bytes());
        for line in (offset % 19..page.len()).step_by(19) {
            let explained = page.explain(line..line + 1).next().unwrap();
            let Some(reason) = explained.reasons.first().filter(|it| it.points.abs() >= 1.0) else {
                continue;
            };
            let Some((changed, at)) = edited(&text, line, reason) else { continue };
            let seen = see(changed.as_bytes());
            let moved = score(&whole, line) - score(&seen, at);
            let place = format!("{} line {line}: {}", path.display(), reason.words);
            if reason.cause == Cause::After && whole.starts_with(&seen) {
                // What follows shows in no feature, so that there is no difference.
                unseen += 1;
                assert!(
                    (moved - reason.points).abs() < 1e-3,
                    "{moved} {} at {place}",
                    reason.points
                );
            }
            found.entry(reason.cause).or_default().push((reason.points, moved, place));
            kinds.insert(kinds_of_page[line]);
        }
    }
    let all: Vec<_> = found.values().flatten().collect();
    let agreeing = all.iter().filter(|(points, moved, _)| points * moved > 0.0).count();
    assert!(all.len() >= 30 && kinds.len() > 8 && found.len() > 4, "{} {kinds:?}", all.len());
    assert!(10 * agreeing > 9 * all.len(), "{agreeing} of {}: {found:#?}", all.len());
    assert!(unseen > 0, "of no line is what follows in no feature");
}

/// Lines of `--explain` as lines of `--annotate` with what stands under them.
fn explained(scratch: &Scratch, args: &[&str], page: &[u8]) -> Vec<(String, Option<String>)> {
    let ran = scratch.run(&[&["--explain"], args].concat(), page);
    let mut found: Vec<(String, Option<String>)> = Vec::new();
    for line in ran.text().lines() {
        let is_reason = line.ends_with(" left") && line.starts_with("  ") && line.contains('%');
        match found.last_mut().filter(|_| is_reason) {
            Some((_, reason)) => *reason = Some(line.to_owned()),
            None => found.push((line.to_owned(), None)),
        }
    }
    found
}

#[test]
fn reasons_stand_under_the_annotated_lines_and_add_up() {
    let scratch = Scratch::new();
    scratch.write("page", PAGE).write("other", "One.\nTwo");
    for args in [&["page"][..], &["page", "other", "page"], &["--never", "^News", "page"]] {
        let annotated = scratch.run(&[&["--annotate"], args].concat(), "").text().to_owned();
        let explained = explained(&scratch, args, b"");
        let lines: Vec<&str> = explained.iter().map(|(line, _)| line.as_str()).collect();
        assert_eq!(lines, annotated.lines().collect::<Vec<_>>());
        for (line, reason) in &explained {
            let Some(score) = line.split_whitespace().nth(1) else {
                assert_eq!(*reason, None);
                continue;
            };
            let score: f64 = score.parse().unwrap();
            let reason = reason.as_ref().unwrap();
            let (percent, rest) = reason.trim().split_once('%').unwrap();
            let expected = 100.0 / (1.0 + (-score).exp());
            let percent: f64 = percent.parse().unwrap();
            // A page's border lies at a probability of one half, or lower.
            assert!(percent < expected + 0.3, "{line} {reason}");
            let points = rest.split("; ").map(|part| part.split_whitespace().next().unwrap());
            let points: Vec<f64> = points.map(|number| number.parse().unwrap()).collect();
            let sum: f64 = points.iter().sum();
            assert!((sum - score).abs() < 0.05 * points.len() as f64 + 0.01, "{line} {reason}");
        }
    }
}

#[test]
fn a_rule_is_a_reason_that_names_its_place() {
    let scratch = Scratch::new();
    scratch.write("ours", "# rules\nkeep prose ^Log in\n");
    let explained = explained(&scratch, &["--rules", "ours"], PAGE.as_bytes());
    let (_, reason) = explained.iter().find(|(line, _)| line.contains("Log in")).unwrap();
    assert!(reason.as_ref().unwrap().contains(" your rule ours:2; "), "{reason:?}");
    let others = explained.iter().filter(|(line, _)| !line.contains("Log in"));
    for (line, reason) in others {
        assert!(
            !reason.as_ref().is_some_and(|reason| reason.contains("rule")),
            "{line} {reason:?}"
        );
    }
}

#[test]
fn a_page_too_long_to_be_explained_is_annotated() {
    let scratch = Scratch::new();
    let notice = "no reasons: the page has more than 1 MiB or 65536 lines";
    let many = "\n".repeat(MAX_LINES) + "One.\n";
    let long = format!("One.\n{}\nTwo", "word ".repeat(MAX_BYTES / 5));
    for page in [&many, &long] {
        let ran = scratch.run(&["--explain"], page);
        let (first, rest) = ran.text().split_once('\n').unwrap();
        assert_eq!(first.trim(), notice);
        assert!(rest == scratch.run(&["--annotate"], page).text());
    }
    // The next page has its reasons.
    scratch.write("many", &many).write("page", PAGE);
    let explained = explained(&scratch, &["many", "page"], b"");
    let reasons = explained.iter().filter(|(_, reason)| reason.is_some()).count();
    assert_eq!(reasons, full_lines(PAGE.as_bytes()).len());
}

#[test]
fn reasons_do_not_act_on_a_terminal() {
    let scratch = Scratch::new();
    let page = "Sign\u{9b}31m up\u{202e}for the \u{1b}[31mnewsletter\n".repeat(3);
    let ran = scratch.run(&["--explain"], &page);
    let reasons = ran.text().lines().skip(1).step_by(2);
    assert!(reasons.clone().count() == 3);
    assert!(!reasons.flat_map(str::chars).any(dechrome::output::sanitize::is_active));
}
