//! What the command line promises: options, inputs, messages, exit status.

use std::fs;
use std::io::Write;

use dechrome::label::Kind;

use crate::util::{KEEP_ALL, KEEP_NONE, PAGE, Scratch, full_lines, shown};

#[test]
fn a_page_is_told_apart() {
    let ran = Scratch::new().run(&[], PAGE);
    let article = ran.text();
    assert!(article.contains("The town council voted on Tuesday"), "{article}");
    assert!(article.contains("Repairs will begin in spring"), "{article}");
    for chrome in ["Log in", "Share on Facebook", "Privacy Policy", "All rights reserved"] {
        assert!(!article.contains(chrome), "{article}");
    }
    assert!(article.contains("growing.\n\n\"We looked"), "paragraphs stay apart: {article}");
    assert!(!article.contains("\n\n\n") && !article.starts_with('\n'), "{article}");
}

#[test]
fn pipe_dash_and_file_give_the_same_bytes() {
    let scratch = Scratch::new();
    scratch.write("page.txt", PAGE);
    for args in [&[][..], &["--invert"], &["--annotate"], &["--blank", "keep"]] {
        let pipe = scratch.run(args, PAGE);
        assert!(!pipe.stdout().is_empty());
        assert_eq!(pipe.text(), scratch.run(&[args, &["-"]].concat(), PAGE).text());
        assert_eq!(pipe.text(), scratch.run(&[args, &["page.txt"]].concat(), "").text());
    }
}

#[test]
fn the_processor_s_instructions_do_not_show() {
    let scratch = Scratch::new();
    let page = PAGE.repeat(20);
    scratch.write("page.txt", &page);
    let expected = scratch.run(&["--json", "page.txt"], "");
    for level in ["portable", "avx2"] {
        let mut command = scratch.command(&["--json", "page.txt"]);
        let output = command.env("DECHROME_SIMD", level).output().unwrap();
        assert_eq!(output.stdout, expected.stdout(), "{level}");
    }
}

#[test]
fn each_file_is_a_document_of_its_own() {
    let scratch = Scratch::new();
    let other = "A second page, which has one long sentence that nobody would take for a menu.\n";
    scratch.write("one", PAGE).write("two", other);
    let both = [scratch.run(&["one"], "").stdout(), scratch.run(&["two"], "").stdout()].concat();
    let ran = scratch.run(&["one", "two"], "");
    assert_eq!(shown(ran.stdout()), shown(&both));
    let ran = scratch.run(&["one", "-"], other);
    assert_eq!(shown(ran.stdout()), shown(&both));

    // Line numbers and offsets start anew.
    let ran = scratch.run(&["--json", "one", "two"], "");
    let last = ran.text().lines().last().unwrap();
    assert!(last.starts_with("{\"document\":\"two\",\"line\":1,\"offset\":0,"), "{last}");
}

#[test]
fn lines_of_two_files_do_not_fuse() {
    let scratch = Scratch::new();
    scratch.write("open", "first\n\nsecond").write("next", "\nthird\n").write("none", "");
    let ran = scratch.run(&[KEEP_ALL, "open", "none", "next", "open"], "");
    assert_eq!(ran.text(), "first\n\nsecond\nthird\nfirst\n\nsecond");
}

#[test]
fn an_input_that_fails_is_named_and_the_rest_is_processed() {
    let scratch = Scratch::new();
    scratch.write("good", "good\n").write("fine", "fine\n");
    let ran = scratch.run(&[KEEP_ALL, "good", "missing", "fine"], "");
    ran.status(2);
    assert_eq!(shown(&ran.0.stdout), "good\\nfine\\n");
    assert!(ran.stderr().starts_with("dechrome: missing: "), "{}", ran.stderr());
    assert_eq!(ran.stderr().lines().count(), 1);
    let ran = scratch.run(&[KEEP_ALL, "--on-error=fail", "good", "missing", "fine"], "");
    ran.status(2);
    assert_eq!(shown(&ran.0.stdout), "good\\n");
}

