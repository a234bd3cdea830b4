//! Dumps of any form: JSON Lines, WET, several pages in a stream, compressed, encoded, in
//! directories; and what is wrong with some.

use std::fmt::Write as _;
use std::fs;
use std::io::Write;

use data_encoding::BASE32;
use serde_json::Value;
use sha1::{Digest, Sha1};

use crate::util::{KEEP_ALL, KEEP_NONE, PAGE, Scratch, shown};

/// Texts of some variety, as records hold them.
fn texts() -> Vec<String> {
    vec![
        PAGE.to_owned(),
        PAGE.trim_end().replace('\n', "\r\n"),
        String::new(),
        "Menu".to_owned(),
        "\n\n".to_owned(),
        format!("\u{feff}\"Quoted\" \\ / \t \u{1f600} \u{e9}\n\n{PAGE}"),
    ]
}

/// What comes of a text by itself.
fn cleaned(scratch: &Scratch, args: &[&str], text: &str) -> String {
    scratch.run(&[args, &["--format=text"]].concat(), text).text().to_owned()
}

/// A JSON string in which every character that may be escaped is.
fn escaped(text: &str) -> String {
    text.encode_utf16().fold(String::new(), |mut out, unit| {
        write!(out, "\\u{unit:04X}").unwrap();
        out
    })
}

#[test]
fn a_json_record_keeps_all_but_lines_of_its_text() {
    let scratch = Scratch::new();
    for args in [&[][..], &["--invert"], &["--blank=keep"], &["--drop=heading"]] {
        for text in texts() {
            let plain = serde_json::to_string(&text).unwrap();
            let record = format!(" {{\"id\" : 1.50, \"text\":{plain},\"a\":[\"\\u0041\"] }}\r\n");
            let ran = scratch.run(&[args, &["--format=jsonl"]].concat(), &record);
            let clean = serde_json::to_string(&cleaned(&scratch, args, &text)).unwrap();
            assert_eq!(ran.text(), record.replace(&plain, &clean));
            // Escapes stay as they are.
            let record = format!("{{\"text\":\"{}\"}}", escaped(&text));
            let ran = scratch.run(&[args, &["--format=jsonl"]].concat(), &record);
            let clean = escaped(&cleaned(&scratch, args, &text));
            assert_eq!(ran.text(), format!("{{\"text\":\"{clean}\"}}"));
        }
    }
}

#[test]
fn json_records_stay_in_order_and_text_may_lie_deep() {
    let scratch = Scratch::new();
    let record = |number: usize, text: &str| {
        let text = serde_json::to_string(text).unwrap();
        format!("{{\"n\":{number},\"doc\":{{\"body\":{text}}},\"text\":[]}}\n")
    };
    let stream = |texts: &[String]| {
        texts.iter().enumerate().map(|(number, text)| record(number, text)).collect::<String>()
    };
    // More than one batch.
    let texts: Vec<String> = texts().into_iter().cycle().take(2000).collect();
    let clean: Vec<String> =
        texts.iter().take(6).map(|text| cleaned(&scratch, &[], text)).cycle().take(2000).collect();
    let ran = scratch.run(&["--field=doc.body", "--format=jsonl"], stream(&texts));
    assert!(ran.text() == stream(&clean));
    // Blank lines are no records, and stay.
    let ran = scratch.run(&["--format=jsonl"], "\n{\"text\":\"\"}\n \r\n");
    assert_eq!(ran.text(), "\n{\"text\":\"\"}\n \r\n");
}

