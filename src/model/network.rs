//! The network: its shape, its parameters, and its layers in floating point.
//!
//! A line's dense features and the mean of its tokens' embeddings make [`HIDDEN`] units. Residual
//! depth-wise separable convolutions over the lines, of growing dilation, add the neighbours on
//! both sides, in turn to one half of the units and to the other. Gated recurrences forward in time
//! (minGRU: Feng et al. 2024, arXiv 2410.01201) add what came before, each to units of its own: one
//! before the last convolution, which so sees what the lines ahead led to, and one behind it. A head
//! gives a logit for content and one for each kind, to which the line's dense features and embeddings
//! of its tokens for the kinds add, and what kinds the lines before it were.
//!
//! Training runs the layers here over whole documents; a filter runs
//! [`integer`](super::integer), which has the same weights rounded.

use super::math::{HIDDEN, Units, add_product, exp, sigmoid};
use crate::features::{DENSE, Dense};
use crate::label::{Kind, Label};

/// Width of a token's embedding.
pub const EMBEDDING: usize = 16;

/// Width of a token's embedding for the kinds.
pub const KIND_EMBEDDING: usize = 8;

/// How much of the running mean of the kinds so far stays with the next line.
const KINDS_STAY: f32 = 0.6;

/// Lines that a convolution sees at once.
pub const KERNEL: usize = 5;

/// Units that a convolution adds to, of all that it sees.
pub const CORRECTED: usize = 16;
const _: () = assert!(2 * CORRECTED == HIDDEN);

/// The first of them: the convolutions take turns at the two halves.
pub const fn corrected(layer: usize) -> usize {
    (layer + 1) % 2 * CORRECTED
}

/// Distance between the lines that each convolution sees.
pub const DILATIONS: [usize; 3] = [1, 3, 9];

/// How many convolutions come before each recurrence.
pub const RECURRENCES: [usize; 2] = [2, 3];

/// States of a recurrence. Each is added to a unit of its own.
pub const STATES: usize = 8;

/// The units that states are added to: these first ones, which take turns at the recurrences.
pub const UNITS_OF_STATES: usize = RECURRENCES.len() * STATES;
const _: () = assert!(UNITS_OF_STATES <= HIDDEN);

/// The unit that a state of a recurrence is added to.
pub const fn unit_of(recurrence: usize, state: usize) -> usize {
    RECURRENCES.len() * state + recurrence
}

/// Which recurrence comes behind a convolution, if one does.
#[inline(always)]
pub fn recurrence_behind(layer: usize) -> Option<usize> {
    RECURRENCES.iter().position(|&convolutions| convolutions == layer + 1)
}

/// Dense features are multiplied with this.
pub const DENSE_SCALE: f32 = 1.0 / 64.0;

/// How many non-blank lines after a line its verdict can depend on.
pub const LOOKAHEAD: usize = {
    let (mut lines, mut layer) = (0, 0);
    while layer < DILATIONS.len() {
        lines += KERNEL / 2 * DILATIONS[layer];
        layer += 1;
    }
    lines
};

/// Where each parameter stands in the flat array of all of them.
pub mod layout {
    use super::{
        CORRECTED, DENSE, DILATIONS, EMBEDDING, HIDDEN, KERNEL, KIND_EMBEDDING, Kind, RECURRENCES,
        STATES,
    };
    use std::ops::Range;

