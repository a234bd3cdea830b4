//! What a logit is worth, on pages of sites kept out of training.

use super::Weights;
use super::backward::Tape;
use super::data::Example;
use crate::model::Calibration;

/// A labelled line: its logit and whether it is content.
#[derive(Clone, Copy)]
struct Line {
    logit: f64,
    content: bool,
}

/// Fits the calibration on `pages`.
pub(super) fn fit(weights: &Weights, pages: &[&Example]) -> Calibration {
    let mut tape = Tape::default();
    let lines: Vec<Vec<Line>> = pages.iter().map(|page| lines(weights, page, &mut tape)).collect();
    let (factor, offset) = platt(&lines);
    Calibration { factor: factor as f32, offset: offset as f32 }
}

fn lines(weights: &Weights, page: &Example, tape: &mut Tape) -> Vec<Line> {
    tape.forward(weights, page.each_line(), None);
    let labelled = tape.logits().iter().zip(&page.labels);
    labelled
        .filter_map(|(logits, label)| {
            let content = label.as_ref()?.is_content();
            Some(Line { logit: f64::from(logits.content), content })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn line(logit: f64, content: bool) -> Line {
        Line { logit, content }
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
}
