//! The network over a whole document, with its activations kept, and its gradient.
//!
//! Forward it computes what [`Stream`](crate::model::integer::Stream) does but for its rounding.
//! Backward is written by hand; a test checks every group of parameters against finite
//! differences.

use super::data::{Example, Target};
use super::random::Random;
use super::{Settings, Weights};
use crate::features::{Dense, take_blanks_away, take_case_away, tell};
use crate::model::math::{HIDDEN, Units, add_product, sigmoid};
use crate::model::network::{
    self, Corrections, DILATIONS, EMBEDDING, KERNEL, Logits, RECURRENCES, STATES, State, corrected,
    layout, recurrence_behind, relu, unit_of,
};

/// The gradient of parameters, and of embeddings of so many dimensions.
#[derive(Clone, Debug)]
pub struct Gradient<const N: usize> {
    /// Of the parameters.
    pub parameters: Vec<f32>,
    /// Of the embeddings; only rows in `touched` are not zero.
    pub embeddings: Vec<[f32; N]>,
    /// The rows that have a gradient, each once.
    pub touched: Vec<u32>,
    is_touched: Vec<bool>,
}

impl<const N: usize> Gradient<N> {
    /// A gradient of zero.
    pub fn new(parameters: usize, tokens: usize) -> Gradient<N> {
        Gradient {
            parameters: vec![0.0; parameters],
            embeddings: vec![[0.0; N]; tokens],
            touched: Vec::new(),
            is_touched: vec![false; tokens],
        }
    }

    /// Back to zero.
    pub fn clear(&mut self) {
        self.parameters.fill(0.0);
        for row in self.touched.drain(..) {
            self.embeddings[row as usize] = [0.0; N];
            self.is_touched[row as usize] = false;
        }
    }

    /// Adds `other` and clears it.
    pub fn absorb(&mut self, other: &mut Gradient<N>) {
        for (sum, gradient) in self.parameters.iter_mut().zip(&other.parameters) {
            *sum += gradient;
        }
        for &row in &other.touched {
            self.add_row(row, &other.embeddings[row as usize]);
        }
        other.clear();
    }

    /// Adds to the embedding of a token.
    pub(super) fn add_row(&mut self, row: u32, gradient: &[f32; N]) {
        let index = row as usize;
        if !self.is_touched[index] {
            self.is_touched[index] = true;
            self.touched.push(row);
        }
        for (sum, gradient) in self.embeddings[index].iter_mut().zip(gradient) {
            *sum += gradient;
        }
    }
}

/// The activations of one document.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    /// What the lines should be, where that is known.
    targets: Vec<Option<Target>>,
    /// The tokens that were not dropped, line after line.
    tokens: Vec<u32>,
    token_ends: Vec<usize>,
    roots: Vec<f32>,
    dense: Vec<Dense>,
    embedding: Vec<[f32; EMBEDDING]>,
    /// What the first layer's units were multiplied with after the ReLU; 0 where it cut.
    mask: Vec<Units>,
    /// Input of each convolution, and what the head sees.
    inputs: [Vec<Units>; DILATIONS.len() + 1],
    mixed: [Vec<Units>; DILATIONS.len()],
    /// Whether the ReLU of a convolution let what it adds to a unit pass, as 0 or 1.
    passed: [Vec<Corrections>; DILATIONS.len()],
    recurrences: [Recurrence; RECURRENCES.len()],
    logits: Vec<Logits>,
    /// Gradient with respect to the layer at hand and the one before it.
    delta: Vec<Units>,
    previous: Vec<Units>,
}

/// The activations of a recurrence.
#[derive(Clone, Debug, Default)]
struct Recurrence {
    input: Vec<Units>,
    gate: Vec<State>,
    candidate: Vec<State>,
    state: Vec<State>,
}

impl Recurrence {
    fn clear(&mut self) {
        self.input.clear();
        self.gate.clear();
        self.candidate.clear();
        self.state.clear();
    }

