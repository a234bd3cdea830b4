//! Output leaves as soon as it is known, a reader that has seen enough ends the run, and memory
//! does not grow with the input.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use dechrome::LOOKAHEAD;
use dechrome::filter::MAX_SHORT_LINES;
use serde_json::Value;

use crate::util::{Guard, KEEP_ALL, KEEP_NONE, PAGE, Scratch};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lines of `source` as they come.
fn lines_of(source: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(source).lines() {
            if sender.send(line.unwrap()).is_err() {
                break;
            }
        }
    });
    receiver
}

#[test]
fn line_buffered_output_does_not_wait_for_the_end() {
    for mode in [&[KEEP_ALL][..], &[KEEP_NONE, "--invert"], &["--json"], &["--annotate"]] {
        let scratch = Scratch::new();
        let args = [mode, &["--line-buffered"][..]].concat();
        let mut child = Guard(scratch.command(&args).spawn().unwrap());
        let mut stdin = child.0.stdin.take().unwrap();
        let lines = lines_of(child.0.stdout.take().unwrap());
        for number in 0..=LOOKAHEAD {
            writeln!(stdin, "Line {number} of a page that has not ended yet.").unwrap();
        }
        let first = lines.recv_timeout(PATIENCE).expect("the first line is judged by now");
        assert!(first.contains("Line 0 of a page"), "{first}");
        // One more in, one more out: nothing is held back.
        for number in 1..20 {
            writeln!(stdin, "One more line.").unwrap();
            let line = lines.recv_timeout(PATIENCE).expect("the next line is judged by now");
            assert!(line.contains(&format!("Line {number} of a page")), "{line}");
        }
        drop(stdin);
        let rest = lines.iter().count();
        assert_eq!(rest, LOOKAHEAD, "the end judges what was held");
        assert!(child.0.wait().unwrap().success());
    }
}

#[test]
fn the_lookahead_is_no_longer_than_it_says_and_no_shorter() {
    let scratch = Scratch::new();
    let mut child = Guard(scratch.command(&[KEEP_ALL, "--line-buffered"]).spawn().unwrap());
    let mut stdin = child.0.stdin.take().unwrap();
    let lines = lines_of(child.0.stdout.take().unwrap());
    for _ in 0..LOOKAHEAD {
        writeln!(stdin, "A line.\n\n").unwrap();
    }
    assert!(lines.recv_timeout(Duration::from_millis(300)).is_err(), "blank lines do not count");
    writeln!(stdin, "A line.").unwrap();
    assert_eq!(lines.recv_timeout(PATIENCE).unwrap(), "A line.");
}

#[test]
fn too_many_short_lines_go_with_the_last_that_is_judged() {
    let short = "7\nx\n\n".repeat(MAX_SHORT_LINES);
    let page = format!("{PAGE}{short}{PAGE}");
    let ran = Scratch::new().run(&["--json", "--always=^x$"], &page);
    let judged: Vec<Value> =
        ran.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let full: Vec<&str> = page.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(judged.iter().map(|line| line["text"].as_str().unwrap()).collect::<Vec<_>>(), full);
    let start = PAGE.lines().filter(|line| !line.is_empty()).count();
    let (short, after) = judged[start..].split_at(2 * MAX_SHORT_LINES);
    let (first, rest) = short.split_at(MAX_SHORT_LINES);
    assert_eq!(first.last().unwrap()["text"], "x");
    for line in rest {
        assert_eq!(line["probability"], first.last().unwrap()["probability"]);
        // What the user's rules say stands.
        assert!(line["text"] == "7" || line["kept"] == true, "{line}");
    }
    let probabilities =
        |lines: &[Value]| lines.iter().map(|line| line["probability"].clone()).collect::<Vec<_>>();
    assert_ne!(
        probabilities(after),
        vec![rest[0]["probability"].clone(); start],
        "it goes on behind them"
    );
}