#[test]
#[cfg(unix)]
fn a_message_is_one_line_whatever_the_name() {
    let ran = Scratch::new().run(&["a\nb\x1b[31m"], "");
    ran.status(2);
    assert!(ran.stderr().starts_with("dechrome: a^Jb^[[31m: "), "{}", ran.stderr());
    assert_eq!(ran.stderr().lines().count(), 1);
}

#[test]
fn exit_status_tells_on_request_that_nothing_was_kept() {
    let scratch = Scratch::new();
    scratch.write("page", PAGE);
    for (args, status) in [
        (&[KEEP_NONE, "page"][..], 0),
        (&[KEEP_NONE, "-e", "page"], 1),
        (&[KEEP_NONE, "--exit-status", "page", "page"], 1),
        (&[KEEP_NONE, "-e", "--json", "page"], 1),
        (&[KEEP_NONE, "-e", "--invert", "page"], 1),
        (&[KEEP_ALL, "-e", "page"], 0),
        // A failed input weighs more.
        (&[KEEP_NONE, "-e", "page", "missing"], 2),
        (&[KEEP_ALL, "-e", "page", "missing"], 2),
    ] {
        scratch.run(args, "").status(status);
    }
    scratch.run(&["-e"], "").status(1);
    scratch.run(&["-e"], "\n \n").status(1);
    scratch.run(&[KEEP_ALL, "-e", "-", "page"], "").status(0);
}

#[test]
fn wrong_usage_is_status_2_and_writes_nothing() {
    let scratch = Scratch::new();
    for args in [
        &["--nonsense"][..],
        &["--threshold", "high"],
        &["--threshold", "nan"],
        &["--threshold", "inf"],
        &["--threshold=-1e39"],
        &["--threshold", "1", "--precision"],
        &["--threshold", "1", "--recall"],
        &["--precision", "--recall"],
        &["--keep", "nonsense"],
        &["--keep", "Prose"],
        &["--drop", ""],
        &["--keep", "menu,caption", "--drop", "list,menu"],
        &["--only", "prose", "--keep", "menu"],
        &["--only", "prose", "--drop", "list"],
        &["--annotate", "--json"],
        &["--explain", "--json"],
        &["--html", "report", "--json"],
        &["--html", "report", "--explain"],
        &["--html", "report", "--invert"],
        &["--explain", "--annotate"],
        &["--explain", "--invert"],
        &["--annotate", "--invert"],
        &["--json", "--invert"],
        &["--annotate", "--blank", "keep"],
        &["--json", "--blank", "squeeze"],
        &["--blank", "some"],
        &["--color", "blue", "--annotate"],
        &["--format", "html"],
        &["--encoding", "utf-9"],
        &["--split", "("],
        &["--split", "nul", "--format", "jsonl"],
        &["--to", "jsonl", "--json"],
        &["--to", "text"],
        &["--on-error", "retry"],
        &["--jobs", "0"],
        &["--output", "out"],
        &["--output", "out", "-"],
        &["--output", "out", "page", "--html", "report"],
        &["--resume", "page"],
        &["--resume", "--output", "out", "--rejects", "rest", "page"],
        &["--rejects", "rest", "--invert"],
        &["--rejects", "rest", "--json"],
        &["--stats=xml"],
        &["--suggest", "--json"],
        &["--suggest", "--invert"],
    ] {
        let ran = scratch.run(args, PAGE);
        ran.status(2);
        assert_eq!(shown(&ran.0.stdout), "", "{args:?}");
        assert!(ran.stderr().starts_with("dechrome: "), "{args:?}: {}", ran.stderr());
        assert_eq!(ran.stderr().lines().count(), 1, "{args:?}: {}", ran.stderr());
    }
    for (args, message) in [
        (&["--keep", "menu", "--drop", "menu"][..], "'menu' is both in --keep and in --drop"),
        (&["--precision", "--recall"], "the argument '--precision' cannot be used with '--recall'"),
        (
            &["--only=prose", "--keep=menu"],
            "the argument '--only <KIND,..>' cannot be used with '--keep <KIND,..>'",
        ),
        (&["--nonsense\x1b[2J"], "unexpected argument '--nonsense' found"),
        (&["--thresh"], "unexpected argument '--thresh' found; tip: a similar argument exists"),
    ] {
        let said = scratch.run(args, "").stderr();
        assert!(said.starts_with(&format!("dechrome: {message}")), "{said}");
    }
    // Who names an unknown kind is told the known ones.
    for option in ["--keep", "--drop", "--only"] {
        let said = scratch.run(&[option, "headings"], "").status(2).stderr();
        let known = Kind::ALL.map(Kind::name).join(", ");
        assert!(said.contains(&format!("'headings' for '{option} <KIND,..>'")), "{said}");
        assert!(said.contains(&known), "{said}");
    }
}

