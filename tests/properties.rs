//! The filter's and the writers' contracts on generated pages.
//!
//! Most of these use a model of noise: its verdicts are as good as random, depend on the lines
//! around, and mix kept and dropped as no real page would.

use std::convert::Infallible;
use std::sync::LazyLock;

use dechrome::decode::{PRECISION_THRESHOLD, RECALL_THRESHOLD};
use dechrome::document::{is_blank, strip_ending};
use dechrome::filter::Limits;
use dechrome::model::network::layout;
use dechrome::model::{Calibration, EMBEDDINGS};
use dechrome::output::{Annotate, Blank, Json, Selection, Style, Text, Writer};
use dechrome::rules::Told;
use dechrome::{Filter, Kind, KindSet, Label, Model, Piece, Policy, Rule, Rules, Sink, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use regex::bytes::Regex;

use crate::util::{PAGE, full_lines, lines, shown};

/// Small numbers around 0 that look random.
fn noise(seed: u32) -> impl Iterator<Item = f32> {
    let next = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    let states = std::iter::successors(Some(seed), next).skip(8);
    states.map(|state| (state >> 16) as f32 / 32_768.0 - 1.0)
}

/// A model file whose weights are noise, centred so that about half of a page is kept.
pub fn noise_model_bytes() -> Vec<u8> {
    let parameters: Vec<f32> = noise(2).map(|x| 0.4 * x).take(layout::COUNT).collect();
    let with_offset = |offset| {
        let calibration = Calibration { factor: 1.0, offset };
        Model::to_bytes(&parameters, calibration, &[0.01; EMBEDDINGS], &[])
    };
    let model = Model::from_bytes(with_offset(0.0)).expect("it is well formed");
    let mut filter = Filter::new(&model, Policy::default());
    let seen = record(&mut filter, &[MIXED_PAGE.as_bytes()]);
    let mut scores: Vec<f32> = seen.iter().filter_map(|seen| Some(seen.verdict?.score)).collect();
    scores.sort_by(f32::total_cmp);
    with_offset(-scores[scores.len() / 2])
}

/// Lines of several kinds.
static MIXED_PAGE: LazyLock<String> = LazyLock::new(|| {
    PAGE.to_owned() + &"One line.\nAnother one, a bit longer.\n| 3 |\n".repeat(20)
});

static NOISE: LazyLock<Model> =
    LazyLock::new(|| Model::from_bytes(noise_model_bytes()).expect("it is well formed"));

/// A line as the sink saw it, its pieces put together.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    number: u64,
    offset: u64,
    bytes: Vec<u8>,
    verdict: Option<Verdict>,
    has_ended: bool,
}

/// Takes pieces, holds the filter to what it says of them, and puts them together.
#[derive(Default)]
struct Recorder {
    seen: Vec<Seen>,
    offset: u64,
}

impl Sink for Recorder {
    type Error = Infallible;

    fn take(&mut self, piece: &Piece<'_>) -> Result<(), Infallible> {
        let Piece { line, verdict, starts, ends } = *piece;
        assert_eq!(line.offset, self.offset, "no byte is missing or doubled");
        self.offset += line.bytes.len() as u64;
        if starts {
            assert!(!line.bytes.is_empty());
            assert!(self.seen.last().is_none_or(|last| last.has_ended));
            let (number, offset) = (line.number, line.offset);
            assert_eq!(number, self.seen.len() as u64 + 1);
            self.seen.push(Seen { number, offset, bytes: vec![], verdict, has_ended: false });
        }
        let last = self.seen.last_mut().expect("a line starts with its first piece");
        assert!(!last.has_ended);
        assert_eq!((line.number, verdict), (last.number, last.verdict));
        last.bytes.extend_from_slice(line.bytes);
        last.has_ended = ends;
        Ok(())
    }
}