#[test]
fn lines_of_records_are_told_with_the_record() {
    let scratch = Scratch::new();
    scratch.write("two.jsonl", "{\"text\":\"One\\nTwo\"}\n{\"text\":\"T\\u0068ree\"}\n");
    let ran = scratch.run(&["--json", "two.jsonl"], "");
    let lines: Vec<Value> =
        ran.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = lines
        .iter()
        .map(|line| format!("{} {} {}", line["document"], line["line"], line["text"]))
        .collect();
    let expected =
        [r#""two.jsonl:1" 1 "One""#, r#""two.jsonl:1" 2 "Two""#, r#""two.jsonl:2" 1 "Three""#];
    assert_eq!(told, expected);
    for mode in ["--annotate", "--explain", "--html=-"] {
        let ran = scratch.run(&[mode, "two.jsonl"], "");
        assert!(ran.text().contains("Three") && !ran.text().contains("u0068"), "{mode}");
    }
}

#[test]
fn a_bad_json_record_is_reported_and_the_others_are_written() {
    let scratch = Scratch::new();
    for (bad, what) in [
        ("nonsense", "byte 2: not a JSON object: expected ident"),
        ("[\"text\"]", "not a JSON object: invalid type: sequence, expected an object"),
        ("{\"text\":\"cut", "byte 12: not a JSON object: EOF while parsing a string"),
        ("{\"body\":\"a\"}", "no field 'text'"),
        ("{\"text\":7}", "field 'text' is not a string"),
        ("{\"text\":\"a\\ud800b\"}", "byte 11: a lone surrogate is no character"),
    ] {
        let good = ["{\"text\":\"one\"}\n", "{\"text\":\"three\"}\n"];
        scratch.write("some.jsonl", format!("{}{bad}\n{}", good[0], good[1]));
        let ran = scratch.run(&[KEEP_ALL, "some.jsonl"], "");
        ran.status(2);
        assert_eq!(shown(&ran.0.stdout), shown(good.concat().as_bytes()));
        assert_eq!(ran.stderr().lines().count(), 1);
        let message = ran.stderr();
        assert!(message.starts_with("dechrome: some.jsonl: record 2: "), "{message}");
        assert!(message.contains(what), "{message}");

        let ran = scratch.run(&[KEEP_ALL, "--on-error=skip", "some.jsonl"], "");
        assert_eq!(shown(ran.stdout()), shown(good.concat().as_bytes()));

        scratch.write("more", "not read");
        let ran = scratch.run(&[KEEP_ALL, "--on-error=fail", "some.jsonl", "more"], "");
        ran.status(2);
        assert_eq!(shown(&ran.0.stdout), shown(good[0].as_bytes()));
        assert_eq!(ran.stderr(), message);
    }
}

/// A WARC record.
fn warc(kind: &str, name: &str, body: &str) -> String {
    let digest = BASE32.encode(&Sha1::digest(body));
    format!(
        "WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: https://example.org/{name}\r\n\
         WARC-Date: 2024-05-01T10:00:00Z\r\nWARC-Block-Digest: sha1:{digest}\r\n\
         Content-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}\r\n\r\n",
        body.len()
    )
}

#[test]
fn wet_is_written_back_as_wet() {
    let scratch = Scratch::new();
    for args in [&[][..], &["--invert"], &["--blank=keep"]] {
        let file = |clean: &dyn Fn(&str) -> String| {
            let pages = texts();
            let pages = pages.iter().map(|text| warc("conversion", "page", &clean(text)));
            warc("warcinfo", "", "Software-Info: ia-web-commons") + &pages.collect::<String>()
        };
        let ran = scratch.run(args, file(&str::to_owned));
        assert_eq!(ran.text(), file(&|text| cleaned(&scratch, args, text)));
    }
}

#[test]
fn wet_becomes_json_lines() {
    let scratch = Scratch::new();
    scratch.write("a.wet", warc("warcinfo", "", "x") + &warc("conversion", "b", "\"One\"\nTwo"));
    let ran = scratch.run(&[KEEP_ALL, "--to=jsonl", "a.wet"], "");
    assert_eq!(
        ran.text(),
        "{\"url\":\"https://example.org/b\",\"date\":\"2024-05-01T10:00:00Z\",\
         \"text\":\"\\\"One\\\"\\nTwo\"}\n"
    );
    let ran = scratch.run(&["--to=jsonl"], PAGE);
    ran.status(2);
    assert!(ran.stderr().contains("standard input: not WET"), "{}", ran.stderr());
}

#[test]
fn a_bad_warc_record_is_reported_and_the_others_are_written() {
    let scratch = Scratch::new();
    let good = [warc("conversion", "a", "one"), warc("conversion", "c", "three\n")];
    let bad = warc("conversion", "b", "two");
    for (bad, what) in [
        (bad.replace("Length: 3", "Length: 2"), "its Content-Length, 2, is wrong"),
        (bad.replace("Length: 3", "Length: 9000"), "its Content-Length is 9000"),
        (bad.replace("Content-Length: 3\r\n", ""), "no Content-Length"),
        (bad.replace("WARC/1.0", "GIF89a"), "does not start with 'WARC/1.'"),
    ] {
        let ran = scratch.run(&[KEEP_ALL], [&*good[0], &*bad, &*good[1]].concat());
        ran.status(2);
        assert_eq!(shown(&ran.0.stdout), shown(good.concat().as_bytes()), "{what}");
        assert_eq!(ran.stderr().lines().count(), 1);
        let start = format!("dechrome: standard input: record 2: {what}");
        assert!(ran.stderr().starts_with(&start), "{}", ran.stderr());
    }
    let page = warc("response", "a", "HTTP/1.1 200 OK\r\n\r\n<p>");
    let ran = scratch.run(&[], &page);
    assert_eq!(shown(&ran.0.stdout), shown(page.as_bytes()));
    assert!(ran.stderr().contains("record 1: a page, not its text"), "{}", ran.stderr());
}

/// The same bytes in every compression, gzip in several members.
fn compressed(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let middle = bytes.len() / 2;
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(bytes).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(bytes).unwrap();
    vec![
        ("gzip", [gzip(&bytes[..middle]), gzip(b""), gzip(&bytes[middle..])].concat()),
        ("zstd", zstd::encode_all(bytes, 1).unwrap()),
        ("bzip2", bzip2.finish().unwrap()),
        ("xz", xz.finish().unwrap()),
    ]
}

#[test]
fn compressed_input_is_told_by_its_first_bytes() {
    let scratch = Scratch::new();
    let json = format!("{{\"text\":{}}}\n", serde_json::to_string(PAGE).unwrap());
    for input in [PAGE, &*json, &*warc("conversion", "a", PAGE)] {
        let expected = scratch.run(&[], input);
        assert!(!expected.text().is_empty());
        for (name, bytes) in compressed(input.as_bytes()) {
            assert_eq!(scratch.run(&[], &bytes).text(), expected.text(), "{name}");
            scratch.write("page", &bytes);
            assert_eq!(scratch.run(&["page"], "").text(), expected.text(), "{name}");
        }
    }
}

#[test]
fn a_stream_that_is_cut_off_is_reported_and_what_came_before_is_written() {
    let scratch = Scratch::new();
    let json = "{\"text\":\"A line.\"}\n";
    for (unit, expected) in [("A line.\n", "A line.\n"), (json, json)] {
        let input = unit.repeat(20_000);
        for (name, mut bytes) in compressed(input.as_bytes()) {
            bytes.truncate(bytes.len() - 5);
            scratch.write("cut", &bytes).write("whole", unit);
            let ran = scratch.run(&[KEEP_ALL, "cut", "whole"], "");
            ran.status(2);
            let out = String::from_utf8(ran.0.stdout.clone()).unwrap();
            // Whatever was decoded of the last line or record, the ones before it are there.
            assert!(out.starts_with(expected) && out.ends_with(expected), "{name}");
            assert_eq!(ran.stderr().lines().count(), 1, "{}", ran.stderr());
            let start = if unit == json { "dechrome: cut: record " } else { "dechrome: cut: " };
            assert!(ran.stderr().starts_with(start), "{name}: {}", ran.stderr());
        }
    }
}

#[test]
fn pages_of_one_stream_are_judged_each_by_itself() {
    let scratch = Scratch::new();
    let pages = [PAGE, "Menu\n\n", PAGE.trim_end(), ""];
    for args in [&[][..], &["--invert"]] {
        let clean = pages.map(|page| cleaned(&scratch, args, page));
        for (separator, split) in [("\x0c", "formfeed"), ("\0", "nul")] {
            let args = [args, &["--split", split]].concat();
            let ran = scratch.run(&args, pages.join(separator));
            assert_eq!(shown(ran.stdout()), shown(clean.join(separator).as_bytes()));
        }
    }
    let lines = [PAGE, "Menu\n\n", PAGE];
    let clean = lines.map(|page| cleaned(&scratch, &[], page));
    let ran = scratch.run(&["--split", "^=+ \\d$"], lines.join("=== 1\n"));
    assert_eq!(ran.text(), clean.join("=== 1\n"));
    let ran = scratch.run(&["--split", "^=+ \\d$", "--json"], "a\n= 1\nb\n");
    let names: Vec<_> = ran.text().lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(names, ["{\"document\":\"-:1\"", "{\"document\":\"-:2\""]);
}

#[test]
fn other_encodings_become_utf_8() {
    let scratch = Scratch::new();
    let text = "Caf\u{e9} \u{65e5}\u{672c}\n";
    let units = |to: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to).collect::<Vec<u8>>();
    let (little, big) = (units(u16::to_le_bytes), units(u16::to_be_bytes));
    let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
    for (args, bytes, expected) in [
        (&[][..], marked(b"\xff\xfe", &little), text),
        (&[], marked(b"\xfe\xff", &big), text),
        (&["--encoding=utf-16le"], little, text),
        (&["--encoding=latin1"], b"Caf\xe9\n".to_vec(), "Caf\u{e9}\n"),
        (&["--encoding=shift_jis"], b"\x93\xfa\x96{\n".to_vec(), "\u{65e5}\u{672c}\n"),
        (&["--encoding=shift_jis"], b"\x93\n".to_vec(), "\u{fffd}\n"),
    ] {
        let ran = scratch.run(&[args, &[KEEP_ALL]].concat(), &bytes);
        assert_eq!(ran.text(), expected, "{args:?}");
    }
    // Bytes that are no UTF-8 stay as they are.
    assert_eq!(scratch.run(&[KEEP_ALL], b"\xe9\n").stdout(), b"\xe9\n");
}

