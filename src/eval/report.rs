//! The tables of an evaluation, as Markdown.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::judge::Judge;
use super::{Measured, Outcome};
use crate::label::Kind;
use crate::train::corpus::Page;

/// A page whose word F1 is below this has failed.
const FAILED: f64 = 0.8;

/// Bins of the calibration error.
const BINS: usize = 15;

/// Figures over a group of pages: means over its pages, for one judge.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// How many pages.
    pub pages: usize,
    /// Mean word precision, recall and F1.
    pub words: [f64; 3],
    /// F1 of all its lines taken together.
    pub lines: f64,
    /// Share of pages whose word F1 is under .8.
    pub failed: f64,
    /// How many pages have content of which nothing was kept.
    pub empty: usize,
}

impl Figures {
    fn of<'m>(outcomes: impl Iterator<Item = &'m Outcome>) -> Figures {
        let mut figures = Figures::default();
        let mut lines = super::Overlap::default();
        for outcome in outcomes {
            let words = &outcome.words;
            figures.pages += 1;
            let all = [words.precision(), words.recall(), words.f1()];
            for (sum, value) in figures.words.iter_mut().zip(all) {
                *sum += value;
            }
            figures.failed += f64::from(words.f1() < FAILED);
            figures.empty += usize::from(words.predicted == 0.0 && words.gold > 0.0);
            lines.both += outcome.lines.both;
            lines.predicted += outcome.lines.predicted;
            lines.gold += outcome.lines.gold;
        }
        let pages = figures.pages.max(1) as f64;
        figures.words = figures.words.map(|sum| sum / pages);
        figures.failed /= pages;
        figures.lines = lines.f1();
        figures
    }
}

/// Figures of every judge for each group that `key` makes of the pages.
pub fn by_group(
    measured: &[Measured<'_>],
    key: impl Fn(&Page) -> &str,
) -> BTreeMap<String, [Figures; Judge::ALL.len()]> {
    let mut groups: BTreeMap<String, Vec<&Measured<'_>>> = BTreeMap::new();
    for page in measured {
        groups.entry(key(page.page).to_owned()).or_default().push(page);
    }
    let figures = |pages: &Vec<&Measured<'_>>| {
        std::array::from_fn(|judge| Figures::of(pages.iter().map(|page| &page.outcomes[judge])))
    };
    groups.iter().map(|(name, pages)| (name.clone(), figures(pages))).collect()
}

/// Mean word F1 over groups, of each judge.
pub fn means(groups: &BTreeMap<String, [Figures; Judge::ALL.len()]>) -> [f64; Judge::ALL.len()] {
    let count = groups.len().max(1) as f64;
    std::array::from_fn(|judge| {
        groups.values().map(|figures| figures[judge].words[2]).sum::<f64>() / count
    })
}

/// The model's word precision, recall and F1, means over groups.
pub fn mean_words(groups: &BTreeMap<String, [Figures; Judge::ALL.len()]>) -> [f64; 3] {
    let count = groups.len().max(1) as f64;
    let sum =
        |measure: usize| groups.values().map(|figures| figures[0].words[measure]).sum::<f64>();
    std::array::from_fn(|measure| sum(measure) / count)
}