    /// The next line: adds to `x` what the recurrence `index` makes of the lines so far.
    fn forward(&mut self, p: &[f32], index: usize, x: &mut Units) {
        self.input.push(*x);
        let mut state = self.state.last().copied().unwrap_or([0.0; STATES]);
        let (gate, candidate) = network::recur(p, index, &mut state, x);
        self.gate.push(gate);
        self.candidate.push(candidate);
        self.state.push(state);
    }

    /// Takes `delta` from the output of the recurrence `index` to its input, line by line.
    fn backward(&self, p: &[f32], index: usize, delta: &mut [Units], g: &mut [f32]) {
        let [gate_matrix, bias, candidate_matrix] = layout::recurrence(index);
        let mut carried = [0.0; STATES];
        for (line, delta) in delta.iter_mut().enumerate().rev() {
            let x = &self.input[line];
            let before = if line > 0 { self.state[line - 1] } else { [0.0; STATES] };
            let (mut gate_delta, mut candidate_delta) = ([0.0; STATES], [0.0; STATES]);
            for state in 0..STATES {
                carried[state] += delta[unit_of(index, state)];
                let gate = self.gate[line][state];
                let change = self.candidate[line][state] - before[state];
                gate_delta[state] = carried[state] * change * gate * (1.0 - gate);
                candidate_delta[state] = carried[state] * gate;
                carried[state] *= 1.0 - gate;
            }
            add_outer(&mut g[gate_matrix.clone()], x, &gate_delta);
            add(&mut g[bias.clone()], &gate_delta);
            add_outer(&mut g[candidate_matrix.clone()], x, &candidate_delta);
            add_transposed(delta, &p[gate_matrix.clone()], &gate_delta);
            add_transposed(delta, &p[candidate_matrix.clone()], &candidate_delta);
        }
    }
}

/// `matrix` by columns: `out[i]` is row i times `delta`.
#[inline]
pub(super) fn add_transposed<const N: usize>(out: &mut [f32], matrix: &[f32], delta: &[f32; N]) {
    let (rows, _) = matrix.as_chunks::<N>();
    for (out, row) in out.iter_mut().zip(rows) {
        let mut lanes = [0.0; 8];
        let (row, row_rest) = row.as_chunks::<8>();
        let (delta, delta_rest) = delta.as_chunks::<8>();
        for (weight, delta) in row.iter().zip(delta) {
            for lane in 0..8 {
                lanes[lane] += weight[lane] * delta[lane];
            }
        }
        let rest: f32 = row_rest.iter().zip(delta_rest).map(|(w, d)| w * d).sum();
        *out += lanes.iter().sum::<f32>() + rest;
    }
}

/// `matrix += input ⊗ delta`.
#[inline]
pub(super) fn add_outer<const N: usize>(matrix: &mut [f32], input: &[f32], delta: &[f32; N]) {
    let (rows, _) = matrix.as_chunks_mut::<N>();
    for (row, &x) in rows.iter_mut().zip(input) {
        if x != 0.0 {
            for (sum, delta) in row.iter_mut().zip(delta) {
                *sum += x * delta;
            }
        }
    }
}

/// `sum += delta`.
#[inline]
pub(super) fn add(sum: &mut [f32], delta: &[f32]) {
    for (sum, delta) in sum.iter_mut().zip(delta) {
        *sum += delta;
    }
}

/// The lines that tap `tap` of a convolution reaches from line `line`, if it is one.
#[inline]
fn reached(line: usize, tap: usize, dilation: usize, lines: usize) -> Option<usize> {
    (line + tap * dilation).checked_sub(KERNEL / 2 * dilation).filter(|&at| at < lines)
}

impl Tape {
    /// The logits of the lines of the last [`forward`](Tape::forward).
    pub fn logits(&self) -> &[Logits] {
        &self.logits
    }

    /// The units that the heads saw of these lines.
    pub(super) fn top(&self) -> &[Units] {
        &self.inputs[DILATIONS.len()]
    }