fn record(filter: &mut Filter<'_>, chunks: &[&[u8]]) -> Vec<Seen> {
    let mut recorder = Recorder::default();
    for chunk in chunks {
        let Ok(()) = filter.feed(chunk, &mut recorder);
    }
    let Ok(()) = filter.finish(&mut recorder);
    assert!(recorder.seen.last().is_none_or(|last| last.has_ended));
    recorder.seen
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Format {
    Text(Selection, Blank),
    Annotate(Style),
    Json,
}

const FORMATS: [Format; 6] = [
    Format::Text(Selection::Kept, Blank::Squeeze),
    Format::Text(Selection::Dropped, Blank::Keep),
    Format::Annotate(Style { has_colour: false, is_sanitized: false }),
    Format::Annotate(Style { has_colour: true, is_sanitized: false }),
    Format::Annotate(Style { has_colour: true, is_sanitized: true }),
    Format::Json,
];

fn written(format: Format, filter: &mut Filter<'_>, chunks: &[&[u8]]) -> Vec<u8> {
    fn write(mut writer: impl Writer, filter: &mut Filter<'_>, chunks: &[&[u8]]) {
        writer.begin_document("page").unwrap();
        for chunk in chunks {
            filter.feed(chunk, &mut writer).unwrap();
        }
        filter.finish(&mut writer).unwrap();
    }
    let mut out = Vec::new();
    match format {
        Format::Text(selection, blank) => {
            write(Text::new(&mut out, selection, blank), filter, chunks);
        }
        Format::Annotate(style) => write(Annotate::new(&mut out, style), filter, chunks),
        Format::Json => write(Json::new(&mut out), filter, chunks),
    }
    out
}

/// The text in a record of `--json`.
fn json_text(record: &[u8]) -> String {
    let record: serde_json::Value = serde_json::from_slice(record).unwrap();
    record["text"].as_str().unwrap().to_owned()
}

/// A line without its ending, of one of many sorts.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let word = select(vec![
        "the",
        "council",
        "voted",
        "on",
        "Tuesday,",
        "to",
        "keep",
        "bridge",
        "open.",
        "\u{4e2d}",
        "\u{6587}\u{3002}",
        "\u{440}\u{435}\u{43a}\u{430}",
        "Home",
        "|",
        "Log in",
        "\u{a9}",
        "2024",
        "[12]",
        "\u{202e}",
        "\u{1f600}",
        "\u{200b}",
    ]);
    let menu = select(vec!["Home", "News | Sport", "Share", "Read more", "Cookie settings", "1"]);
    let blank = select(vec!["", "", "", " ", "\t", "\u{a0}\u{3000}", "\u{feff}"]);
    prop_oneof![
        4 => vec(word, 1..40).prop_map(|words| words.join(" ").into_bytes()),
        3 => menu.prop_map(|text| text.as_bytes().to_vec()),
        4 => blank.prop_map(|text| text.as_bytes().to_vec()),
        1 => vec(any::<u8>().prop_filter("one line", |&byte| byte != b'\n'), 0..60),
        1 => select(vec![&b"\0"[..], b"a\rb", b"\r", b"\xff\xfe", b"\xe2\x82"]).prop_map(<[u8]>::to_vec),
    ]
}

fn page() -> impl Strategy<Value = Vec<u8>> {
    let ending = select(vec![&b"\n"[..], b"\n", b"\r\n"]);
    (vec((line(), ending), 0..150), any::<bool>()).prop_map(|(lines, has_final_newline)| {
        let lines = lines.into_iter().map(|(line, ending)| [&line[..], ending].concat());
        let mut page = lines.collect::<Vec<_>>().concat();
        if !has_final_newline && page.ends_with(b"\n") {
            page.pop();
        }
        page
    })
}