#[test]
fn help_and_version_go_to_standard_output() {
    let scratch = Scratch::new();
    let ran = scratch.run(&["--help"], "");
    let help = ran.text();
    for kind in Kind::ALL {
        assert!(help.contains(&format!("    {kind:9} {}", kind.describe())), "{kind}");
    }
    let lookahead = format!("once {} more lines", dechrome::LOOKAHEAD);
    for part in [&lookahead, "1 MiB", "4 MiB", "Examples:", "Exit status:", "--line-buffered"] {
        assert!(help.contains(part), "{part} in {help}");
    }
    let short = scratch.run(&["-h"], "");
    assert!(short.text().lines().count() <= 50, "it fits a screen: {}", short.text());
    assert!(!short.text().contains("--generate") && help.contains("--generate"));
    let version = concat!("dechrome ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(scratch.run(&["-V"], "").text(), version);
}

/// Every non-blank line and its kind, at the default threshold.
fn kinds(scratch: &Scratch) -> Vec<(String, Kind)> {
    let ran = scratch.run(&["--json"], PAGE);
    let kind = |line: &str| {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = record["text"].as_str().unwrap().to_owned();
        (text, Kind::from_name(record["kind"].as_str().unwrap()).unwrap())
    };
    ran.text().lines().map(kind).collect()
}

#[test]
fn kinds_are_kept_and_dropped_by_name() {
    let scratch = Scratch::new();
    let kinds = kinds(&scratch);
    let present = |content: bool| {
        let kind = kinds.iter().map(|(_, kind)| *kind).find(|kind| kind.is_content() == content);
        kind.expect("the page has content and chrome")
    };
    let (content, chrome) = (present(true), present(false));
    let check = |args: &[&str], keeps: &dyn Fn(Kind) -> bool| {
        let ran = scratch.run(&[args, &["--blank", "none"]].concat(), PAGE);
        let expected = kinds.iter().filter(|(_, kind)| keeps(*kind));
        let expected: Vec<&str> = expected.map(|(text, _)| text.as_str()).collect();
        assert_eq!(ran.text().lines().collect::<Vec<_>>(), expected, "{args:?}");
    };
    check(&["--keep", chrome.name()], &|kind| kind.is_content() || kind == chrome);
    check(&["--drop", content.name()], &|kind| kind.is_content() && kind != content);
    check(&["--only", chrome.name()], &|kind| kind == chrome);
    check(&["--only", &format!("{content},{chrome}")], &|kind| kind == chrome || kind == content);
    check(&["--keep", chrome.name(), "--drop", content.name()], &|kind| {
        kind == chrome || (kind.is_content() && kind != content)
    });
    check(&["--invert", "--keep", chrome.name()], &|kind| !kind.is_content() && kind != chrome);
}

#[test]
fn tables_and_quotations_of_markdown_are_kinds() {
    const PAGE: &str = include_str!("../fixtures/pages/es-news-markdown.txt");
    const TABLE: &str = "Pozos de la comarca | Hectáreas de regadío\n---|---\nValdecuerna | \
                         4.200 hectáreas de maíz\nEl Rubial | 1.100 hectáreas de almendro\n";
    let scratch = Scratch::new();
    let (before, after) = PAGE.split_once("> «").unwrap();
    let page = [before, TABLE, "\n> «", after].concat();
    let quotation = after.lines().next().unwrap();
    let only = |kind: &str| {
        // Whatever the model thinks of a table between paragraphs. What it thinks is chrome has to be
        // of some kind of content then too, and may well be taken for a quotation.
        let args = [KEEP_ALL, "--only", kind, "--blank", "none"];
        let ran = scratch.run(&args, &page);
        ran.text().to_owned()
    };
    let quotations = only("quote");
    assert!(quotations.contains(&format!("> «{quotation}\n")), "{quotations}");
    let tables = only("table");
    assert!(tables.contains(TABLE), "{tables}");
    let kept = |args: &[&str]| scratch.run(args, &page).text().to_owned();
    let mut without = kept(&[KEEP_ALL, "--blank", "none"]);
    for row in tables.split_inclusive('\n') {
        without = without.replacen(row, "", 1);
    }
    assert_eq!(kept(&[KEEP_ALL, "--drop", "table", "--blank", "none"]), without);
}

#[test]
fn the_threshold_moves_the_border() {
    let scratch = Scratch::new();
    let count = |args: &[&str]| full_lines(scratch.run(args, PAGE).stdout()).len();
    let all = full_lines(PAGE.as_bytes()).len();
    assert_eq!(count(&[KEEP_ALL]), all);
    assert_eq!(count(&[KEEP_NONE]), 0);
    assert_eq!(count(&["--threshold", "0"]), count(&[]));
    let scores = scratch.run(&["--json"], PAGE);
    let score = |line| serde_json::from_str::<serde_json::Value>(line).unwrap()["score"].as_f64();
    let scores: Vec<f64> = scores.text().lines().map(|line| score(line).unwrap()).collect();
    for (args, threshold) in [
        (&["--threshold", "-2.5"][..], -2.5),
        (&["--threshold", "1.5"], 1.5),
        (&["--precision"], dechrome::decode::PRECISION_THRESHOLD),
        (&["--recall"], dechrome::decode::RECALL_THRESHOLD),
    ] {
        let expected = scores.iter().filter(|&&score| score > f64::from(threshold)).count();
        assert_eq!(count(args), expected, "{args:?}: {scores:?}");
    }
}

#[test]
fn blank_lines_go_by_policy() {
    let scratch = Scratch::new();
    let page = "\n\nOne.\n \n\n\nTwo.\nThree.\n\n";
    for (args, expected) in [
        (&[KEEP_ALL][..], "One.\n \nTwo.\nThree.\n"),
        (&[KEEP_ALL, "--blank=squeeze"], "One.\n \nTwo.\nThree.\n"),
        (&[KEEP_ALL, "--blank=keep"], page),
        (&[KEEP_ALL, "--blank=none"], "One.\nTwo.\nThree.\n"),
        (&[KEEP_NONE], ""),
        (&[KEEP_NONE, "--blank=keep"], "\n\n \n\n\n\n"),
        (&[KEEP_NONE, "--invert"], "One.\n \nTwo.\nThree.\n"),
        (&[KEEP_NONE, "--invert", "--blank=none"], "One.\nTwo.\nThree.\n"),
        (&[KEEP_ALL, "--invert", "--blank=keep"], "\n\n \n\n\n\n"),
    ] {
        assert_eq!(scratch.run(args, page).text(), expected, "{args:?}");
    }
}

#[test]
fn odd_input_is_ordinary() {
    let scratch = Scratch::new();
    for page in [
        &b""[..],
        b"\n",
        b"\r\n\r\n",
        b" \n\n\t",
        b"no final newline",
        b"a\0b\nc\0\n",
        b"lone\rcarriage\rreturn\r",
        b"\xef\xbb\xbfmark\nsecond\n",
        b"\xef\xbb\xbf",
        b"\xff\n\xfe\n\xc3\n\xe2\x82\n",
        b"a\0b\0\n\0",
        b"crlf\r\nlf\ncrlf\r\n",
        "\u{202e}dir\u{2066}ection\u{85}\u{2028}\n".as_bytes(),
    ] {
        let ran = scratch.run(&[KEEP_ALL, "--blank=keep"], page);
        assert_eq!(shown(ran.stdout()), shown(page));
        let ran = scratch.run(&[KEEP_NONE, "--invert", "--blank=keep"], page);
        assert_eq!(shown(ran.stdout()), shown(page));
        let ran = scratch.run(&["--json"], page);
        assert_eq!(ran.text().lines().count(), full_lines(page).len(), "{}", shown(page));
        scratch.run(&["--annotate"], page).stdout();
    }
}

#[test]
fn markup_by_mistake_is_warned_of_once_and_processed() {
    let scratch = Scratch::new();
    let page = format!("\u{feff} <!DOCTYPE HTML>\n<html>\n{PAGE}");
    scratch.write("page.html", &page);
    let text = scratch.run(&["-q"], &page).text().to_owned();
    assert!(text.contains("The town council voted"), "{text}");

    let ran = scratch.run(&["page.html"], "");
    ran.status(0);
    assert_eq!(String::from_utf8_lossy(&ran.0.stdout), text);
    assert_eq!(
        ran.stderr(),
        "dechrome: warning: page.html: this is markup, not the text of a page; try \
         'w3m -dump -T text/html page.html | dechrome'\n"
    );
    let ran = scratch.run(&[], &page);
    ran.status(0);
    assert!(ran.stderr().contains("standard input"), "{}", ran.stderr());
    assert_eq!(ran.stderr().lines().count(), 1);
    assert_eq!(scratch.run(&["--quiet", "page.html"], "").text(), text);
}

#[test]
fn quiet_does_not_hide_errors() {
    let ran = Scratch::new().run(&["-q", "missing"], "");
    ran.status(2);
    assert!(ran.stderr().starts_with("dechrome: missing: "), "{}", ran.stderr());
}

#[test]
fn a_model_that_cannot_be_used_is_an_error() {
    let scratch = Scratch::new();
    scratch.write("bad.model", "hello").write("empty.model", "").write("page", PAGE);
    for (name, reason) in [
        ("bad.model", "not a usable model"),
        ("empty.model", "not a usable model"),
        ("missing.model", ""),
    ] {
        let ran = scratch.run(&["--model", name, "page"], "");
        ran.status(2);
        assert_eq!(shown(&ran.0.stdout), "");
        let start = format!("dechrome: {name}: {reason}");
        assert!(ran.stderr().starts_with(&start), "{}", ran.stderr());
        assert_eq!(ran.stderr().lines().count(), 1);
    }
}

#[test]
fn a_supplied_model_judges_in_place_of_the_embedded_one() {
    let scratch = Scratch::new();
    scratch.write("other.model", crate::properties::noise_model_bytes());
    let other = scratch.run(&["--json", "--model", "other.model"], PAGE);
    let embedded = scratch.run(&["--json"], PAGE);
    assert_eq!(other.text().lines().count(), embedded.text().lines().count());
    assert_ne!(other.text(), embedded.text());
}

#[test]
#[cfg(target_os = "linux")]
fn a_terminal_without_a_path_gets_a_hint() {
    let scratch = Scratch::new();
    let ran = scratch.shell("script -qec dechrome /dev/null </dev/null");
    ran.status(2);
    let said = String::from_utf8_lossy(&ran.0.stdout);
    assert!(said.starts_with("dechrome: nothing to read"), "{said}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_terminal_gets_safe_text_and_a_pipe_the_bytes() {
    let scratch = Scratch::new();
    scratch.write("page", "Title \x1b]0;owned\x07 \u{202e}here\n");
    let command = "dechrome --annotate --threshold=-1e30 page";
    let terminal = |setting: &str| {
        let ran = scratch.shell(&format!("{setting} script -qec '{command}' /dev/null </dev/null"));
        ran.text().to_owned()
    };
    let coloured = terminal("TERM=xterm");
    assert!(coloured.contains("Title ^[]0;owned^G <U+202E>here"), "{coloured:?}");
    assert!(coloured.starts_with("\x1b[32m+"), "{coloured:?}");
    for setting in ["TERM=xterm NO_COLOR=1", "TERM=dumb"] {
        let plain = terminal(setting);
        assert!(plain.starts_with('+') && !plain.contains('\x1b'), "{plain:?}");
    }
    let pipe = scratch.shell(command);
    assert!(pipe.text().ends_with("Title \x1b]0;owned\x07 \u{202e}here\n"), "{:?}", pipe.text());
}

#[test]
fn colour_to_a_pipe_is_there_only_when_asked_for() {
    let scratch = Scratch::new();
    let run =
        |args: &[&str]| scratch.run(&[&["--annotate"], args].concat(), PAGE).text().to_owned();
    let plain = run(&[]);
    assert!(!plain.contains('\x1b'));
    assert_eq!(run(&["--color", "auto"]), plain);
    assert_eq!(run(&["--color", "never"]), plain);
    let coloured = run(&["--color", "always"]);
    assert!(coloured.contains("\x1b[32m+") && coloured.contains("\x1b[31m-"), "{coloured}");
    let stripped = ["32", "1;32", "36", "33", "35", "34", "31", "2", "0"]
        .iter()
        .fold(coloured, |text, code| text.replace(&format!("\x1b[{code}m"), ""));
    assert_eq!(stripped, plain);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    let scratch = Scratch::new();
    scratch.write("page", PAGE);
    for args in ["--threshold=-1e30 page", "--help", "-h", "--version", "--generate=man"] {
        let ran = scratch.shell(&format!("dechrome {args} >/dev/full"));
        ran.status(2);
        assert!(
            ran.stderr().starts_with("dechrome: standard output: "),
            "{args}: {}",
            ran.stderr()
        );
    }
}

#[test]
#[cfg(unix)]
fn an_unreadable_file_is_an_error() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    scratch.write("secret", PAGE).write("page", "good\n");
    let permissions = fs::Permissions::from_mode(0o000);
    fs::set_permissions(scratch.path("secret"), permissions).unwrap();
    if fs::File::open(scratch.path("secret")).is_ok() {
        _ = writeln!(std::io::stderr(), "the superuser reads everything; nothing to test");
        return;
    }
    let ran = scratch.run(&[KEEP_ALL, "secret", "page"], "");
    ran.status(2);
    assert!(ran.stderr().starts_with("dechrome: secret: "), "{}", ran.stderr());
    assert_eq!(ran.0.stdout, b"good\n");
}

#[test]
fn a_manual_and_completions_are_generated() {
    let scratch = Scratch::new();
    for (what, start, inside) in [
        ("man", ".ie", "threshold"),
        ("man", ".ie", "Judge with this model"),
        ("complete-bash", "_dechrome() {", "--only"),
        ("complete-zsh", "#compdef dechrome", "--only"),
        ("complete-fish", "complete -c dechrome", "-l only"),
    ] {
        let ran = scratch.run(&["--generate", what], "");
        let text = ran.text();
        assert!(text.starts_with(start) && text.contains(inside), "{what}: {text}");
    }
    scratch.run(&["--generate", "man", "page.txt"], "").status(2);
}

/// As bash itself calls it; zsh and fish are asked whether they can read theirs. A shell that is
/// not there is passed over.
#[cfg(unix)]
#[test]
fn shells_take_the_completions() {
    let scratch = Scratch::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = scratch.run(&["--generate", &format!("complete-{shell}")], "");
        scratch.write(shell, script.text());
        if scratch.shell(&format!("command -v {shell}")).0.status.success() {
            scratch.shell(&format!("{shell} -n ./{shell}")).stdout();
        } else {
            eprintln!("there is no {shell}, its completions are not tried");
        }
    }
    if !scratch.shell("command -v bash").0.status.success() {
        return;
    }
    scratch.write("page.txt", "");
    scratch.write(
        "try",
        r#"
        source ./bash
        complete=$(complete -p dechrome | sed -E 's/.* -F ([^ ]+) .*/\1/')
        COMP_WORDS=(dechrome "$@") COMP_CWORD=$#
        "$complete" dechrome "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        echo "${COMPREPLY[@]}"
        "#,
    );
    let kinds: Vec<&str> = dechrome::Kind::ALL.iter().map(|kind| kind.name()).collect();
    for (typed, expected) in [
        ("--expl", "--explain"),
        ("--pre", "--precision"),
        ("--format ''", "auto text jsonl wet"),
        ("page.txt --format js", "jsonl"),
        ("--keep ''", &kinds.join(" ")),
        ("--invert --drop cap", "caption"),
        ("--generate complete-z", "complete-zsh"),
        ("--rules page", "page.txt"),
    ] {
        let ran = scratch.shell(&format!("bash --norc ./try {typed}"));
        assert_eq!(ran.text().trim(), expected, "{typed}");
    }
}

