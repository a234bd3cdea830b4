//! Evaluation: how well judges do on labelled pages, by page and by line. Behind the `train`
//! feature.
//!
//! [`words`] compares texts, [`judge`] holds the model and the baselines, [`report`] the tables.

pub mod judge;
pub mod report;
pub mod words;

use std::thread;

use crate::label::{Kind, Verdict};
use crate::train::corpus::Page;
use crate::{Model, Policy};
use judge::Judge;
use words::{Overlap, WordCounter};

/// How one judge did on one page.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// Words of the kept lines against those of the page's content.
    pub words: Overlap,
    /// Kept lines against content lines.
    pub lines: Overlap,
}

/// How all judges did on one page.
#[derive(Clone, Debug)]
pub struct Measured<'p> {
    /// The page.
    pub page: &'p Page,
    /// In the order of [`Judge::ALL`].
    pub outcomes: [Outcome; Judge::ALL.len()],
    /// The model's verdict on each non-blank line whose label is known: number of the line in
    /// the dump from 0, its kind, the verdict.
    pub verdicts: Vec<(usize, Kind, Verdict)>,
    /// Of each line that has been read, on the side of its label: what it is read as, and what it is
    /// judged.
    pub kinds: Vec<(Kind, Kind)>,
    /// Whether the model keeps the headline, on pages whose source leaves it out of the content.
    pub headline: Option<bool>,
}

/// Judges `pages` with `model` and `policy`, and with the baselines, on two threads.
pub fn measure<'p>(model: &Model, policy: Policy, pages: &'p [Page]) -> Vec<Measured<'p>> {
    let (left, right) = pages.split_at(pages.len() / 2);
    thread::scope(|scope| {
        let left = scope.spawn(|| measure_all(model, policy, left));
        let right = measure_all(model, policy, right);
        let mut measured = left.join().expect("evaluation does not panic");
        measured.extend(right);
        measured
    })
}

fn measure_all<'p>(model: &Model, policy: Policy, pages: &'p [Page]) -> Vec<Measured<'p>> {
    let mut counter = WordCounter::new();
    pages.iter().map(|page| measure_page(model, policy, page, &mut counter)).collect()
}

fn measure_page<'p>(
    model: &Model,
    policy: Policy,
    page: &'p Page,
    counter: &mut WordCounter,
) -> Measured<'p> {
    let verdicts = judge::verdicts(model, policy, &page.text);
    let gold = counter.count([page.gold.as_deref().unwrap_or_default()]);
    let outcomes = Judge::ALL.map(|judge| {
        let mut kept = Vec::new();
        let mut lines = Overlap::default();
        for (number, text, letter) in page.lines() {
            let Some(verdict) = &verdicts[number] else { continue };
            let Some(kind) = Kind::from_letter(letter) else { continue };
            let keeps = judge.keeps(text, verdict);
            lines.add(keeps, kind.is_content());
            if keeps {
                kept.push(text);
            }
        }
        Outcome { words: counter.count(kept).overlap(&gold), lines }
    });
    let labelled = page.lines().filter_map(|(number, _, letter)| {
        Some((number, Kind::from_letter(letter)?, verdicts[number]?))
    });
    let kinds = page.lines().zip(&page.read).filter_map(|((number, _, letter), read)| {
        let side = Kind::from_letter(letter)?.label();
        Some(((*read)?.kind_on(side)?, verdicts[number]?.kind))
    });
    let headline = page.headline().and_then(|number| Some(verdicts[number]?.kept));
    let (verdicts, kinds) = (labelled.collect(), kinds.collect());
    Measured { page, outcomes, verdicts, kinds, headline }
}
