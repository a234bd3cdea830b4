//! Long runs over many files: several threads, a directory of outputs, counts, and runs that are
//! ended and taken up again.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::util::{Guard, KEEP_ALL, KEEP_NONE, PAGE, Ran, Scratch, shown};

/// So many records, no two alike, some bad.
fn records(count: usize) -> String {
    (0..count)
        .map(|number| match number % 97 {
            96 => format!("bad {number}\n"),
            _ => format!("{{\"n\":{number},\"text\":{}}}\n", json(&format!("{number}\n{PAGE}"))),
        })
        .collect()
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// All files below a directory, hidden ones too, by path.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn the_number_of_threads_does_not_show() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("in")).unwrap();
    scratch.write("in/many.jsonl", records(3000));
    for number in 0..50 {
        scratch.write(&format!("in/{number}"), format!("{number}\n{PAGE}").trim_end());
    }
    let run = |args: &[&str]| {
        let ran = scratch.run(&[args, &["in", "missing", "in/3"]].concat(), "");
        ran.status(2);
        (ran.0.stdout.clone(), ran.stderr())
    };
    for args in [&[][..], &["--json"], &["--annotate"]] {
        let expected = run(&[args, &["-j1"]].concat());
        assert_eq!(expected.1.lines().count(), 3000 / 97 + 1);
        for jobs in ["-j2", "-j7"] {
            assert!(run(&[args, &[jobs]].concat()) == expected, "{args:?} {jobs}");
        }
    }
    let explained = |jobs| scratch.run(&["--html=-", jobs, "in/1", "in/2", "in/3"], "");
    assert!(explained("-j1").stdout() == explained("-j3").stdout());
    for jobs in ["-j1", "-j3"] {
        let failing = run(&[jobs, "--on-error=fail"]);
        assert_eq!(failing.1.lines().count(), 1);
        assert!(run(&[]).0.starts_with(&failing.0));
    }
}

#[test]
fn a_closed_pipe_ends_all_threads() {
    let scratch = Scratch::new();
    scratch.write("many.jsonl", records(2000));
    for jobs in ["-j1", "-j4"] {
        let mut child =
            Guard(scratch.command(&[jobs, "many.jsonl", "many.jsonl"]).spawn().unwrap());
        let mut stdout = child.0.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 10]).unwrap();
        drop(stdout);
        assert!(child.0.wait().unwrap().code().is_some());
    }
}

#[test]
fn rejects_are_what_invert_writes() {
    let scratch = Scratch::new();
    let wet = format!(
        "WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: {}\r\n\r\n{PAGE}\r\n\r\n",
        PAGE.len()
    );
    for (name, input) in [("a.txt", PAGE), ("a.jsonl", &*format!("{{\"text\":{}}}\n", json(PAGE)))]
        .into_iter()
        .chain([("a.wet", &*wet)])
    {
        scratch.write(name, input);
        let kept = scratch.run(&[name], "");
        let dropped = scratch.run(&["--invert", name], "");
        let ran = scratch.run(&["--rejects", "rest", name], "");
        assert_eq!(ran.text(), kept.text());
        assert_eq!(shown(&fs::read(scratch.path("rest")).unwrap()), shown(dropped.stdout()));
        scratch.run(&["--rejects", "rest.gz", name], "").stdout();
        let unpacked = scratch.run(&[KEEP_ALL, "--blank=keep", "rest.gz"], "");
        assert_eq!(unpacked.text(), dropped.text());
    }
    let ran = scratch.run(&["--rejects", "no/such/place"], PAGE);
    ran.status(2);
    assert!(ran.stderr().starts_with("dechrome: no/such/place: "), "{}", ran.stderr());
}

