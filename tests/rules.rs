//! Rules of the user's: `--always`, `--never`, `--rules`.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fs;

use dechrome::decode::Policy;
use dechrome::document::strip_ending;
use dechrome::filter::{Filter, Piece};
use dechrome::label::Label;
use dechrome::model::Model;
use dechrome::rules::{Rule, Rules, Told};
use serde_json::Value;

use crate::util::{PAGE, Scratch};

fn records(scratch: &Scratch, args: &[&str]) -> Vec<Value> {
    let ran = scratch.run(&[&["--json"], args].concat(), PAGE);
    ran.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn rules_decide_the_lines_they_match() {
    let scratch = Scratch::new();
    let plain = scratch.run(&[], PAGE).text().to_owned();
    assert!(plain.contains("Repairs will begin") && !plain.contains("Related stories"));
    let args = ["--never", "^Repairs", "--always", "(?i)related STORIES"];
    let ruled = scratch.run(&args, PAGE).text().to_owned();
    assert!(!ruled.contains("Repairs will begin") && ruled.contains("Related stories"), "{ruled}");
    // The complement knows them too.
    let inverted = scratch.run(&[&args[..], &["--invert"]].concat(), PAGE).text().to_owned();
    assert!(inverted.contains("Repairs will begin") && !inverted.contains("Related stories"));
}

#[test]
fn a_rules_file_names_kinds_and_the_command_line_goes_before_it() {
    let scratch = Scratch::new();
    scratch.write("rules", "# ours\ndrop ad ^Repairs\n\nkeep heading ^Sport$\ndrop ^News$\n");
    let rules = ["--rules", "rules", "--always", "^News$", "--never", "^(News|Home)$"];
    let find = |records: &[Value], start: &str| {
        let is_it = |record: &&Value| record["text"].as_str().unwrap().starts_with(start);
        let record = records.iter().find(is_it).unwrap();
        (record["kept"].as_bool().unwrap(), record["kind"].as_str().unwrap().to_owned())
    };
    let records = records(&scratch, &rules);
    assert_eq!(find(&records, "Repairs"), (false, "ad".to_owned()));
    assert_eq!(find(&records, "Sport"), (true, "heading".to_owned()));
    assert!(find(&records, "News").0);
    assert!(!find(&records, "Home").0);
}

/// In the mean over the fixtures, whatever the model: rules for every fourth line move the others.
#[test]
fn rules_inform_the_lines_around() {
    let mut sums = [0.0; 3];
    let mut count = 0;
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/pages")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let page = fs::read(path).unwrap();
        let text = String::from_utf8_lossy(&page);
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let patterns: BTreeSet<String> =
            lines.step_by(4).map(|line| format!("^{}$", regex::escape(line))).collect();
        let rules = |label| {
            let rule = |pattern: &String| Rule {
                told: Told { label, kind: None },
                pattern: pattern.clone(),
                place: String::new(),
            };
            Rules::new(&patterns.iter().map(rule).collect::<Vec<_>>()).unwrap()
        };
        let told = rules(Label::Content);
        for (sum, rules) in
            sums.iter_mut().zip([rules(Label::Chrome), Rules::default(), told.clone()])
        {
            let mut filter = Filter::new(Model::embedded(), Policy::default()).with_rules(rules);
            let mut sink = |piece: &Piece<'_>| {
                if let Some(verdict) = piece.verdict
                    && told.judge(strip_ending(piece.line.bytes)).is_none()
                {
                    *sum += f64::from(verdict.score);
                    count += 1;
                }
                Ok::<_, Infallible>(())
            };
            filter.feed(&page, &mut sink).unwrap();
            filter.finish(&mut sink).unwrap();
        }
    }
    let [dropped, plain, kept] = sums.map(|sum| 3.0 * sum / f64::from(count));
    assert!(dropped + 0.1 < plain && plain + 0.5 < kept, "{dropped} {plain} {kept}");
}

#[test]
fn what_is_no_rule_is_an_error() {
    let scratch = Scratch::new();
    scratch.write("rules", "keep a\nremove b\n");
    for (args, message) in [
        (["--never", "a(b"], "dechrome: --never a(b: unclosed group\n"),
        (
            ["--rules", "rules"],
            "dechrome: rules:2: a rule starts with 'keep' or 'drop', not 'remove'\n",
        ),
    ] {
        let ran = scratch.run(&args, PAGE);
        assert_eq!(ran.status(2).stderr(), message);
    }
    let ran = scratch.run(&["--rules", "none"], PAGE);
    assert!(ran.status(2).stderr().starts_with("dechrome: none: "), "{}", ran.stderr());
}