    /// Runs over `lines`, page and number and what they should be, as a document; with `dropout` as in training.
    pub fn forward<'e>(
        &mut self,
        weights: &Weights,
        lines: impl IntoIterator<Item = (&'e Example, usize, Option<Target>)>,
        mut dropout: Option<(&Settings, &mut Random)>,
    ) {
        let p = &weights.parameters;
        self.clear();
        let mut mute = dropout.as_mut().is_some_and(|(s, r)| r.unit() < s.page_lexical_dropout);
        let caseless = dropout.as_mut().is_some_and(|(s, r)| r.unit() < s.case_dropout);
        if caseless {
            mute |= dropout.as_mut().is_some_and(|(_, r)| r.unit() < CASELESS_LEXICAL_DROPOUT);
        }
        let blankless = dropout.as_mut().is_some_and(|(s, r)| r.unit() < s.blank_dropout);
        let told = dropout.as_mut().is_some_and(|(s, r)| r.unit() < s.told_pages);
        for (page, line, target) in lines {
            let mut dense = page.dense[line];
            if caseless {
                take_case_away(&mut dense);
            }
            if blankless {
                take_blanks_away(&mut dense);
            }
            if dropout.as_mut().is_some_and(|(s, r)| told && r.unit() < s.told_lines)
                && let Some(kind) = page.labels[line]
            {
                tell(&mut dense, kind.label());
            }
            self.targets.push(target);
            self.roots.push(page.line_weight(line));
            let whole = mute || dropout.as_mut().is_some_and(|(s, r)| r.unit() < s.lexical_dropout);
            let start = self.tokens.len();
            let mut sum = [0.0; EMBEDDING];
            for &token in if whole { &[] } else { page.tokens(line) } {
                if dropout.as_mut().is_some_and(|(s, r)| r.unit() < s.token_dropout) {
                    continue;
                }
                self.tokens.push(token);
                add(&mut sum, &weights.embeddings[token as usize]);
            }
            self.token_ends.push(self.tokens.len());
            let scale = embedding_scale(self.tokens.len() - start);
            let embedding = sum.map(|sum| sum * scale);
            let mut x = network::input_layer(p, &dense, &embedding);
            let mut mask = [0.0; HIDDEN];
            for (x, mask) in x.iter_mut().zip(&mut mask) {
                let mut keep = 1.0;
                if let Some((s, r)) = dropout.as_mut() {
                    keep =
                        if r.unit() < s.unit_dropout { 0.0 } else { 1.0 / (1.0 - s.unit_dropout) };
                }
                *mask = if *x > 0.0 { keep } else { 0.0 };
                *x = x.max(0.0) * keep;
            }
            self.dense.push(dense);
            self.embedding.push(embedding);
            self.mask.push(mask);
            self.inputs[0].push(x);
        }
        for layer in 0..DILATIONS.len() {
            self.convolve(p, layer);
            if let Some(index) = recurrence_behind(layer) {
                for x in &mut self.inputs[layer + 1] {
                    self.recurrences[index].forward(p, index, x);
                }
            }
        }
        self.logits.extend(self.inputs[DILATIONS.len()].iter().map(|x| network::head(p, x)));
    }

    fn clear(&mut self) {
        self.targets.clear();
        self.roots.clear();
        self.tokens.clear();
        self.token_ends.clear();
        self.dense.clear();
        self.embedding.clear();
        self.logits.clear();
        self.recurrences.iter_mut().for_each(Recurrence::clear);
        self.mask.clear();
        self.inputs.iter_mut().chain(&mut self.mixed).for_each(Vec::clear);
        self.passed.iter_mut().for_each(Vec::clear);
    }