#[test]
fn a_file_of_options_goes_before_the_command_line() {
    let scratch = Scratch::new();
    scratch.write("page", PAGE);
    let with = |options: &str, args: &[&str]| {
        scratch.write("options", options);
        let mut command = scratch.command(args);
        command.env("DECHROME_CONFIG_PATH", "options").arg("page");
        crate::util::Ran(command.output().unwrap())
    };
    let plain = |args: &[&str]| scratch.run(&[args, &["page"]].concat(), "").text().to_owned();
    for (options, args, same_as) in [
        ("", &[][..], &[][..]),
        ("# mine\n\n  --invert  \n", &[], &["--invert"]),
        ("--threshold\n-1.5\n--blank=none", &[], &["--threshold=-1.5", "--blank=none"]),
        ("--threshold=1e30", &["--no-config"], &[]),
        // The command line has the last word.
        ("--threshold=1e30", &["--threshold=-1e30"], &["--threshold=-1e30"]),
        ("--precision\n--blank=none", &["--recall"], &["--recall", "--blank=none"]),
        ("--keep=menu,byline", &["--drop=menu"], &["--drop=menu"]),
        ("--keep=menu\n--keep=byline", &["--drop=menu"], &["--drop=menu", "--keep=byline"]),
        ("--blank=none", &["--json"], &["--json"]),
        (
            "--never\n^Repairs will",
            &["--always=Related"],
            &["--never=^Repairs will", "--always=Related"],
        ),
    ] {
        let ran = with(options, args);
        assert_eq!(ran.text(), plain(same_as), "{options:?} {args:?}");
    }
    with("--threshold=1", &["--help"]).stdout();
    with("--threshold=1", &["--generate=man"]).status(2);
    for (options, message) in [
        ("--invert\n--nonsense", "options:2: unexpected argument '--nonsense' found"),
        ("page", "options:1: not an option"),
        ("# one\n--invert\nother", "options:2: not an option and its value"),
        ("--help", "options:1: only for the command line"),
    ] {
        let ran = with(options, &[]);
        let said = ran.status(2).stderr();
        assert!(said.starts_with(&format!("dechrome: {message}")), "{said}");
        assert_eq!((said.lines().count(), shown(&ran.0.stdout)), (1, String::new()), "{said}");
    }
    let ran = with("--keep=nothing", &[]);
    let start = "dechrome: options:1: invalid value 'nothing' for '--keep <KIND,..>' [possible values: prose, ";
    assert!(ran.status(2).stderr().starts_with(start), "{}", ran.stderr());
    let mut command = scratch.command(&["page"]);
    command.env("DECHROME_CONFIG_PATH", "none");
    let ran = crate::util::Ran(command.output().unwrap());
    assert!(ran.status(2).stderr().starts_with("dechrome: none: "), "{}", ran.stderr());
}
