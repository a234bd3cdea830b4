//! The report of `--html` as a file. What a browser makes of it is tested in `tests/browser`.

use std::fs;

use crate::util::{PAGE, Scratch, full_lines};

fn rows(html: &str) -> usize {
    html.matches("<li value=").count()
}

#[test]
fn the_report_has_every_line_of_every_document_and_standard_output_none() {
    let scratch = Scratch::new();
    scratch.write("page.txt", PAGE).write("<i>.txt", "One.\n\nTwo\n").write("report", "before");
    let ran = scratch.run(&["--html", "report", "page.txt", "<i>.txt", "-"], "Three");
    assert_eq!(ran.text(), "");
    let html = fs::read_to_string(scratch.path("report")).unwrap();
    assert_eq!(rows(&html), full_lines(PAGE.as_bytes()).len() + 3);
    for part in ["<h2>page.txt</h2>", "<h2>&#60;i&#62;.txt</h2>", "<h2>standard input</h2>"] {
        assert!(html.contains(part), "{part}");
    }
    assert_eq!(html.matches("</section>").count(), 3);
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"));
    assert!(!html.contains("http:") && !html.contains("https:"), "it needs no network");
    // The same to standard output, and whatever the user's rules say.
    let ran = scratch.run(&["--html=-", "page.txt", "<i>.txt", "-"], "Three");
    assert!(ran.text() == html);
    let ran = scratch.run(&["--html=-", "--never=^One", "<i>.txt"], "");
    assert!(ran.text().contains("your rule --never ^One"), "{}", ran.text());
}

#[test]
fn a_report_that_cannot_be_written_is_an_error_and_leaves_nothing() {
    let scratch = Scratch::new();
    scratch.write("page", PAGE);
    fs::create_dir(scratch.path("folder")).unwrap();
    for name in ["none/report.html", "folder"] {
        let ran = scratch.run(&["--html", name, "page"], "");
        ran.status(2);
        assert!(ran.stderr().starts_with(&format!("dechrome: {name}: ")), "{}", ran.stderr());
        assert_eq!(ran.stderr().lines().count(), 1);
    }
    // What can be read is in the report all the same.
    let ran = scratch.run(&["--html", "report", "missing", "page"], "");
    ran.status(2);
    let html = fs::read_to_string(scratch.path("report")).unwrap();
    assert_eq!(rows(&html), full_lines(PAGE.as_bytes()).len());
    let mut names: Vec<_> = fs::read_dir(scratch.path(".")).unwrap().collect();
    names.retain(|entry| !entry.as_ref().unwrap().path().is_dir());
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_named() {
    let scratch = Scratch::new();
    scratch.write("page", PAGE);
    let ran = scratch.run(&["--html", "/dev/full", "page"], "");
    assert!(ran.status(2).stderr().starts_with("dechrome: /dev/full: "), "{}", ran.stderr());
}

#[test]
fn a_page_too_long_to_be_explained_is_shown_without_reasons() {
    let scratch = Scratch::new();
    let page = format!("One.\n{}\n\nTwo", "word ".repeat(3 << 18));
    let ran = scratch.run(&["--html=-"], &page);
    let html = ran.text();
    assert_eq!(rows(html), 3);
    assert_eq!(html.matches("no reasons: the page").count(), 4);
    assert!(html.len() < page.len() + 100_000 && html.matches("</section>").count() == 1);
}