    fn convolve(&mut self, p: &[f32], layer: usize) {
        let [taps, matrix, bias] = layout::convolution(layer);
        let (taps, _) = p[taps].as_chunks::<HIDDEN>();
        let (inputs, outputs) = self.inputs.split_at_mut(layer + 1);
        let (input, output) = (&inputs[layer], &mut outputs[0]);
        for line in 0..input.len() {
            let mut mixed = [0.0; HIDDEN];
            for (tap, weights) in taps.iter().enumerate() {
                if let Some(at) = reached(line, tap, DILATIONS[layer], input.len()) {
                    for ((mixed, weight), x) in mixed.iter_mut().zip(weights).zip(&input[at]) {
                        *mixed += weight * x;
                    }
                }
            }
            let mut corrections: Corrections = p[bias.clone()].try_into().expect("as laid out");
            add_product(&mut corrections, &p[matrix.clone()], &mixed);
            self.passed[layer].push(corrections.map(|x| f32::from(x > 0.0)));
            relu(&mut corrections);
            let mut out = input[line];
            add(&mut out[corrected(layer)..], &corrections);
            self.mixed[layer].push(mixed);
            output.push(out);
        }
    }

    /// Adds the gradient of `scale` times the loss of the lines that
    /// [`forward`](Tape::forward) just ran over, and returns that loss.
    pub fn backward(
        &mut self,
        weights: &Weights,
        scale: f32,
        settings: &Settings,
        gradient: &mut Gradient<EMBEDDING>,
    ) -> f64 {
        let p = &weights.parameters;
        let lines = self.targets.len();
        let loss = self.backward_head(p, scale, settings, gradient);
        for layer in (0..DILATIONS.len()).rev() {
            if let Some(index) = recurrence_behind(layer) {
                let recurrence = &self.recurrences[index];
                recurrence.backward(p, index, &mut self.delta, &mut gradient.parameters);
            }
            backward_convolution(
                p,
                layer,
                (&self.inputs[layer], &self.mixed[layer], &self.passed[layer]),
                (&mut self.delta, &mut self.previous),
                &mut gradient.parameters,
            );
        }
        let g = &mut gradient.parameters;
        for (delta, mask) in self.delta.iter_mut().zip(&self.mask) {
            for (delta, mask) in delta.iter_mut().zip(mask) {
                *delta *= mask;
            }
        }
        for line in 0..lines {
            let delta = &self.delta[line];
            let dense = network::scaled(&self.dense[line]);
            add_outer(&mut g[layout::DENSE_IN], &dense, delta);
            add_outer(&mut g[layout::EMBEDDING_IN], &self.embedding[line], delta);
            add(&mut g[layout::BIAS_IN], delta);
        }
        let mut start = 0;
        for line in 0..lines {
            let end = self.token_ends[line];
            if end > start {
                let mut row = [0.0; EMBEDDING];
                add_transposed(&mut row, &p[layout::EMBEDDING_IN], &self.delta[line]);
                let row = row.map(|delta| delta * embedding_scale(end - start));
                for &token in &self.tokens[start..end] {
                    gradient.add_row(token, &row);
                }
            }
            start = end;
        }
        loss
    }

