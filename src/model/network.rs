//! The network: its shape, its parameters, and how it runs over a stream of lines.
//!
//! A line's dense features and the mean of its tokens' embeddings make [`HIDDEN`] units. A gated
//! recurrence forward in time (minGRU: Feng et al. 2024, arXiv 2410.01201) adds what came before.
//! Residual depth-wise separable convolutions over the lines, of growing dilation, add the
//! neighbours on both sides. A second recurrence, over what the convolutions make of the lines,
//! adds how far the article has got. A head gives a logit for content and one for each kind.
//!
//! Training keeps a whole document's activations and lives elsewhere; a test there holds the
//! two to the same bits.

use super::math::{HIDDEN, Units, add_product, sigmoid};
use crate::features::{DENSE, Dense};
use crate::label::Kind;

/// Width of a token's embedding.
pub const EMBEDDING: usize = 16;

/// Lines that a convolution sees at once.
pub const KERNEL: usize = 5;

/// Distance between the lines that each convolution sees.
pub const DILATIONS: [usize; 5] = [1, 2, 4, 8, 16];

/// How many recurrences there are: one before the convolutions, one after.
pub const RECURRENCES: usize = 2;

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
    use super::{DENSE, DILATIONS, EMBEDDING, HIDDEN, KERNEL, Kind, RECURRENCES};
    use std::ops::Range;

    const SQUARE: usize = HIDDEN * HIDDEN;
    /// Dense features to units, a row a feature.
    pub const DENSE_IN: Range<usize> = 0..DENSE * HIDDEN;
    /// Embedding to units, a row a dimension.
    pub const EMBEDDING_IN: Range<usize> = after(&DENSE_IN, EMBEDDING * HIDDEN);
    /// Bias of the units.
    pub const BIAS_IN: Range<usize> = after(&EMBEDDING_IN, HIDDEN);
    const FIRST_RECURRENCE: usize = BIAS_IN.end;
    const RECURRENCE_LEN: usize = 3 * SQUARE + HIDDEN;
    const FIRST_CONVOLUTION: usize = FIRST_RECURRENCE + RECURRENCES * RECURRENCE_LEN;
    const CONVOLUTION_LEN: usize = KERNEL * HIDDEN + SQUARE + HIDDEN;
    const HEAD: usize = FIRST_CONVOLUTION + DILATIONS.len() * CONVOLUTION_LEN;
    /// Units to the content logit.
    pub const CONTENT: Range<usize> = HEAD..HEAD + HIDDEN;
    /// Bias of the content logit.
    pub const CONTENT_BIAS: usize = CONTENT.end;
    /// Units to the kinds' logits, a row a unit.
    pub const KINDS: Range<usize> = CONTENT_BIAS + 1..CONTENT_BIAS + 1 + HIDDEN * Kind::COUNT;
    /// Bias of the kinds' logits.
    pub const KINDS_BIAS: Range<usize> = after(&KINDS, Kind::COUNT);
    /// How many parameters there are.
    pub const COUNT: usize = KINDS_BIAS.end;

    const fn after(range: &Range<usize>, len: usize) -> Range<usize> {
        range.end..range.end + len
    }

    /// Gate, bias of the gate, candidate state, and state to units of a recurrence.
    pub const fn recurrence(index: usize) -> [Range<usize>; 4] {
        let start = FIRST_RECURRENCE + index * RECURRENCE_LEN;
        let gate = start..start + SQUARE;
        let bias = after(&gate, HIDDEN);
        let candidate = after(&bias, SQUARE);
        let out = after(&candidate, SQUARE);
        [gate, bias, candidate, out]
    }

    /// The depth-wise taps (a row of units each), the matrix and the bias of a convolution.
    pub const fn convolution(layer: usize) -> [Range<usize>; 3] {
        let start = FIRST_CONVOLUTION + layer * CONVOLUTION_LEN;
        let taps = start..start + KERNEL * HIDDEN;
        let matrix = after(&taps, SQUARE);
        let bias = after(&matrix, HIDDEN);
        [taps, matrix, bias]
    }
}

/// The part of `parameters` at `range`, as units.
pub fn units<'p>(parameters: &'p [f32], range: &std::ops::Range<usize>) -> &'p Units {
    parameters[range.clone()].try_into().expect("the layout gives it this length")
}

/// What the network says of a line: logits, content first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logits {
    /// Logit of content.
    pub content: f32,
    /// Logits of the kinds.
    pub kinds: [f32; Kind::COUNT],
}

/// First layer, before the ReLU: dense features and mean embedding to units.
pub fn input_layer(p: &[f32], dense: &Dense, embedding: &[f32; EMBEDDING]) -> Units {
    let mut out = *units(p, &layout::BIAS_IN);
    let mut scaled = [0.0; DENSE];
    for (scaled, &value) in scaled.iter_mut().zip(dense) {
        *scaled = f32::from(value) * DENSE_SCALE;
    }
    add_product(&mut out, &p[layout::DENSE_IN], &scaled);
    add_product(&mut out, &p[layout::EMBEDDING_IN], embedding);
    out
}