#[test]
fn a_directory_is_walked_by_name() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.path("in/b/.git")).unwrap();
    scratch
        .write("in/c", "c\n")
        .write("in/a.txt", "a\n")
        .write("in/b/d.jsonl", "{\"text\":\"d\"}\n")
        .write("in/b/image", b"\x89PNG\r\n\0\0")
        .write("in/b/.hidden", "hidden\n")
        .write("in/b/.git/config", "hidden\n");
    let ran = scratch.run(&[KEEP_ALL, "in"], "");
    assert_eq!(ran.text(), "a\n{\"text\":\"d\"}\nc\n");
    let ran = scratch.run(&[KEEP_ALL, "in/b/.hidden", "in/b/image"], "");
    assert_eq!(shown(ran.stdout()), "hidden\\n\\x89PNG\\r\\n\\x00\\x00");
    let ran = scratch.run(&[KEEP_NONE, "in", "in/c"], "");
    assert_eq!(ran.text(), "{\"text\":\"\"}\n");
}

#[test]
#[cfg(unix)]
fn a_loop_of_directories_is_reported() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("in")).unwrap();
    std::os::unix::fs::symlink(".", scratch.path("in/again")).unwrap();
    std::os::unix::fs::symlink("nowhere", scratch.path("in/broken")).unwrap();
    scratch.write("in/page", "page\n");
    let ran = scratch.run(&[KEEP_ALL, "in"], "");
    ran.status(2);
    assert_eq!(shown(&ran.0.stdout), "page\\n");
    let messages: Vec<String> = ran.stderr().lines().map(str::to_owned).collect();
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(messages[0].contains("loop") && messages[0].contains("in/again"), "{messages:?}");
    assert!(messages[1].contains("in/broken"), "{messages:?}");
}