/// A rule whose pattern has or lacks literals in all sorts of ways.
fn rule() -> impl Strategy<Value = Rule> {
    let part = select(vec![
        "ask",
        "Ski",
        "k",
        "s",
        "\\b",
        "^",
        "$",
        ".",
        ".*",
        "\\d+",
        "[ks]",
        "[^k]",
        "(?:ask|ski)",
        "(?:a|ski)?",
        "(?:Ask)+",
        "(ask){2}",
        "é",
        "[éÉ]",
        "\\W",
        "(?i:É)",
        "(?i)",
        "(?-u:\\xff)",
        "x{0}",
        "(?:sk|)",
        " ",
        "newsletter ",
        "(?i:subscribe)",
        "comments",
        "(?i:фон)",
        "[A-Z]",
        ".{2,4}",
        "\\w{3}",
        "\\pL{2,}",
        "(?:[A-Z]k?)+",
        "(?:a|é){1,3}",
        "(?-u:\\w){30,70}",
        "[^\\W\\d_]",
        "\\B",
        "(?m:^)",
        "(?-u:[a-k]){4}",
        "\\d{2}",
        "[sSſé]{3,}",
        "(?-u:[\\x80-\\xff]){2}",
        "7?$",
    ]);
    (vec(part, 1..5), any::<bool>(), 0..Kind::COUNT + 1).prop_map(|(parts, keep, kind)| {
        let label = if keep { Label::Content } else { Label::Chrome };
        let told = Told { label, kind: Kind::ALL.get(kind).copied() };
        Rule { told, pattern: parts.concat(), place: parts.join("+") }
    })
}

fn ruled_line() -> impl Strategy<Value = Vec<u8>> {
    let part = select(vec![
        &b"ask"[..],
        b"Ask",
        b"SKI",
        b"a\xc5\xbf\xe2\x84\xaa",
        b"k",
        b"S",
        b" ",
        b"7",
        b"\xff",
        b"\xc3\xa9",
        b"\xc3\x89",
        b"newsletter ",
        b"SubSCRIBE",
        "ſubscribe".as_bytes(),
        b"comments",
        "фОН".as_bytes(),
        "é9".as_bytes(),
    ]);
    // Long lines too: from some length on, rules are told apart by it no more.
    let times = select(vec![1_usize, 1, 1, 20, 90]);
    vec((part, times), 0..8)
        .prop_map(|parts| parts.into_iter().flat_map(|(part, times)| part.repeat(times)).collect())
}

/// `page` cut into chunks of these sizes, over and over.
fn cut<'p>(mut page: &'p [u8], sizes: &[usize]) -> Vec<&'p [u8]> {
    let mut chunks = Vec::new();
    for &size in sizes.iter().cycle() {
        let (chunk, rest) = page.split_at(size.min(page.len()));
        chunks.push(chunk);
        page = rest;
        if page.is_empty() {
            break;
        }
    }
    chunks
}

/// Whether `part` can be had from `whole` by leaving out items.
fn is_subsequence<T: PartialEq>(part: &[T], whole: &[T]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|item| whole.any(|other| other == item))
}

#[test]
fn the_model_of_noise_is_not_indifferent() {
    // What the properties need of it: both verdicts, and verdicts that depend on neighbours.
    let mut filter = Filter::new(&NOISE, Policy::default());
    let seen = record(&mut filter, &[MIXED_PAGE.as_bytes()]);
    let verdicts: Vec<Verdict> = seen.iter().filter_map(|seen| seen.verdict).collect();
    let kept = verdicts.iter().filter(|verdict| verdict.kept).count();
    assert!(kept * 5 > verdicts.len() && kept * 5 < 4 * verdicts.len(), "{kept} {verdicts:?}");
    let alone = record(&mut filter, &[PAGE.as_bytes()]);
    let changed = alone.iter().zip(&seen).filter(|(alone, seen)| alone.verdict != seen.verdict);
    assert!(changed.count() > 5);
}

