//! Where the border is and what a score is worth, on pages of sites kept out of training.

use std::collections::BTreeMap;

use super::Weights;
use super::backward::Tape;
use super::data::Example;
use crate::eval::words::Overlap;
use crate::model::Calibration;

/// Borders tried, in tenths of calibrated log-odds.
const BORDERS: std::ops::RangeInclusive<i32> = -25..=10;

/// The highest border whose mean F1 is within this of the best is taken: the curve is flat on
/// top, and on a page with an article chrome that comes through is worse than a line lost.
const BORDER_SLACK: f64 = 0.01;

/// A labelled line: its logit, whether it is content, its words.
#[derive(Clone, Copy)]
struct Line {
    logit: f64,
    content: bool,
    words: f64,
}

/// Fits the probability and then the border on `pages`.
pub(super) fn fit(weights: &Weights, pages: &[Example]) -> Calibration {
    let mut tape = Tape::default();
    let lines: Vec<Vec<Line>> = pages.iter().map(|page| lines(weights, page, &mut tape)).collect();
    let (factor, offset) = platt(&lines);
    let mut sets: BTreeMap<&str, Vec<&[Line]>> = BTreeMap::new();
    for (page, lines) in pages.iter().zip(&lines) {
        sets.entry(&page.set).or_default().push(lines);
    }
    let sets: Vec<_> = sets.into_values().collect();
    let tried: Vec<(f64, f64)> = BORDERS
        .map(|tenths| {
            let border = f64::from(tenths) / 10.0;
            (border, mean_f1(&sets, |line| factor * line.logit + offset > border))
        })
        .collect();
    let best = tried.iter().map(|&(_, f1)| f1).fold(0.0, f64::max);
    let good = tried.iter().rev().find(|&&(_, f1)| f1 >= best - BORDER_SLACK);
    let border = good.map_or(0.0, |&(border, _)| border);
    Calibration { factor: factor as f32, offset: offset as f32, border: border as f32 }
}

fn lines(weights: &Weights, page: &Example, tape: &mut Tape) -> Vec<Line> {
    tape.forward(weights, page, 0..page.lines(), None);
    let labelled = tape.logits().iter().zip(&page.labels).enumerate();
    labelled
        .filter_map(|(line, (logits, label))| {
            let words = f64::from(page.line_weight(line).powi(2));
            let content = label.as_ref()?.is_content();
            Some(Line { logit: f64::from(logits.content), content, words })
        })
        .collect()
}

/// Factor and offset that make the logit calibrated log-odds (Platt 1999): logistic regression
/// by Newton's method, every page the same weight.
fn platt(pages: &[Vec<Line>]) -> (f64, f64) {
    // From nothing, where the curvature is greatest, Newton's steps do not overshoot.
    let (mut factor, mut offset) = (0.0_f64, 0.0_f64);
    for _ in 0..20 {
        let (mut g, mut h) = ([0.0; 2], [1e-9, 0.0, 1e-9]);
        for page in pages {
            let weight = 1.0 / page.len() as f64;
            for line in page {
                let x = line.logit;
                let p = 1.0 / (1.0 + f64::exp(-(factor * x + offset)));
                let error = weight * (p - f64::from(line.content));
                let curvature = weight * p * (1.0 - p);
                g = [g[0] + error * x, g[1] + error];
                h = [h[0] + curvature * x * x, h[1] + curvature * x, h[2] + curvature];
            }
        }
        let determinant = h[0] * h[2] - h[1] * h[1];
        factor -= (h[2] * g[0] - h[1] * g[1]) / determinant;
        offset -= (h[0] * g[1] - h[1] * g[0]) / determinant;
    }
    // Too few pages to calibrate on: leave the logit as it is.
    if (0.05..20.0).contains(&factor) { (factor, offset) } else { (1.0, 0.0) }
}

/// Mean over sets of the mean over pages of F1 in words.
fn mean_f1(sets: &[Vec<&[Line]>], keeps: impl Fn(&Line) -> bool) -> f64 {
    let mean = |values: &mut dyn ExactSizeIterator<Item = f64>| {
        let count = values.len().max(1) as f64;
        values.sum::<f64>() / count
    };
    let page = |lines: &&[Line]| {
        let mut overlap = Overlap::default();
        for line in *lines {
            let (kept, content) = (f64::from(keeps(line)), f64::from(line.content));
            overlap.both += line.words * kept * content;
            overlap.predicted += line.words * kept;
            overlap.gold += line.words * content;
        }
        overlap.f1()
    };
    mean(&mut sets.iter().map(|pages| mean(&mut pages.iter().map(page))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(logit: f64, content: bool) -> Line {
        Line { logit, content, words: 1.0 }
    }

    #[test]
    fn an_overconfident_logit_is_toned_down() {
        // Logits of 4 that are right three times in four are worth ln 3.
        let page: Vec<Line> =
            (0..8).map(|i| line(if i < 4 { 4.0 } else { -4.0 }, i % 4 == 0 || i < 3)).collect();
        let right = page.iter().filter(|line| line.content == (line.logit > 0.0)).count();
        assert_eq!(right, 6);
        let (factor, offset) = platt(&[page]);
        assert!((factor * 4.0 - 3.0_f64.ln()).abs() < 1e-6, "{factor}");
        assert!(offset.abs() < 1e-6, "{offset}");
    }

    #[test]
    fn f1_is_a_mean_over_sets_of_means_over_pages() {
        let good: &[Line] = &[line(1.0, true), line(-1.0, false)];
        let bad: &[Line] = &[line(-1.0, true)];
        let keeps = |line: &Line| line.logit > 0.0;
        assert_eq!(mean_f1(&[vec![good], vec![good, bad]], keeps), 0.75);
    }
}