    /// Dense features to units, a row a feature.
    pub const DENSE_IN: Range<usize> = 0..DENSE * HIDDEN;
    /// Embedding to units, a row a dimension.
    pub const EMBEDDING_IN: Range<usize> = after(&DENSE_IN, EMBEDDING * HIDDEN);
    /// Bias of the units.
    pub const BIAS_IN: Range<usize> = after(&EMBEDDING_IN, HIDDEN);
    const FIRST_CONVOLUTION: usize = BIAS_IN.end;
    const CONVOLUTION_LEN: usize = KERNEL * HIDDEN + (HIDDEN + 1) * CORRECTED;
    const FIRST_RECURRENCE: usize = FIRST_CONVOLUTION + DILATIONS.len() * CONVOLUTION_LEN;
    const RECURRENCE_LEN: usize = (2 * HIDDEN + 1) * STATES;
    /// Units to the content logit.
    pub const CONTENT: Range<usize> = {
        let start = FIRST_RECURRENCE + RECURRENCES.len() * RECURRENCE_LEN;
        start..start + HIDDEN
    };
    /// Bias of the content logit.
    pub const CONTENT_BIAS: usize = CONTENT.end;
    /// Units to the kinds' logits, a row a unit.
    pub const KINDS: Range<usize> = CONTENT_BIAS + 1..CONTENT_BIAS + 1 + HIDDEN * Kind::COUNT;
    /// Bias of the kinds' logits.
    pub const KINDS_BIAS: Range<usize> = after(&KINDS, Kind::COUNT);
    /// Dense features to the kinds' logits, a row a feature.
    pub const KINDS_DENSE: Range<usize> = after(&KINDS_BIAS, DENSE * Kind::COUNT);
    /// Embedding for the kinds to their logits, a row a dimension.
    pub const KINDS_EMBEDDING: Range<usize> = after(&KINDS_DENSE, KIND_EMBEDDING * Kind::COUNT);
    /// Kinds so far to the kinds' logits, a row a kind.
    pub const KINDS_SO_FAR: Range<usize> = after(&KINDS_EMBEDDING, Kind::COUNT * Kind::COUNT);
    /// All that the kinds alone have.
    pub const OF_KINDS: Range<usize> = KINDS.start..KINDS_SO_FAR.end;
    /// How many parameters there are.
    pub const COUNT: usize = KINDS_SO_FAR.end;

    const fn after(range: &Range<usize>, len: usize) -> Range<usize> {
        range.end..range.end + len
    }

    /// The depth-wise taps (a row of units each), the matrix and the bias of a convolution.
    pub const fn convolution(layer: usize) -> [Range<usize>; 3] {
        let start = FIRST_CONVOLUTION + layer * CONVOLUTION_LEN;
        let taps = start..start + KERNEL * HIDDEN;
        let matrix = after(&taps, HIDDEN * CORRECTED);
        let bias = after(&matrix, CORRECTED);
        [taps, matrix, bias]
    }

    /// The gate of a recurrence, its bias and the candidate state, a row of states each.
    pub const fn recurrence(index: usize) -> [Range<usize>; 3] {
        let start = FIRST_RECURRENCE + index * RECURRENCE_LEN;
        let gate = start..start + HIDDEN * STATES;
        let bias = after(&gate, STATES);
        let candidate = after(&bias, HIDDEN * STATES);
        [gate, bias, candidate]
    }
}

/// What the network says of a line: logits, content first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logits {
    /// Logit of content.
    pub content: f32,
    /// Logits of the kinds.
    pub kinds: [f32; Kind::COUNT],
}

#[cfg(feature = "train")]
impl Logits {
    /// How likely each kind of a side is, if the line is on that side.
    pub(crate) fn kinds_of(&self, side: Label) -> [f32; Kind::COUNT] {
        let mut kinds = [0.0; Kind::COUNT];
        let logits = &self.kinds[Kind::of(side)];
        let most = logits.iter().copied().fold(f32::MIN, f32::max);
        let mut sum = 0.0;
        for (kind, logit) in kinds[Kind::of(side)].iter_mut().zip(logits) {
            *kind = exp(logit - most);
            sum += *kind;
        }
        kinds.map(|kind| kind / sum)
    }
}

/// Which kinds the lines of a document so far were: a running mean of how likely each was. Kinds come
/// in runs: what follows a comment likely is one.
#[derive(Clone, Debug, Default)]
pub struct KindsSoFar([f32; Kind::COUNT]);

impl KindsSoFar {
    /// The share of each kind.
    pub fn shares(&self) -> &[f32; Kind::COUNT] {
        &self.0
    }

    /// Adds to the logits of the next line what these lines tell of its kind, and takes it. `weights`
    /// are [so laid out](layout::KINDS_SO_FAR).
    #[inline(always)]
    pub fn tell(&mut self, weights: &[f32], logits: &mut Logits) {
        let before = self.0;
        self.take(logits);
        add_product(&mut logits.kinds, weights, &before);
    }

