//! Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101), dense for the
//! network, lazy for the embeddings: a row moves only in steps that saw its token.

use super::backward::Gradient;

const BETA1: f32 = 0.9;
const BETA2: f32 = 0.99;
const EPSILON: f32 = 1e-8;
/// Weight decay of the network's parameters.
const DECAY: f32 = 0.01;

/// Gradients of larger norm are shortened to this.
const MAX_NORM: f32 = 1.0;

/// Adam over a flat array.
#[derive(Clone, Debug)]
pub struct Adam {
    mean: Vec<f32>,
    square: Vec<f32>,
    steps: i32,
}

impl Adam {
    /// For `count` parameters.
    pub fn new(count: usize) -> Adam {
        Adam { mean: vec![0.0; count], square: vec![0.0; count], steps: 0 }
    }

    /// One step.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32], rate: f32) {
        self.steps += 1;
        let norm = gradient.iter().map(|g| g * g).sum::<f32>().sqrt();
        let clip = if norm > MAX_NORM { MAX_NORM / norm } else { 1.0 };
        let moments = self.mean.iter_mut().zip(&mut self.square);
        let rule = Rule { rate, decay: DECAY, steps: self.steps };
        rule.step(parameters, gradient.iter().map(|gradient| gradient * clip), moments);
    }
}

/// How weights move that have moved `steps` times, this time included.
struct Rule {
    rate: f32,
    decay: f32,
    steps: i32,
}

impl Rule {
    fn step<'m>(
        &self,
        weights: &mut [f32],
        gradient: impl Iterator<Item = f32>,
        moments: impl Iterator<Item = (&'m mut f32, &'m mut f32)>,
    ) {
        let first = 1.0 - BETA1.powi(self.steps);
        let second = 1.0 - BETA2.powi(self.steps);
        for ((weight, gradient), (mean, square)) in weights.iter_mut().zip(gradient).zip(moments) {
            *mean = BETA1 * *mean + (1.0 - BETA1) * gradient;
            *square = BETA2 * *square + (1.0 - BETA2) * gradient * gradient;
            let step = (*mean / first) / ((*square / second).sqrt() + EPSILON);
            *weight -= self.rate * (step + self.decay * *weight);
        }
    }
}

/// Adam over rows of which a step touches few.
#[derive(Clone, Debug)]
pub struct SparseAdam<const N: usize> {
    mean: Vec<[f32; N]>,
    square: Vec<[f32; N]>,
    steps: Vec<i32>,
    decay: f32,
}

impl<const N: usize> SparseAdam<N> {
    /// For `rows` rows that decay by `decay`.
    pub fn new(rows: usize, decay: f32) -> SparseAdam<N> {
        let zero = vec![[0.0; N]; rows];
        SparseAdam { mean: zero.clone(), square: zero, steps: vec![0; rows], decay }
    }

    /// One step for the rows that `gradient` touched.
    pub fn step(&mut self, rows: &mut [[f32; N]], gradient: &Gradient<N>, rate: f32) {
        for &row in &gradient.touched {
            let row = row as usize;
            self.steps[row] += 1;
            let rule = Rule { rate, decay: self.decay, steps: self.steps[row] };
            let moments = self.mean[row].iter_mut().zip(&mut self.square[row]);
            rule.step(&mut rows[row], gradient.embeddings[row].iter().copied(), moments);
        }
    }
}