#[test]
fn a_directory_of_outputs_mirrors_the_inputs() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.path("in/b/c")).unwrap();
    let record = "{\"text\":\"Menu\"}\n";
    scratch
        .write("in/a.txt", "a\n")
        .write("in/b/empty.txt", "")
        .write("in/b/c/d.jsonl.gz", record)
        .write("in/b/e.jsonl.zst", record)
        .write("single.jsonl.xz", record);
    let ran = scratch.run(&["-j2", KEEP_ALL, "-o", "out/deep", "in", "single.jsonl.xz"], "");
    assert_eq!(shown(ran.stdout()), "");
    let made = files(&scratch.path("out/deep"));
    let names: Vec<&str> = made.keys().map(String::as_str).collect();
    let expected = ["a.txt", "b/c/d.jsonl.gz", "b/e.jsonl.zst", "b/empty.txt", "single.jsonl.xz"];
    assert_eq!(names, expected);
    assert_eq!((&*made["a.txt"], &*made["b/empty.txt"]), (&b"a\n"[..], &b""[..]));
    assert!(made["b/c/d.jsonl.gz"].starts_with(b"\x1f\x8b"));
    assert!(made["b/e.jsonl.zst"].starts_with(b"\x28\xb5\x2f\xfd"));
    assert!(made["single.jsonl.xz"].starts_with(b"\xfd7zXZ"));
    let ran = scratch.run(&[KEEP_ALL, "out/deep"], "");
    assert_eq!(ran.text(), format!("a\n{record}{record}{record}"));
    // Outputs are as whole as the inputs, even when nothing is kept.
    scratch.run(&[KEEP_NONE, "-o", "none", "in"], "").stdout();
    assert_eq!(scratch.run(&["none"], "").text(), "{\"text\":\"\"}\n".repeat(2));
    // And may lie below them.
    scratch.run(&[KEEP_ALL, "-o", "in/out", "in"], "").stdout();
    scratch.run(&[KEEP_ALL, "-o", "in/out", "in"], "").stdout();
    assert_eq!(files(&scratch.path("in/out")).len(), 4);
}

#[test]
fn no_input_is_written_over() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.path("in/sub")).unwrap();
    fs::create_dir(scratch.path("other")).unwrap();
    scratch.write("in/a", "a\n").write("in/sub/a", "b\n").write("other/a", "c\n");
    let refused = |args: &[&str], message: &str| {
        let ran = scratch.run(args, "");
        ran.status(2);
        assert!(ran.stderr().contains(message), "{}", ran.stderr());
    };
    refused(&[KEEP_NONE, "-o", "in", "in/a"], "in/a is an input and is not written over");
    refused(&[KEEP_NONE, "-o", "in", "in"], "in: lies in the output directory in");
    refused(&[KEEP_NONE, "-o", ".", "in"], "in: lies in the output directory .");
    refused(&["-o", "in/a", "other/a"], "in/a: is not a directory");
    refused(&["--rejects", "in/a", "in/a"], "in/a is an input and is not written over");
    refused(&["--html", "in/../in/a", "in/a"], "is an input and is not written over");
    assert_eq!(fs::read(scratch.path("in/a")).unwrap(), b"a\n");
    assert_eq!(fs::read(scratch.path("in/sub/a")).unwrap(), b"b\n");
}

#[test]
fn two_inputs_do_not_become_one_file() {
    let scratch = Scratch::new();
    for directory in ["x", "y"] {
        fs::create_dir(scratch.path(directory)).unwrap();
        scratch.write(&format!("{directory}/a"), format!("{directory}\n"));
    }
    let ran = scratch.run(&[KEEP_ALL, "-o", "out", "x", "y/a"], "");
    ran.status(2);
    assert_eq!(ran.stderr(), "dechrome: y/a: out/a is already the output of another input\n");
    assert_eq!(fs::read(scratch.path("out/a")).unwrap(), b"x\n");
}

#[test]
fn wet_as_json_lines_is_named_so() {
    let scratch = Scratch::new();
    let wet = "WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: 2\r\n\r\na\n\r\n\r\n";
    scratch.write("a.warc.wet.gz", wet);
    scratch.run(&[KEEP_ALL, "--to=jsonl", "-o", "out", "a.warc.wet.gz"], "").stdout();
    let ran = scratch.run(&[KEEP_ALL, "out/a.warc.jsonl.gz"], "");
    assert_eq!(ran.text(), "{\"url\":null,\"date\":null,\"text\":\"a\\n\"}\n");
}