    /// Loss and gradient at the head; leaves the gradient of its input in `delta`.
    fn backward_head(
        &mut self,
        p: &[f32],
        scale: f32,
        settings: &Settings,
        gradient: &mut Gradient<EMBEDDING>,
    ) -> f64 {
        let g = &mut gradient.parameters;
        let mut loss = 0.0;
        // Lines without a label count here: a page that is half unknown teaches half as much.
        let total: f32 = self.roots.iter().sum();
        let overlap = SoftOverlap::of(&self.targets, &self.logits, settings.opinion_share);
        let f1_weight = scale * settings.f1_weight;
        loss += f64::from(f1_weight * (1.0 - overlap.f1()));
        self.delta.clear();
        self.delta.resize(self.targets.len(), [0.0; HIDDEN]);
        for (line, target) in self.targets.iter().enumerate() {
            let Some(target) = target else { continue };
            let weight = scale * target.root * target.stress / total;
            let (logits, x) = (&self.logits[line], &self.inputs[DILATIONS.len()][line]);
            let doubt = settings.label_smoothing / 2.0;
            let wanted = target.content(settings.opinion_share);
            let goal = doubt + (1.0 - 2.0 * doubt) * wanted;
            let probability = sigmoid(logits.content);
            let log = |share: f32| f64::from(share.max(1e-7)).ln();
            let cross_entropy =
                f64::from(goal) * log(probability) + f64::from(1.0 - goal) * log(1.0 - probability);
            loss -= f64::from(weight) * cross_entropy;
            let slope = probability * (1.0 - probability);
            let f1_delta = slope * overlap.slope(target.words(), wanted);
            let delta = weight * (probability - goal) - f1_weight * f1_delta;
            g[layout::CONTENT_BIAS] += delta;
            for (g, x) in g[layout::CONTENT].iter_mut().zip(x) {
                *g += delta * x;
            }
            for (out, w) in self.delta[line].iter_mut().zip(&p[layout::CONTENT]) {
                *out += delta * w;
            }
            let kind_goal = target.kinds(settings.opinion_share);
            let share: f32 = kind_goal.iter().sum();
            if share == 0.0 {
                continue;
            }
            let weight = weight * settings.kind_weight;
            let mut kinds = logits.kinds_of(target.kind.label());
            for (value, goal) in kinds.iter_mut().zip(kind_goal) {
                let probability = *value;
                loss -= f64::from(weight * goal) * log(probability);
                *value = weight * (share * probability - goal);
            }
            add(&mut g[layout::KINDS_BIAS], &kinds);
            add_outer(&mut g[layout::KINDS], x, &kinds);
            add_transposed(&mut self.delta[line], &p[layout::KINDS], &kinds);
        }
        loss
    }
}

/// Takes `delta` from a convolution's output to its input; `previous` is scratch. The activations
/// are its input, what the taps made of it, and which units the ReLU let pass.
fn backward_convolution(
    p: &[f32],
    layer: usize,
    (input, mixed, passed): (&[Units], &[Units], &[Corrections]),
    (delta, previous): (&mut Vec<Units>, &mut Vec<Units>),
    g: &mut [f32],
) {
    let [taps, matrix, bias] = layout::convolution(layer);
    previous.clear();
    previous.extend_from_slice(delta);
    for line in 0..input.len() {
        let mut through = passed[line];
        for (passed, delta) in through.iter_mut().zip(&delta[line][corrected(layer)..]) {
            *passed *= delta;
        }
        let delta = through;
        add(&mut g[bias.clone()], &delta);
        add_outer(&mut g[matrix.clone()], &mixed[line], &delta);
        let mut mixed = [0.0; HIDDEN];
        add_transposed(&mut mixed, &p[matrix.clone()], &delta);
        let (tap_weights, _) = p[taps.clone()].as_chunks::<HIDDEN>();
        let (tap_gradients, _) = g[taps.clone()].as_chunks_mut::<HIDDEN>();
        for tap in 0..KERNEL {
            let Some(at) = reached(line, tap, DILATIONS[layer], input.len()) else { continue };
            for unit in 0..HIDDEN {
                tap_gradients[tap][unit] += mixed[unit] * input[at][unit];
                previous[at][unit] += mixed[unit] * tap_weights[tap][unit];
            }
        }
    }
    std::mem::swap(delta, previous);
}

/// A page's word F1 with probabilities for verdicts, as a Dice loss has it (Milletari et al. 2016,
/// arXiv 1606.04797): what a line is worth depends on the rest of its page.
struct SoftOverlap {
    both: f32,
    either: f32,
}

/// Share of the pages whose case is taken away, and whose tokens are left out then: most scripts
/// without case are of languages of which few words are known.
const CASELESS_LEXICAL_DROPOUT: f32 = 0.5;

/// Words added to both sides, so that a page without content has an F1 too.
const SMOOTHING_WORDS: f32 = 10.0;

