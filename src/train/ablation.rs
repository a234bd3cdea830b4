//! Leaves parts of the network out, to see what each is worth: their parameters are zero and stay
//! so, and the scorer runs such a model like any other.

use std::ops::Range;

use crate::model::math::HIDDEN;
use crate::model::network::{
    self, CORRECTED, DILATIONS, KERNEL, RECURRENCES, STATES, corrected, layout, unit_of,
};

/// A part of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// The embeddings of a line's tokens.
    Lexical,
    /// The recurrences, which carry what came before.
    State,
    /// What the convolutions see of the lines around a line. The features still tell blank lines
    /// beside it and what it repeats.
    Neighbours,
}

/// Where the parameters are that have to be zero for the network to go without `parts`, to see no
/// more than `lookahead` lines ahead, and to have no more than `width` units and states. The
/// widest convolutions lose their later taps first.
pub(super) fn parameters(parts: &[Part], lookahead: usize, width: usize) -> Vec<Range<usize>> {
    let mut absent = narrow(width);
    let later = |layer: usize| taps(layer, KERNEL / 2 + 1..KERNEL);
    let mut ahead = network::LOOKAHEAD;
    for layer in (0..DILATIONS.len()).rev() {
        if ahead > lookahead {
            absent.push(later(layer));
            ahead -= KERNEL / 2 * DILATIONS[layer];
        }
    }
    for part in parts {
        match part {
            Part::Lexical => absent.extend([layout::EMBEDDING_IN, layout::KINDS_EMBEDDING]),
            Part::State => absent.extend((0..RECURRENCES.len()).map(candidate)),
            Part::Neighbours => {
                for layer in 0..DILATIONS.len() {
                    absent.extend([taps(layer, 0..KERNEL / 2), later(layer)]);
                }
            }
        }
    }
    absent
}

/// Where the weights and biases are that lead to units from `width` on, or to states.
fn narrow(width: usize) -> Vec<Range<usize>> {
    if width >= HIDDEN {
        return Vec::new();
    }
    let into = [layout::DENSE_IN, layout::EMBEDDING_IN, layout::BIAS_IN];
    let rows = into.into_iter().flat_map(|range| range.step_by(HIDDEN));
    let units = rows.map(|row| row + width..row + HIDDEN);
    let corrections = (0..DILATIONS.len()).flat_map(|layer| {
        let [_, matrix, bias] = layout::convolution(layer);
        let first = width.saturating_sub(corrected(layer)).min(CORRECTED);
        let rows = matrix.step_by(CORRECTED).chain(bias.step_by(CORRECTED));
        rows.map(move |row| row + first..row + CORRECTED)
    });
    let states = (0..RECURRENCES.len()).flat_map(|index| {
        let first = (0..STATES).filter(|&state| unit_of(index, state) < width).count();
        candidate(index).step_by(STATES).map(move |row| row + first..row + STATES)
    });
    units.chain(corrections).chain(states).collect()
}

/// Where the candidate states of a recurrence are.
fn candidate(index: usize) -> Range<usize> {
    let [.., candidate] = layout::recurrence(index);
    candidate
}

/// Makes these parameters, or their gradients, zero.
pub(super) fn clear(absent: &[Range<usize>], values: &mut [f32]) {
    for range in absent {
        values[range.clone()].fill(0.0);
    }
}

/// Where some taps of a convolution are.
fn taps(layer: usize, taps: Range<usize>) -> Range<usize> {
    let [all, ..] = layout::convolution(layer);
    let width = all.len() / KERNEL;
    all.start + taps.start * width..all.start + taps.end * width
}

#[cfg(test)]
mod tests {
    use super::super::Weights;
    use super::super::backward::Tape;
    use super::super::data::Example;
    use super::*;
    use crate::features::DENSE;

    /// Whether it matters for a line what the line so many lines after it is.
    fn matters(parts: &[Part], lookahead: usize, distance: isize) -> bool {
        const HERE: usize = 70;
        let mut weights = Weights::random(2, HIDDEN, 5);
        clear(&parameters(parts, lookahead, HIDDEN), &mut weights.parameters);
        let logits = |changed: Option<usize>| {
            let row = |line| {
                let value = u8::from(changed == Some(line));
                ([40 + 60 * value; DENSE], vec![u32::from(value)], None)
            };
            let page = Example::from_rows((0..2 * HERE + 1).map(row).collect());
            let mut tape = Tape::default();
            tape.forward(&weights, page.each_line(), None);
            tape.logits()[HERE]
        };
        logits(None) != logits(Some(HERE.strict_add_signed(distance)))
    }

    #[test]
    fn the_network_sees_as_far_as_it_may() {
        for (lookahead, ahead) in [(usize::MAX, 26), (26, 26), (25, 8), (8, 8), (7, 2), (0, 0)] {
            assert!(matters(&[], lookahead, ahead), "{lookahead}");
            assert!(!matters(&[], lookahead, ahead + 1), "{lookahead}");
        }
        for (parts, back, ahead) in [
            (&[Part::State][..], 26, 26),
            (&[Part::State, Part::Neighbours], 0, 0),
            (&[Part::Neighbours], 70, 0),
        ] {
            assert!(matters(parts, usize::MAX, -back) && matters(parts, usize::MAX, ahead));
            assert!(!matters(parts, usize::MAX, ahead + 1), "{parts:?}");
            assert!(back == 70 || !matters(parts, usize::MAX, -back - 1), "{parts:?}");
        }
    }

    #[test]
    fn a_narrow_network_has_so_many_units_that_are_not_zero() {
        let mut weights = Weights::random(2, HIDDEN, 5);
        clear(&parameters(&[], usize::MAX, 12), &mut weights.parameters);
        let page = Example::from_rows(vec![([40; DENSE], vec![1], None); 9]);
        let mut tape = Tape::default();
        tape.forward(&weights, page.each_line(), None);
        for units in tape.top() {
            assert!(units[..12].iter().any(|&unit| unit != 0.0));
            assert_eq!(units[12..], [0.0; HIDDEN - 12]);
        }
    }

    #[test]
    fn without_the_lexical_part_tokens_do_not_matter() {
        let mut weights = Weights::random(2, HIDDEN, 5);
        let logits = |weights: &Weights, token| {
            let page = Example::from_rows(vec![([40; DENSE], vec![token], None)]);
            let mut tape = Tape::default();
            tape.forward(weights, page.each_line(), None);
            tape.logits()[0]
        };
        assert_ne!(logits(&weights, 0), logits(&weights, 1));
        clear(&parameters(&[Part::Lexical], usize::MAX, HIDDEN), &mut weights.parameters);
        assert_eq!(logits(&weights, 0), logits(&weights, 1));
    }
}
