//! Measures a model on the pages of a corpus that are for measuring.
//!
//! ```text
//! cargo run --release --features train --bin dechrome-eval -- CORPUS --floors tests/accuracy-floors.tsv
//! ```

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use dechrome::decode::{PRECISION_THRESHOLD, RECALL_THRESHOLD};
use dechrome::eval::{self, Measured, report};
use dechrome::train::corpus::{self, Page};
use dechrome::{Kind, KindSet, Model, Policy};

/// How far below its floor a figure may fall: trainings that differed in their seeds only gave
/// means over sets from .856 to .875, and sets of one site far more.
const NOISE_MARGIN: f64 = 0.01;

/// Measures a model on the pages of a corpus that are for measuring.
#[derive(Parser)]
struct Arguments {
    /// Directory of `SOURCE.jsonl.zst` files
    corpus: PathBuf,
    /// Another model than the embedded one
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Another threshold than 0
    #[arg(long, value_name = "X", default_value_t = 0.0, allow_hyphen_values = true)]
    threshold: f32,
    /// Only this source
    #[arg(long)]
    set: Option<String>,
    /// Fail when a figure is below its floor: lines of `set<TAB>F1`, `mean` for the mean over sets,
    /// `kinds` for the share of lines whose kind is told right
    #[arg(long, value_name = "FILE")]
    floors: Option<PathBuf>,
    /// Write how thresholds and kinds move the figures, and nothing else
    #[arg(long, conflicts_with_all = ["threshold", "floors", "worst", "errors"])]
    effects: bool,
    /// Also list the worst pages
    #[arg(long, value_name = "N", default_value_t = 0)]
    worst: usize,
    /// Also list wrong verdicts, evenly over the pages
    #[arg(long, value_name = "N", default_value_t = 0)]
    errors: usize,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let supplied = match &arguments.model {
        Some(path) => {
            let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
            Some(Model::from_bytes(bytes).with_context(|| path.display().to_string())?)
        }
        None => None,
    };
    let model = supplied.as_ref().unwrap_or_else(|| Model::embedded());
    let pages = corpus::read(&arguments.corpus, |page| {
        page.dev && arguments.set.as_ref().is_none_or(|set| *set == page.set)
    })?;
    if arguments.effects {
        print_effects(model, &pages);
        return Ok(ExitCode::SUCCESS);
    }
    let measured = eval::measure(
        model,
        Policy { threshold: arguments.threshold, ..Policy::default() },
        &pages,
    );
    print!("{}", report::render(&measured));
    list_worst(&measured, arguments.worst);
    list_errors(&measured, arguments.errors);
    match &arguments.floors {
        Some(path) => check_floors(&measured, path),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// The options of the command whose effect is shown.
fn options() -> Vec<(String, Policy)> {
    let at = |threshold| Policy { threshold, ..Policy::default() };
    let keeping = |keep| Policy { keep, ..Policy::default() };
    let content = KindSet::CONTENT;
    let mut options = vec![
        ("(none)".to_owned(), Policy::default()),
        ("--recall".to_owned(), at(RECALL_THRESHOLD)),
        ("--precision".to_owned(), at(PRECISION_THRESHOLD)),
    ];
    options.extend([-3.0, -2.0, 2.0, 3.0].map(|x| (format!("--threshold {x}"), at(x))));
    for kind in [Kind::Caption, Kind::Byline, Kind::Comment, Kind::Related] {
        options.push((format!("--keep {kind}"), keeping(content.with(kind))));
    }
    for kind in [Kind::Heading, Kind::List, Kind::Table, Kind::Code] {
        options.push((format!("--drop {kind}"), keeping(content.without(kind))));
    }
    let only = [Kind::Prose, Kind::Heading].into_iter().collect();
    options.push(("--only prose,heading".to_owned(), keeping(only)));
    options
}

/// Means over sets, and the words written against those without an option.
fn print_effects(model: &Model, pages: &[Page]) {
    println!("| | P | R | F1 | words written |\n|---|--:|--:|--:|--:|");
    let mut usual = None;
    for (name, policy) in options() {
        let measured = eval::measure(model, policy, pages);
        let sets = report::by_group(&measured, |page| &page.set);
        let [p, r, f1] = report::mean_words(&sets);
        let written: f64 = measured.iter().map(|page| page.outcomes[0].words.predicted).sum();
        let share = written / *usual.get_or_insert(written);
        println!("| `{name}` | {p:.3} | {r:.3} | {f1:.3} | {:.0} % |", 100.0 * share);
    }
}

fn list_worst(measured: &[Measured<'_>], count: usize) {
    let mut order: Vec<&Measured<'_>> = measured.iter().collect();
    order.sort_by(|a, b| a.outcomes[0].words.f1().total_cmp(&b.outcomes[0].words.f1()));
    for page in order.iter().take(count) {
        let words = page.outcomes[0].words;
        println!(
            "{:.3} P {:.3} R {:.3} gold {} {} {}",
            words.f1(),
            words.precision(),
            words.recall(),
            words.gold,
            page.page.id,
            page.page.renderer
        );
    }
}

fn list_errors(measured: &[Measured<'_>], count: usize) {
    let mut wrong = Vec::new();
    for page in measured {
        let lines: Vec<&str> = page.page.text.split('\n').collect();
        for &(number, kind, verdict) in &page.verdicts {
            if kind.is_content() != verdict.kind.is_content() {
                wrong.push((page.page, number, kind, verdict, lines[number]));
            }
        }
    }
    let every = (wrong.len() / count.max(1)).max(1);
    for (page, number, kind, verdict, line) in wrong.iter().step_by(every).take(count) {
        let line: String = line.trim().chars().take(100).collect();
        println!(
            "{} {} line {}: {kind} judged {} ({:+.1}): {line}",
            page.id,
            page.renderer,
            number + 1,
            verdict.kind,
            verdict.score
        );
    }
}

/// Fails when a figure is further below its floor than noise explains.
fn check_floors(measured: &[Measured<'_>], path: &Path) -> Result<ExitCode> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let sets = report::by_group(measured, |page| &page.set);
    let mut failed = 0;
    let mut passed = 0;
    for (number, row) in text.lines().enumerate().filter(|(_, row)| !row.starts_with('#')) {
        let place = || format!("{}:{}: {row:?}", path.display(), number + 1);
        let (name, floor) = row.split_once('\t').with_context(place)?;
        let floor: f64 = floor.parse().with_context(place)?;
        let found = match sets.get(name) {
            Some(figures) => figures[0].words[2],
            None if name == "mean" => report::means(&sets)[0],
            None if name == "kinds" => report::kinds_right(measured),
            None => bail!("{}: no page of this set", place()),
        };
        if found < floor - NOISE_MARGIN {
            println!("{name}: {found:.4} is below its floor {floor:.4}");
            failed += 1;
        } else {
            passed += 1;
        }
    }
    println!("accuracy floors: {passed} passed, {failed} failed");
    Ok(if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