/// Expected calibration error of the model's probabilities over all labelled lines (Naeini et
/// al. 2015), in 15 bins of equal width.
pub fn calibration_error(measured: &[Measured<'_>]) -> f64 {
    let mut bins = [(0.0, 0.0); BINS];
    let mut total = 0.0;
    for (_, kind, verdict) in measured.iter().flat_map(|page| &page.verdicts) {
        let bin = ((verdict.probability * BINS as f32) as usize).min(BINS - 1);
        bins[bin].0 += f64::from(verdict.probability);
        bins[bin].1 += f64::from(kind.is_content());
        total += 1.0;
    }
    bins.iter().map(|(predicted, actual)| (predicted - actual).abs()).sum::<f64>()
        / f64::max(total, 1.0)
}

/// The whole report.
pub fn render(measured: &[Measured<'_>]) -> String {
    let mut out = String::new();
    type Key = fn(&Page) -> &str;
    let keys: [(&str, Key); 4] = [
        ("set", |page| &page.set),
        ("language", |page| &page.lang),
        ("type", |page| &page.page_type),
        ("renderer", |page| &page.renderer),
    ];
    for (name, key) in keys {
        table(&mut out, name, &by_group(measured, key));
    }
    confusion(&mut out, measured);
    let _ = writeln!(out, "calibration error {:.4}", calibration_error(measured));
    let headlines: Vec<bool> = measured.iter().filter_map(|page| page.headline).collect();
    let kept = headlines.iter().filter(|&&kept| kept).count();
    let _ = writeln!(out, "headlines outside the content kept {kept} of {}", headlines.len());
    out
}

fn table(out: &mut String, name: &str, groups: &BTreeMap<String, [Figures; Judge::ALL.len()]>) {
    let baselines = &Judge::ALL[1..];
    let _ = write!(out, "| {name} | pages | P | R | **F1** | line F1 | under {FAILED} | empty |");
    for judge in baselines {
        let _ = write!(out, " {} |", judge.name());
    }
    let _ = writeln!(out, "\n|---|{}", "--:|".repeat(7 + baselines.len()));
    for (group, figures) in groups {
        let [model, baselines @ ..] = figures;
        let [p, r, f1] = model.words;
        let _ = write!(
            out,
            "| {group} | {} | {p:.3} | {r:.3} | {f1:.3} | {:.3} | {:.3} | {} |",
            model.pages, model.lines, model.failed, model.empty
        );
        for baseline in baselines {
            let better = if baseline.words[2] > f1 { " !" } else { "" };
            let _ = write!(out, " {:.3}{better} |", baseline.words[2]);
        }
        let _ = writeln!(out);
    }
    let [model, baselines @ ..] = means(groups);
    let _ = write!(out, "| **mean** | | | | **{model:.4}** | | | |");
    for baseline in baselines {
        let _ = write!(out, " {baseline:.4} |");
    }
    let _ = writeln!(out, "\n");
}

/// What the lines that have been read are judged as.
fn confusion(out: &mut String, measured: &[Measured<'_>]) {
    let counts = kinds(measured);
    let share = |part: u32, whole: u32| f64::from(part) / f64::from(whole.max(1));
    let _ = write!(out, "| kind: read, per cent judged as |");
    for kind in Kind::ALL {
        let _ = write!(out, " {kind} |");
    }
    let _ = writeln!(out, " lines | P |\n|---|{}", "--:|".repeat(Kind::COUNT + 2));
    for kind in Kind::ALL {
        let row = &counts[kind as usize];
        let total: u32 = row.iter().sum();
        let judged = counts.iter().map(|row| row[kind as usize]).sum();
        let _ = write!(out, "| {kind} |");
        for count in row {
            let _ = write!(out, " {:.0} |", 100.0 * share(*count, total));
        }
        let _ = writeln!(out, " {total} | {:.2} |", share(row[kind as usize], judged));
    }
    let lines: u32 = counts.iter().flatten().sum();
    let _ = writeln!(out, "\nkind told right {:.4} of {lines} lines read\n", kinds_right(measured));
}

/// How many lines that are read as each kind are judged as each, a row a kind.
fn kinds(measured: &[Measured<'_>]) -> [[u32; Kind::COUNT]; Kind::COUNT] {
    let mut counts = [[0; Kind::COUNT]; Kind::COUNT];
    for (read, judged) in measured.iter().flat_map(|page| &page.kinds) {
        counts[*read as usize][*judged as usize] += 1;
    }
    counts
}

/// The share of the lines that have been read whose kind is told right.
pub fn kinds_right(measured: &[Measured<'_>]) -> f64 {
    let counts = kinds(measured);
    let right: u32 = (0..Kind::COUNT).map(|kind| counts[kind][kind]).sum();
    let lines: u32 = counts.iter().flatten().sum();
    f64::from(right) / f64::from(lines.max(1))
}