impl SoftOverlap {
    fn of(targets: &[Option<Target>], logits: &[Logits], share: f32) -> SoftOverlap {
        let mut overlap = SoftOverlap { both: 0.0, either: 0.0 };
        for (target, logits) in targets.iter().zip(logits) {
            let Some(target) = target else { continue };
            let kept = target.words() * sigmoid(logits.content);
            let wanted = target.content(share);
            overlap.both += kept * wanted;
            overlap.either += kept + target.words() * wanted;
        }
        overlap
    }

    fn f1(&self) -> f32 {
        (2.0 * self.both + SMOOTHING_WORDS) / (self.either + SMOOTHING_WORDS)
    }

    /// How F1 grows with the probability of a line of so many words.
    fn slope(&self, words: f32, wanted: f32) -> f32 {
        words * (2.0 * wanted - self.f1()) / (self.either + SMOOTHING_WORDS)
    }
}

pub(super) fn embedding_scale(tokens: usize) -> f32 {
    1.0 / (tokens.max(1) as f32).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::DENSE;
    use crate::label::Kind;
    use crate::model::integer::{self, Input, KindInput, Stream};
    use crate::model::network::{KIND_EMBEDDING, KindsSoFar, LOOKAHEAD};
    use crate::simd::Level;

    const TOKENS: usize = 12;

    /// A page of random features with every kind of label.
    fn page(lines: usize) -> Example {
        let mut random = Random::new(7);
        let mut rows = Vec::new();
        for line in 0..lines {
            let dense: [u8; DENSE] = std::array::from_fn(|_| random.below(16) as u8);
            let tokens: Vec<u32> =
                (0..random.below(5)).map(|_| random.below(TOKENS) as u32).collect();
            let label = (line % 7 != 3).then(|| Kind::ALL[random.below(Kind::COUNT)]);
            rows.push((dense, tokens, label));
        }
        Example::from_rows(rows)
    }

    #[test]
    fn the_integer_stream_agrees_but_for_rounding_and_in_batches_of_any_size_to_the_bit() {
        let mut weights = Weights::random(TOKENS, HIDDEN, 3);
        let mut random = Random::new(4);
        for range in [layout::KINDS_DENSE, layout::KINDS_EMBEDDING, layout::KINDS_SO_FAR] {
            weights.parameters[range].fill_with(|| 0.1 * random.normal());
        }
        let rounded = integer::Network::new(&weights.parameters);
        for lines in [1, 2, 30, 63, 200] {
            let page = page(lines);
            let mut tape = Tape::default();
            tape.forward(&weights, page.each_line(), None);
            let inputs: Vec<Input> = (0..lines)
                .map(|line| {
                    let mut input = integer::NO_INPUT;
                    integer::fill(&mut input, &page.dense[line], &tape.embedding[line]);
                    input
                })
                .collect();
            let of_kinds: Vec<[f32; KIND_EMBEDDING]> =
                (0..lines).map(|_| std::array::from_fn(|_| random.normal())).collect();
            let kind_inputs: Vec<KindInput> = (0..lines)
                .map(|line| {
                    let mut input = integer::NO_KIND_INPUT;
                    integer::fill(&mut input, &page.dense[line], &of_kinds[line]);
                    input
                })
                .collect();
            let mut expected: Option<Vec<Logits>> = None;
            for (level, batch) in
                Level::supported().into_iter().flat_map(|level| [1, 3, 16].map(|n| (level, n)))
            {
                let mut stream = Stream::with_level(level);
                let mut logits = Vec::new();
                let both = inputs.chunks(batch).zip(kind_inputs.chunks(batch));
                for (index, (inputs, of_kinds)) in both.enumerate() {
                    stream.push(&rounded, (inputs, of_kinds), &mut |line| logits.push(line));
                    let taken = (batch * index + inputs.len()).saturating_sub(LOOKAHEAD);
                    assert_eq!(logits.len(), taken);
                }
                stream.drain(&rounded, &mut |line| logits.push(line));
                if let Some(expected) = &expected {
                    assert_eq!(&logits, expected, "{level:?}, {batch} lines at once");
                    continue;
                }
                assert_eq!(logits.len(), lines);
                let mut so_far = KindsSoFar::default();
                for (line, (logits, exact)) in logits.iter().zip(tape.logits()).enumerate() {
                    let mut exact = *exact;
                    let p = &weights.parameters;
                    let of_line = network::kinds_of_line(p, &page.dense[line], &of_kinds[line]);
                    add(&mut exact.kinds, &of_line);
                    so_far.tell(&p[layout::KINDS_SO_FAR], &mut exact);
                    let pairs = logits.kinds.iter().zip(&exact.kinds);
                    for (rounded, exact) in pairs.chain([(&logits.content, &exact.content)]) {
                        assert!((rounded - exact).abs() < 0.1, "{rounded} {exact}");
                    }
                }
                expected = Some(logits);
            }
        }
    }

    #[test]
    fn every_gradient_agrees_with_finite_differences() {
        let page = page(40);
        let settings = Settings { kind_weight: 0.5, ..Settings::default() };
        let mut weights = Weights::random(TOKENS, HIDDEN, 5);
        let mut tape = Tape::default();
        let mut loss = |weights: &Weights, gradient: &mut Gradient<EMBEDDING>| {
            tape.forward(weights, page.each_line().filter(|(_, line, _)| line % 9 != 2), None);
            tape.backward(weights, 1.0, &settings, gradient)
        };
        let mut gradient = Gradient::new(layout::COUNT, TOKENS);
        loss(&weights, &mut gradient);
        let mut scrap = Gradient::new(layout::COUNT, TOKENS);
        let mut check =
            |name: &str, weights: &mut Weights, at: (usize, Option<usize>), exact: f32| {
                const STEP: f32 = 1e-3;
                let mut move_by = |step: f32| {
                    let weight = match at {
                        (row, Some(dimension)) => &mut weights.embeddings[row][dimension],
                        (index, None) => &mut weights.parameters[index],
                    };
                    let before = *weight;
                    *weight += step;
                    let moved = loss(weights, &mut scrap);
                    match at {
                        (row, Some(dimension)) => weights.embeddings[row][dimension] = before,
                        (index, None) => weights.parameters[index] = before,
                    }
                    moved
                };
                let measured = (move_by(STEP) - move_by(-STEP)) / f64::from(2.0 * STEP);
                // A ReLU that switches within the step costs some exactness.
                let allowed = 2e-3 + 0.03 * measured.abs();
                assert!(
                    (measured - f64::from(exact)).abs() < allowed,
                    "{name} {at:?}: {measured} {exact}"
                );
            };
        let mut groups = vec![
            ("dense in", layout::DENSE_IN),
            ("embedding in", layout::EMBEDDING_IN),
            ("bias in", layout::BIAS_IN),
            ("content", layout::CONTENT),
            ("content bias", layout::CONTENT_BIAS..layout::CONTENT_BIAS + 1),
            ("kinds", layout::KINDS),
            ("kinds bias", layout::KINDS_BIAS),
        ];
        for layer in 0..DILATIONS.len() {
            let [taps, matrix, bias] = layout::convolution(layer);
            groups.extend([("taps", taps), ("matrix", matrix), ("bias", bias)]);
        }
        for index in 0..RECURRENCES.len() {
            let [gate, bias, candidate] = layout::recurrence(index);
            groups.extend([("gate", gate), ("gate bias", bias), ("candidate", candidate)]);
        }
        let mut random = Random::new(11);
        for (name, range) in groups {
            let largest = range.clone().max_by(|&a, &b| {
                gradient.parameters[a].abs().total_cmp(&gradient.parameters[b].abs())
            });
            let largest = largest.expect("no group is empty");
            assert!(gradient.parameters[largest] != 0.0, "{name} has no gradient");
            for at in [largest, range.start + random.below(range.len())] {
                check(name, &mut weights, (at, None), gradient.parameters[at]);
            }
        }
        for &row in &gradient.touched {
            let exact = gradient.embeddings[row as usize][3];
            check("embedding", &mut weights, (row as usize, Some(3)), exact);
        }
    }
}
