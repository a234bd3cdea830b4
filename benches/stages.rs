//! The stages of the filter, and all of them together, on dumps of each form made of the pages in
//! `fixtures/`.
//!
//! ```text
//! cargo bench                 # all
//! cargo bench -- features     # one stage
//! ```

use std::convert::Infallible;
use std::fs;
use std::io;

use dechrome::decode::Decoder;
use dechrome::document::{is_blank, strip_ending};
use dechrome::features::{Dense, Extractor, Listener};
use dechrome::model::Scorer;
use dechrome::output::{Blank, Selection, Text, Writer};
use dechrome::{Filter, Model, Piece, Policy};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

/// Names of fixtures of each form contain one of these.
const FORMS: &[(&str, &[&str])] = &[
    ("paragraph", &["-paragraph"]),
    ("node-a-line", &["-bs4"]),
    ("hard-wrapped", &["-w3m", "-lynx"]),
    ("markdown", &["-markdown"]),
    ("chinese", &["zh-"]),
    ("arabic", &["ar-"]),
];

/// About how many bytes a dump has.
const DUMP_BYTES: usize = 1 << 20;

fn main() {
    divan::main();
}

fn forms() -> impl Iterator<Item = &'static str> {
    FORMS.iter().map(|form| form.0)
}

/// The pages of a form, over and over.
fn dump(form: &str) -> Vec<u8> {
    let parts = FORMS.iter().find(|other| other.0 == form).expect("there is such a form").1;
    let entries = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/pages"));
    let paths = entries.expect("the fixtures are there").map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.ends_with(".txt") && parts.iter().any(|part| name.contains(part))
        })
        .collect();
    paths.sort();
    let pages: Vec<u8> = paths.iter().flat_map(|path| fs::read(path).unwrap()).collect();
    pages.repeat(DUMP_BYTES.div_ceil(pages.len()))
}

/// Features and tokens of the lines that are not blank.
fn extract(dump: &[u8]) -> Vec<(Dense, Vec<u32>)> {
    let mut extractor = Extractor::new();
    let lines = dump.split_inclusive(|&byte| byte == b'\n').filter(|line| !is_blank(line));
    let mut all: Vec<(Dense, Vec<u32>)> = Vec::new();
    for line in lines {
        let mut keys = Vec::new();
        let dense = extractor.line(strip_ending(line), None, &mut |key| keys.push(key));
        extractor.show(&mut all, |line| &mut line.0);
        all.push((dense, keys));
    }
    all
}

#[divan::bench(args = forms())]
fn features(bencher: Bencher<'_, '_>, form: &str) {
    let dump = dump(form);
    let lines: Vec<&[u8]> = dump.split(|&byte| byte == b'\n').filter(|l| !is_blank(l)).collect();
    let mut extractor = Extractor::new();
    bencher.counter(BytesCount::new(dump.len())).bench_local(|| {
        for line in &lines {
            black_box(extractor.line(line, None, &mut |key: u32| _ = black_box(key)));
        }
    });
}

#[divan::bench(args = forms())]
fn model(bencher: Bencher<'_, '_>, form: &str) {
    let dump = dump(form);
    let lines = extract(&dump);
    let mut scorer = Scorer::new(Model::embedded());
    bencher.counter(BytesCount::new(dump.len())).bench_local(|| {
        for (dense, keys) in &lines {
            scorer.begin_line();
            scorer.tokens(keys);
            scorer.queue_line(dense);
            while let Some(scores) = scorer.next_scores() {
                black_box(scores);
            }
        }
    });
}

#[divan::bench(args = forms())]
fn decoder(bencher: Bencher<'_, '_>, form: &str) {
    let dump = dump(form);
    let mut scorer = Scorer::new(Model::embedded());
    let mut scores = Vec::new();
    for (dense, keys) in extract(&dump) {
        scorer.begin_line();
        scorer.tokens(&keys);
        scores.extend(scorer.end_line(&dense));
    }
    let (mut decoder, policy) = (Decoder::default(), Policy::default());
    let mut decided = Vec::new();
    bencher.counter(BytesCount::new(dump.len())).bench_local(|| {
        for scores in scores.chunks(16) {
            scores.iter().for_each(|_| decoder.expect(10, false));
            decoder.push(scores, &mut decided);
            for scores in decided.drain(..) {
                black_box(policy.decide(&scores, None));
            }
        }
    });
}

#[divan::bench(args = forms())]
fn filter(bencher: Bencher<'_, '_>, form: &str) {
    let dump = dump(form);
    let mut filter = Filter::new(Model::embedded(), Policy::default());
    let mut sink = |piece: &Piece<'_>| {
        black_box(piece.verdict);
        Ok::<(), Infallible>(())
    };
    bencher.counter(BytesCount::new(dump.len())).bench_local(|| {
        let Ok(()) = filter.feed(&dump, &mut sink);
        let Ok(()) = filter.finish(&mut sink);
    });
}

#[divan::bench(args = forms())]
fn text_to_text(bencher: Bencher<'_, '_>, form: &str) {
    let dump = dump(form);
    let mut filter = Filter::new(Model::embedded(), Policy::default()).without_kinds();
    let mut writer = Text::new(io::sink(), Selection::Kept, Blank::Squeeze);
    bencher.counter(BytesCount::new(dump.len())).bench_local(|| {
        writer.begin_document("page").unwrap();
        filter.feed(&dump, &mut writer).unwrap();
        filter.finish(&mut writer).unwrap();
    });
}