#[test]
fn a_closed_pipe_ends_the_run_quietly() {
    let scratch = Scratch::new();
    for mode in [
        &[KEEP_ALL][..],
        &[KEEP_ALL, "--line-buffered"],
        &[KEEP_NONE, "--invert", "-e"],
        &["--json"],
        &["--annotate"],
    ] {
        let mut child = Guard(scratch.command(mode).spawn().unwrap());
        let mut stdin = child.0.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.0.stdout.take().unwrap());
        // Without an end, like `yes`: only the command can end this.
        let endless = thread::spawn(move || {
            let page = "This line is repeated for ever and ever and ever.\n".repeat(1000);
            while stdin.write_all(page.as_bytes()).is_ok() {}
        });
        let mut line = String::new();
        for _ in 0..3 {
            assert!(stdout.read_line(&mut line).unwrap() > 0);
        }
        drop(stdout);
        let status = wait(&mut child);
        assert_eq!(status, Some(0), "{mode:?}");
        endless.join().unwrap();
        let mut said = String::new();
        child.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(said, "", "{mode:?}");
    }
}

/// The exit code of a child that must end by itself.
fn wait(child: &mut Guard) -> Option<i32> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(status) = child.0.try_wait().unwrap() {
            return status.code();
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("the command does not end");
}

#[test]
#[cfg(unix)]
fn head_ends_the_pipeline() {
    let script = "yes 'A line without an end to them.' | \
                  { dechrome --threshold=-1e30; echo $? >status; } | head -n 3";
    let scratch = Scratch::new();
    let ran = scratch.shell(script);
    assert_eq!(ran.text(), "A line without an end to them.\n".repeat(3));
    assert_eq!(std::fs::read_to_string(scratch.path("status")).unwrap(), "0\n");
}

/// The most memory that a process has had, in KiB.
#[cfg(target_os = "linux")]
fn peak_memory(id: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

/// Runs the command on `start` and `count` times `chunk`; its peak memory in KiB and the number of
/// bytes it wrote.
#[cfg(target_os = "linux")]
fn measured(args: &[&str], start: &str, chunk: &str, count: usize) -> (usize, u64) {
    let scratch = Scratch::new();
    let mut command = scratch.command(args);
    let mut child = Guard(command.stderr(Stdio::inherit()).spawn().unwrap());
    let mut stdin = child.0.stdin.take().unwrap();
    let mut stdout = child.0.stdout.take().unwrap();
    let counter = thread::spawn(move || io::copy(&mut stdout, &mut io::sink()).unwrap());
    stdin.write_all(start.as_bytes()).unwrap();
    for _ in 0..count {
        stdin.write_all(chunk.as_bytes()).unwrap();
    }
    // What the pipe still holds is no more than has been processed a thousand times before.
    let memory = peak_memory(child.0.id());
    drop(stdin);
    let written = counter.join().unwrap();
    assert!(child.0.wait().unwrap().success());
    (memory, written)
}

/// Far less than what comes in, far more than what the named limits add up to.
#[cfg(target_os = "linux")]
const MEMORY_LIMIT_KIB: usize = 32 << 10;

#[test]
#[cfg(target_os = "linux")]
fn a_line_of_64_mib_takes_little_memory_and_loses_nothing() {
    const COUNT: usize = 1024;
    let chunk = "One line that does not end. ".repeat((64 << 10) / 28 + 1);
    let chunk = &chunk[..64 << 10];
    let size = (COUNT * chunk.len()) as u64;
    for (args, expected) in [
        (&[KEEP_ALL][..], size..=size),
        (&[KEEP_NONE, "--invert"], size..=size),
        (&[KEEP_NONE], 0..=0),
        (&["--json"], size + 1..=size + 200),
        (&["--annotate"], size + 1..=size + 200),
    ] {
        let (memory, written) = measured(args, "", chunk, COUNT);
        assert!(memory < MEMORY_LIMIT_KIB, "{args:?}: {memory} KiB");
        assert!(expected.contains(&written), "{args:?}: {written} of {size}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn an_endless_page_takes_little_memory() {
    // Few lines each: a debug build judges some thousands a second.
    for (what, start, chunk, count) in [
        ("blank lines behind a line whose verdict is open", "Open.\n", "\n".repeat(1 << 20), 8),
        ("lines", "", format!("{}\n", "Quite a long line. ".repeat(200)), 10_000),
        ("short lines", "", "x\n".repeat(1 << 19), 8),
        ("long lines", "", format!("{}\n", "A long line. ".repeat(80_000)), 40),
        ("long blank lines", "", format!("{}\n", " ".repeat(1_000_000)), 40),
    ] {
        let (memory, _) = measured(&[KEEP_ALL], start, &chunk, count);
        assert!(memory < MEMORY_LIMIT_KIB, "{what}: {memory} KiB");
    }
}