#[test]
fn counts_are_printed_on_request() {
    let scratch = Scratch::new();
    scratch.write("a.jsonl", "{\"text\":\"One\\n\\nTwo\"}\nbad\n").write("b.txt", "Three\n");
    let ran = scratch.run(&[KEEP_ALL, "--stats=json", "--on-error=skip", "a.jsonl", "b.txt"], "");
    ran.status(0);
    let stats: Value = serde_json::from_str(&ran.stderr()).unwrap();
    for (key, expected) in [
        ("documents", 2),
        ("bad_records", 1),
        ("lines", 4),
        ("lines_kept", 3),
        ("blank_lines", 1),
        // As they stand in the record, escapes and all.
        ("bytes", 16),
        ("bytes_kept", 14),
    ] {
        assert_eq!(stats[key], expected, "{key} in {stats}");
    }
    let kinds = stats["kinds"].as_object().unwrap();
    assert_eq!(kinds.values().map(|kind| kind["lines"].as_u64().unwrap()).sum::<u64>(), 3);
    assert!(stats["seconds"].is_number());
    let ran = scratch.run(&["--stats", "b.txt"], "");
    assert!(ran.stderr().contains("\n1 document, 0 bad records, "), "{}", ran.stderr());
}

#[cfg(unix)]
fn signal(child: &Guard, name: &str) {
    let id = child.0.id().to_string();
    assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
}

#[test]
#[cfg(unix)]
fn an_interrupt_ends_the_run_between_two_records() {
    let scratch = Scratch::new();
    let record = format!("{{\"text\":{}}}\n", json(PAGE));
    for jobs in ["-j1", "-j3"] {
        let mut child = Guard(scratch.command(&["--format=jsonl", jobs]).spawn().unwrap());
        let mut stdin = child.0.stdin.take().unwrap();
        let mut stdout = child.0.stdout.take().unwrap();
        // What it writes shows that it has begun.
        let endless = record.repeat(1000);
        let feeder = thread::spawn(move || while stdin.write_all(endless.as_bytes()).is_ok() {});
        let mut written = vec![0; 10];
        stdout.read_exact(&mut written).unwrap();
        signal(&child, "-INT");
        stdout.read_to_end(&mut written).unwrap();
        assert_eq!(child.0.wait().unwrap().code(), Some(130));
        feeder.join().unwrap();
        assert!(written.ends_with(b"\"}\n"), "{}", shown(&written[written.len() - 20..]));
    }
}

#[test]
#[cfg(unix)]
fn what_was_ended_is_taken_up_again() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("in")).unwrap();
    scratch.write("in/a.txt", PAGE).write("in/b.jsonl.gz", records(6000)).write("in/c.txt", "c\n");
    let args = |output| ["--on-error=skip", "--resume", "-o", output, "in"];
    scratch.run(&args("whole"), "").stdout();
    let expected = files(&scratch.path("whole"));
    assert_eq!(expected.len(), 3);

    // Longer and longer, so that it comes to its end on any machine.
    let (mut waits, mut ended) = ((10..).step_by(40), 0);
    for signals in ["-INT", "-KILL", "-TERM"].into_iter().cycle() {
        let mut child = Guard(scratch.command(&args("ended")).spawn().unwrap());
        thread::sleep(Duration::from_millis(waits.next().unwrap()));
        _ = Command::new("kill").args([signals, &child.0.id().to_string()]).output();
        let status = child.0.wait().unwrap();
        if status.success() {
            break;
        }
        // Without a code it was ended before it took note of signals.
        let codes = [("-INT", 130), ("-TERM", 143)];
        let is_as_said = |code| codes.contains(&(signals, code));
        assert!(status.code().is_none_or(is_as_said), "{signals}: {status}");
        ended += 1;
    }
    assert!(ended > 0);
    assert!(files(&scratch.path("ended")) == expected, "after {ended} ends");

    // What is there is not made again; what has changed is.
    let made = |name: &str| fs::metadata(scratch.path(name)).unwrap().modified().unwrap();
    let before = (made("ended/a.txt"), made("ended/c.txt"));
    thread::sleep(Duration::from_millis(20));
    scratch.write("in/c.txt", "more\n");
    scratch.run(&args("ended"), "").stdout();
    assert_eq!(made("ended/a.txt"), before.0);
    assert!(made("ended/c.txt") > before.1);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_reported() {
    let scratch = Scratch::new();
    scratch.write("a.jsonl", records(10)).write("b.txt", PAGE);
    for jobs in ["-j1", "-j2"] {
        let ran =
            scratch.shell(&format!("dechrome {jobs} --on-error=skip a.jsonl b.txt > /dev/full"));
        let Ran(output) = &ran;
        assert_eq!(output.status.code(), Some(2));
        let message = "dechrome: standard output: No space left on device (os error 28)\n";
        assert_eq!(ran.stderr(), message);
    }
}