    /// Takes the next line, by its logits without what the lines before it add.
    #[inline(always)]
    fn take(&mut self, logits: &Logits) {
        // Not by `kinds_of`, which takes the largest logit away first: no logit is so large that it
        // has to, and a filter does this for each line.
        let mut likely = logits.kinds;
        likely.iter_mut().for_each(|kind| *kind = exp(*kind));
        let content = sigmoid(logits.content);
        for (side, share) in [(Label::Content, content), (Label::Chrome, 1.0 - content)] {
            let kinds = &mut likely[Kind::of(side)];
            let share = share / kinds.iter().sum::<f32>();
            kinds.iter_mut().for_each(|kind| *kind *= share);
        }
        for (so_far, likely) in self.0.iter_mut().zip(likely) {
            *so_far += (1.0 - KINDS_STAY) * (likely - *so_far);
        }
    }
}

/// First layer, before the ReLU: dense features and mean embedding to units.
pub fn input_layer(p: &[f32], dense: &Dense, embedding: &[f32; EMBEDDING]) -> Units {
    let mut out: Units = p[layout::BIAS_IN].try_into().expect("as laid out");
    add_product(&mut out, &p[layout::DENSE_IN], &scaled(dense));
    add_product(&mut out, &p[layout::EMBEDDING_IN], embedding);
    out
}

/// Dense features as the network takes them.
pub fn scaled(dense: &Dense) -> [f32; DENSE] {
    dense.map(|value| f32::from(value) * DENSE_SCALE)
}

/// The states of a recurrence.
pub type State = [f32; STATES];

/// What a convolution adds to its units.
pub type Corrections = [f32; CORRECTED];

/// One step of a recurrence: its gate and candidate for a line, the state moved on and added to the
/// line.
pub fn recur(p: &[f32], index: usize, state: &mut State, x: &mut Units) -> (State, State) {
    let [gate_matrix, bias, candidate_matrix] = layout::recurrence(index);
    let mut gate: State = p[bias].try_into().expect("as laid out");
    add_product(&mut gate, &p[gate_matrix], x);
    for gate in &mut gate {
        *gate = sigmoid(*gate);
    }
    let mut candidate = [0.0; STATES];
    add_product(&mut candidate, &p[candidate_matrix], x);
    for (at, (state, (gate, candidate))) in
        state.iter_mut().zip(gate.iter().zip(candidate)).enumerate()
    {
        *state += gate * (candidate - *state);
        x[unit_of(index, at)] += *state;
    }
    (gate, candidate)
}

/// The head, without what a line's own features say of its kind.
pub fn head(p: &[f32], x: &Units) -> Logits {
    let mut content = p[layout::CONTENT_BIAS];
    for (weight, x) in p[layout::CONTENT].iter().zip(x) {
        content += weight * x;
    }
    let mut kinds: [f32; Kind::COUNT] = p[layout::KINDS_BIAS].try_into().expect("as laid out");
    add_product(&mut kinds, &p[layout::KINDS], x);
    Logits { content, kinds }
}

/// What a line's own dense features and mean embedding for the kinds add to their logits.
pub fn kinds_of_line(
    p: &[f32],
    dense: &Dense,
    embedding: &[f32; KIND_EMBEDDING],
) -> [f32; Kind::COUNT] {
    let mut kinds = [0.0; Kind::COUNT];
    add_product(&mut kinds, &p[layout::KINDS_DENSE], &scaled(dense));
    add_product(&mut kinds, &p[layout::KINDS_EMBEDDING], embedding);
    kinds
}

/// A ReLU.
pub fn relu(x: &mut [f32]) {
    for x in x {
        *x = x.max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_so_far_follow_the_lines() {
        let mut so_far = KindsSoFar::default();
        for (content, kind) in [(6.0, Kind::Prose), (-6.0, Kind::Comment), (-6.0, Kind::Comment)] {
            let mut kinds = [0.0; Kind::COUNT];
            kinds[kind as usize] = 9.0;
            so_far.tell(&[0.0; Kind::COUNT * Kind::COUNT], &mut Logits { content, kinds });
        }
        let share = |kind: Kind| so_far.shares()[kind as usize];
        // .4 of each, of which .6 stay with each line.
        assert!((share(Kind::Comment) - (0.4 + 0.24)).abs() < 0.01, "{so_far:?}");
        assert!((share(Kind::Prose) - 0.144).abs() < 0.01, "{so_far:?}");
    }
}