#[test]
fn what_is_said_goes_before_what_is_found() {
    let scratch = Scratch::new();
    let json = "{\"text\":\"a\"}\n";
    scratch.write("a.txt", json).write("b.jsonl", json);
    for (args, expected) in [
        (&["a.txt"][..], ""),
        (&["--format=jsonl", "a.txt"], "{\"text\":\"\"}\n"),
        (&["b.jsonl"], "{\"text\":\"\"}\n"),
        (&["--format=text", "b.jsonl"], ""),
        (&["--format=auto", "b.jsonl"], "{\"text\":\"\"}\n"),
    ] {
        let ran = scratch.run(&[args, &[KEEP_NONE]].concat(), "");
        assert_eq!(ran.text(), expected, "{args:?}");
    }
    // JSON that is not in lines is a text.
    let pretty = "{\n\"text\": 1\n}\n";
    assert_eq!(scratch.run(&[KEEP_ALL], pretty).text(), pretty);
}

#[test]
fn markup_in_records_is_warned_of_once_a_source() {
    let scratch = Scratch::new();
    let ran = scratch.run(&["--format=jsonl"], "{\"text\":\"<html>\"}\n".repeat(3));
    ran.status(0);
    let expected =
        "dechrome: warning: standard input: record 1: this is markup, not the text of a page\n";
    assert_eq!(ran.stderr(), expected);
    assert_eq!(scratch.run(&["-q", "--format=jsonl"], "{\"text\":\"<html>\"}\n").stderr(), "");
}