/// One step of a recurrence: its gate and candidate for a line, the state moved on, and what it
/// makes of `state` added to the line.
pub fn recur(p: &[f32], index: usize, state: &mut Units, x: &mut Units) -> (Units, Units) {
    let [gate_weights, bias, candidate_weights, out] = layout::recurrence(index);
    let mut gate = *units(p, &bias);
    add_product(&mut gate, &p[gate_weights], x);
    for gate in &mut gate {
        *gate = sigmoid(*gate);
    }
    let mut candidate = [0.0; HIDDEN];
    add_product(&mut candidate, &p[candidate_weights], x);
    for ((state, gate), candidate) in state.iter_mut().zip(gate).zip(candidate) {
        *state += gate * (candidate - *state);
    }
    add_product(x, &p[out], state);
    (gate, candidate)
}

/// The head.
pub fn head(p: &[f32], x: &Units) -> Logits {
    let mut content = p[layout::CONTENT_BIAS];
    for (weight, x) in p[layout::CONTENT].iter().zip(x) {
        content += weight * x;
    }
    let mut kinds: [f32; Kind::COUNT] = p[layout::KINDS_BIAS].try_into().expect("as laid out");
    add_product(&mut kinds, &p[layout::KINDS], x);
    Logits { content, kinds }
}

/// A ReLU of all units.
pub fn relu(x: &mut Units) {
    for x in x {
        *x = x.max(0.0);
    }
}

/// The network's state in the middle of a document.
#[derive(Clone, Debug)]
pub struct Stream {
    states: [Units; RECURRENCES],
    layers: [Convolution; DILATIONS.len()],
    /// While draining: the layer being emptied.
    draining: usize,
}

/// A convolution's window over its input.
#[derive(Clone, Debug)]
struct Convolution {
    /// The last inputs, in a ring.
    window: Vec<Units>,
    /// Inputs so far, padding at the end included.
    inputs: usize,
    /// Padding so far.
    padding: usize,
    dilation: usize,
}

impl Convolution {
    fn new(dilation: usize) -> Convolution {
        let window = vec![[0.0; HIDDEN]; (KERNEL - 1) * dilation + 1];
        Convolution { window, inputs: 0, padding: 0, dilation }
    }

    fn reset(&mut self) {
        self.window.fill([0.0; HIDDEN]);
        self.inputs = 0;
        self.padding = 0;
    }

    fn lag(&self) -> usize {
        KERNEL / 2 * self.dilation
    }

    /// Takes the next input and gives the output for the line `lag` before it.
    fn push(&mut self, p: &[f32], layer: usize, input: &Units) -> Option<Units> {
        let size = self.window.len();
        let newest = self.inputs % size;
        self.window[newest] = *input;
        self.inputs += 1;
        if self.inputs <= self.lag() {
            return None;
        }
        let [taps, matrix, bias] = layout::convolution(layer);
        let (taps, _) = p[taps].as_chunks::<HIDDEN>();
        let mut mixed = [0.0; HIDDEN];
        // The oldest line of the window is the one after the newest in the ring.
        let mut at = newest + 1;
        for tap in taps {
            if at >= size {
                at -= size;
            }
            for ((mixed, weight), x) in mixed.iter_mut().zip(tap).zip(&self.window[at]) {
                *mixed += weight * x;
            }
            at += self.dilation;
        }
        let mut out = *units(p, &bias);
        add_product(&mut out, &p[matrix], &mixed);
        relu(&mut out);
        let centre = (newest + 1 + self.lag()) % size;
        for (out, x) in out.iter_mut().zip(&self.window[centre]) {
            *out += x;
        }
        Some(out)
    }

    /// Pads the end of the input by one line, if the output still lacks lines.
    fn pad(&mut self, p: &[f32], layer: usize) -> Option<Units> {
        let lines = self.inputs - self.padding;
        while self.padding < self.lag() {
            self.padding += 1;
            let output = self.push(p, layer, &[0.0; HIDDEN]);
            if output.is_some() && self.inputs - self.lag() <= lines {
                return output;
            }
        }
        None
    }
}

impl Default for Stream {
    fn default() -> Stream {
        Stream {
            states: [[0.0; HIDDEN]; RECURRENCES],
            layers: DILATIONS.map(Convolution::new),
            draining: 0,
        }
    }
}

impl Stream {
    /// Goes back to the start of a document.
    pub fn reset(&mut self) {
        self.states = [[0.0; HIDDEN]; RECURRENCES];
        self.reset_layers();
    }

    fn reset_layers(&mut self) {
        self.draining = 0;
        for layer in &mut self.layers {
            layer.reset();
        }
    }

    /// Takes a line's [`input_layer`] and gives the logits of the line [`LOOKAHEAD`] before it.
    pub fn push(&mut self, p: &[f32], input: &Units) -> Option<Logits> {
        let mut x = *input;
        relu(&mut x);
        recur(p, 0, &mut self.states[0], &mut x);
        self.convolve(p, 0, x)
    }

    fn convolve(&mut self, p: &[f32], first: usize, mut x: Units) -> Option<Logits> {
        for (index, layer) in self.layers.iter_mut().enumerate().skip(first) {
            x = layer.push(p, index, &x)?;
        }
        recur(p, 1, &mut self.states[1], &mut x);
        Some(head(p, &x))
    }

    /// The logits of the next line still owed, as if the document ended here. After the last
    /// one the convolutions start anew; the recurrences go on.
    pub fn drain(&mut self, p: &[f32]) -> Option<Logits> {
        while self.draining < self.layers.len() {
            let index = self.draining;
            let Some(x) = self.layers[index].pad(p, index) else {
                self.draining += 1;
                continue;
            };
            if let Some(logits) = self.convolve(p, index + 1, x) {
                return Some(logits);
            }
        }
        self.reset_layers();
        None
    }
}