proptest! {
    // A case is many runs over a page, and a debug build is slow.
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases / 4,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_byte_is_seen_once_and_blank_lines_have_no_verdict(page in page()) {
        let seen = record(&mut Filter::new(&NOISE, Policy::default()), &[&page]);
        let expected: Vec<&[u8]> = lines(&page).collect();
        prop_assert_eq!(seen.len(), expected.len());
        for (seen, line) in seen.iter().zip(expected) {
            prop_assert_eq!(shown(&seen.bytes), shown(line));
            prop_assert_eq!(seen.verdict.is_none(), is_blank(line));
        }
    }

    #[test]
    fn kinds_left_out_change_nothing_but_kinds(page in page(), real in any::<bool>()) {
        let model = if real { Model::embedded() } else { &*NOISE };
        let asking = KindSet::CONTENT.without(Kind::List);
        for (keep, is_asked) in [(KindSet::CONTENT, false), (asking, true)] {
            let policy = Policy { keep, ..Policy::default() };
            let full = record(&mut Filter::new(model, policy), &[&page]);
            let mut seen = record(&mut Filter::new(model, policy).without_kinds(), &[&page]);
            for (seen, full) in seen.iter_mut().zip(&full) {
                let both = seen.verdict.as_mut().zip(full.verdict);
                if let (Some((seen, full)), false) = (both, is_asked) {
                    prop_assert_eq!(seen.kind.label(), full.kind.label());
                    seen.kind = full.kind;
                }
            }
            prop_assert_eq!(seen, full);
        }
    }

    #[test]
    fn output_is_a_subsequence_and_invert_its_complement(page in page(), real in any::<bool>()) {
        let model = if real { Model::embedded() } else { &*NOISE };
        let mut filter = Filter::new(model, Policy::default());
        let all: Vec<&[u8]> = lines(&page).collect();
        let mut counts = [0; 2];
        for blank in [Blank::Squeeze, Blank::Keep, Blank::Drop] {
            let kept = Format::Text(Selection::Kept, blank);
            let kept = written(kept, &mut filter, &[&page]);
            let dropped = Format::Text(Selection::Dropped, blank);
            let dropped = written(dropped, &mut filter, &[&page]);
            for out in [&kept, &dropped] {
                let written: Vec<&[u8]> = lines(out).collect();
                prop_assert!(is_subsequence(&written, &all), "{}", shown(out));
                let blanks = written.iter().filter(|line| is_blank(line)).count();
                match blank {
                    Blank::Drop => prop_assert_eq!(blanks, 0),
                    Blank::Keep => {
                        let expected = all.iter().filter(|line| is_blank(line)).count();
                        prop_assert_eq!(blanks, expected);
                    }
                    Blank::Squeeze => {
                        let ends = [written.first(), written.last()];
                        prop_assert!(ends.into_iter().flatten().all(|line| !is_blank(line)));
                        let mut pairs = written.windows(2);
                        prop_assert!(pairs.all(|pair| !(is_blank(pair[0]) && is_blank(pair[1]))));
                    }
                }
            }
            // Each non-blank line is in exactly one of the two: merged by the verdicts they make
            // the page again.
            let (mut kept, mut dropped) =
                (full_lines(&kept).into_iter(), full_lines(&dropped).into_iter());
            for seen in record(&mut filter, &[&page]) {
                if let Some(verdict) = seen.verdict {
                    let source = if verdict.kept { &mut kept } else { &mut dropped };
                    prop_assert_eq!(source.next().map(shown), Some(shown(&seen.bytes)));
                    counts[usize::from(verdict.kept)] += 1;
                }
            }
            prop_assert!(kept.next().is_none() && dropped.next().is_none());
        }
        prop_assert_eq!(counts[0] + counts[1], 3 * full_lines(&page).len());
    }

    #[test]
    fn cuts_never_show(page in page(), sizes in vec(1_usize..200, 1..20)) {
        let mut filter = Filter::new(&NOISE, Policy::default());
        let whole = record(&mut filter, &[&page]);
        prop_assert_eq!(&record(&mut filter, &cut(&page, &sizes)), &whole);
        prop_assert_eq!(&record(&mut filter, &cut(&page, &[1])), &whole);
        // Nothing of the documents before is left.
        let mut fresh = Filter::new(&NOISE, Policy::default());
        prop_assert_eq!(&record(&mut fresh, &cut(&page, &[0, 3])), &whole);
    }

    #[test]
    fn small_limits_lose_nothing_and_cuts_do_not_show(
        page in page(),
        sizes in vec(1_usize..50, 1..10),
        max_line_bytes in 1_usize..40,
        max_held_bytes in 0_usize..3000,
        max_short_lines in 1_usize..6,
    ) {
        let limits = Limits { max_line_bytes, max_held_bytes, max_short_lines };
        let mut filter = Filter::with_limits(&NOISE, Policy::default(), limits);
        let whole = record(&mut filter, &[&page]);
        let expected: Vec<&[u8]> = lines(&page).collect();
        let seen: Vec<&[u8]> = whole.iter().map(|seen| &seen.bytes[..]).collect();
        prop_assert_eq!(&seen, &expected);
        prop_assert_eq!(&record(&mut filter, &cut(&page, &sizes)), &whole);
        prop_assert_eq!(&record(&mut filter, &cut(&page, &[1])), &whole);
    }

    #[test]
    fn cuts_do_not_show_in_any_format(
        page in page(),
        sizes in vec(1_usize..50, 1..10),
        max_line_bytes in 1_usize..40,
    ) {
        let limits = Limits { max_line_bytes, max_held_bytes: 1000, max_short_lines: 3 };
        let mut filter = Filter::with_limits(&NOISE, Policy::default(), limits);
        for format in FORMATS {
            let whole = written(format, &mut filter, &[&page]);
            for sizes in [&sizes[..], &[1]] {
                let out = written(format, &mut filter, &cut(&page, sizes));
                prop_assert_eq!(shown(&out), shown(&whole), "{:?}", format);
            }
            if format == Format::Json {
                // Of each line that is seen with a verdict the whole text is there.
                let texts: Vec<String> = lines(&whole).map(json_text).collect();
                let expected = record(&mut filter, &[&page]).into_iter();
                let expected = expected.filter(|seen| seen.verdict.is_some());
                let expected: Vec<String> = expected
                    .map(|seen| String::from_utf8_lossy(strip_ending(&seen.bytes)).into_owned())
                    .collect();
                prop_assert_eq!(texts, expected);
            }
        }
    }

    #[test]
    fn a_higher_threshold_never_keeps_what_a_lower_one_drops(
        page in page(),
        thresholds in vec(-4.0_f32..4.0, 2..6),
        real in any::<bool>(),
    ) {
        let model = if real { Model::embedded() } else { &*NOISE };
        let mut thresholds = thresholds;
        thresholds.extend([RECALL_THRESHOLD, 0.0, PRECISION_THRESHOLD]);
        thresholds.sort_by(f32::total_cmp);
        let mut lower: Option<Vec<Verdict>> = None;
        for threshold in thresholds {
            let mut filter = Filter::new(model, Policy { threshold, ..Policy::default() });
            let seen = record(&mut filter, &[&page]);
            let verdicts: Vec<Verdict> = seen.iter().filter_map(|seen| seen.verdict).collect();
            if let Some(lower) = lower {
                prop_assert!(verdicts.iter().zip(&lower).all(|(now, then)| then.kept || !now.kept));
            }
            lower = Some(verdicts);
        }
    }

    #[test]
    fn many_rules_say_what_each_alone_says(rules in vec(rule(), 0..12), lines in vec(ruled_line(), 1..12)) {
        let compiled = Rules::new(&rules).unwrap();
        for line in lines {
            let matches = |rule: &&Rule| Regex::new(&rule.pattern).unwrap().is_match(&line);
            let expected = rules.iter().rfind(matches).map(|rule| (rule.told, &rule.place[..]));
            prop_assert_eq!(compiled.find(&line), expected, "{}: {:?}", shown(&line), rules);
        }
    }

    #[test]
    fn a_verdict_depends_on_what_came_before_and_the_lookahead(
        page in page(),
        other in page(),
        at in 0_usize..150,
    ) {
        // All but the end of a page is the same: verdicts differ only within the lookahead.
        let mut filter = Filter::new(&NOISE, Policy::default());
        let start: Vec<&[u8]> = lines(&page).take(at).filter(|line| line.ends_with(b"\n")).collect();
        let start = start.concat();
        let one = record(&mut filter, &[&page]);
        let two = record(&mut filter, &[&start, &other]);
        let common = full_lines(&start).len();
        let settled = common.saturating_sub(dechrome::LOOKAHEAD);
        let verdicts = |seen: &[Seen]| -> Vec<Verdict> {
            seen.iter().filter_map(|seen| seen.verdict).take(settled).collect()
        };
        prop_assert_eq!(verdicts(&one), verdicts(&two));
    }
}
