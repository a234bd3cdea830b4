//! Rules of the user's: `--always`, `--never`, `--rules`.

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

#[test]
fn a_rule_informs_the_lines_around() {
    let scratch = Scratch::new();
    let score = |args: &[&str]| {
        let records = records(&scratch, args);
        let line = records.iter().find(|record| record["text"] == "Contact us").unwrap();
        line["score"].as_f64().unwrap()
    };
    let plain = score(&[]);
    let kept = score(&["--always", "^(News|Sport|Log in .*)$"]);
    let dropped = score(&["--never", "^(News|Sport|Log in .*)$"]);
    assert!(dropped <= plain && plain + 0.2 < kept, "{dropped} {plain} {kept}");
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
