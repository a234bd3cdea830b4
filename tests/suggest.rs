//! `--suggest`: from a bad output to the rule that mends it, as the README has it.

use std::fs;
use std::path::Path;

use crate::util::{PAGE, Scratch};

const PAGES: [&str; 3] = ["breakwater.txt", "ferry.txt", "library.txt"];

#[test]
#[cfg(unix)]
fn three_commands_lead_from_a_bad_output_to_the_rule_that_mends_it() {
    let scratch = Scratch::new();
    let site = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/site");
    fs::create_dir(scratch.path("site")).unwrap();
    for name in PAGES {
        fs::copy(site.join(name), scratch.path("site").join(name)).unwrap();
    }
    let before = scratch.shell("dechrome site/ferry.txt").text().to_owned();
    assert!(before.contains("\nYou read the Tidewater Post without paying"), "{before}");
    let rules = scratch.shell("dechrome --suggest site/*.txt | tee rules").text().to_owned();
    let active: Vec<&str> =
        rules.lines().filter(|row| !row.starts_with('#') && !row.is_empty()).collect();
    assert!(
        active.iter().any(|rule| rule.starts_with(
            r"drop ^You read the Tidewater Post without paying for it because \pN+,\pN+ n"
        )),
        "{rules}"
    );
    assert!(rules.contains("# kept on 3 of 3 pages; prose "), "{rules}");
    assert!(rules.contains(" at site/breakwater.txt:"), "{rules}");
    let after = scratch.shell("dechrome --rules rules site/ferry.txt").text().to_owned();
    assert!(!after.contains("You read the Tidewater Post"), "{after}");
    for part in ["From the first of March the ferry", "On the island people see it otherwise."] {
        assert!(before.contains(part) && after.contains(part), "{after}");
    }
}

#[test]
fn what_is_suggested_is_a_rules_file_whatever_was_read() {
    let scratch = Scratch::new();
    scratch
        .write("a", PAGE)
        .write("b", PAGE)
        .write("odd", b"\xff # (\x1b[31m \xe2\x80\xae\n\n\0\n");
    let rules = scratch.run(&["--suggest", "a", "b", "odd", "odd"], "").text().to_owned();
    let every: String = rules
        .lines()
        .map(|row| row.strip_prefix("# ").filter(|row| row.contains(" ^")).unwrap_or(row))
        .map(|row| format!("{row}\n"))
        .collect();
    assert!(every.lines().filter(|row| row.starts_with("drop ^")).count() > 10, "{rules}");
    scratch.write("rules", &every);
    scratch.run(&["--rules", "rules", "a"], "").stdout();
    // Without a page that says anything, and with one that cannot be read.
    assert_eq!(scratch.run(&["--suggest"], "").text().matches("# None.").count(), 3);
    let ran = scratch.run(&["--suggest", "missing", "a"], "");
    assert!(ran.status(2).stderr().starts_with("dechrome: missing: "), "{}", ran.stderr());
    assert!(ran.0.stdout.starts_with(b"# Rules for pages like the 1 looked at"));
}
