//! Which kind a line is: learned after the network, of its units as they are, so that kinds cost the
//! verdicts nothing.
//!
//! What the network learns of kinds on the way, of labels and opinions, only shapes its units. Here
//! lines that have been read or made up tell what kinds are, and all other labels as much as they told
//! where the corpus was read ([`Slips`]); and what the lines before a line were tells of its own.

use std::thread;

use super::backward::{Gradient, Tape, add, add_outer, add_transposed, embedding_scale};
use super::data::{Data, Example};
use super::optimizer::{Adam, SparseAdam};
use super::random::Random;
use super::slips::Slips;
use super::{Settings, Weights, ablation, one_cycle};
use crate::label::Kind;
use crate::model::network::{self, KIND_EMBEDDING, KindsSoFar, Logits, layout};

/// Passes over the pages that have been read or made up, in each of which one in so many of the others
/// is seen.
const EPOCHS: usize = 10;
const OTHERS: usize = 8;

/// How many times as much a line of these counts.
const READ_WEIGHT: f32 = 15.0;

/// What one thread needs.
struct Worker {
    /// Pages, and the start of a random sequence for each.
    pages: Vec<(usize, u64)>,
    tape: Tape,
    gradient: Gradient<KIND_EMBEDDING>,
    loss: f64,
}

/// Learns the kinds' part of `weights` on the pages to train on, and leaves all else as it is.
pub(super) fn fit(
    weights: &mut Weights,
    data: &Data,
    settings: &Settings,
    report: &mut dyn FnMut(&str),
) {
    let slips = Slips::of(&data.train);
    let mut random = Random::new(settings.seed ^ 0x817d);
    begin(weights, &mut random);
    let absent = ablation::parameters(&settings.without, settings.lookahead, settings.width);
    ablation::clear(&absent, &mut weights.parameters);
    let mut adam = Adam::new(layout::OF_KINDS.len());
    let mut sparse = SparseAdam::new(data.keys.len(), settings.embedding_decay);
    let mut workers = [0, 1].map(|_| Worker {
        pages: Vec::new(),
        tape: Tape::default(),
        gradient: Gradient::new(layout::COUNT, data.keys.len()),
        loss: 0.0,
    });
    for epoch in 0..EPOCHS {
        let mut is_drawn =
            |&index: &usize| data.train[index].is_read() || random.below(OTHERS) == 0;
        let mut order: Vec<usize> = (0..data.train.len()).filter(&mut is_drawn).collect();
        random.shuffle(&mut order);
        let total = order.len() as f32;
        let mut order = order.into_iter().peekable();
        let (mut loss, mut steps) = (0.0, 0);
        while order.peek().is_some() {
            let (mut loads, mut weight) = ([0, 0], 0.0);
            workers.iter_mut().for_each(|worker| worker.pages.clear());
            while loads[0] + loads[1] < settings.batch_lines {
                let Some(index) = order.next() else { break };
                let lighter = usize::from(loads[1] < loads[0]);
                loads[lighter] += data.train[index].lines();
                weight += data.train[index].weight;
                workers[lighter].pages.push((index, random.next()));
            }
            let (first, second) = workers.split_at_mut(1);
            thread::scope(|scope| {
                scope.spawn(|| first[0].work(weights, data, &slips, settings, weight));
                second[0].work(weights, data, &slips, settings, weight);
            });
            let progress = (epoch as f32 + 1.0 - order.len() as f32 / total) / EPOCHS as f32;
            let rate = settings.rate * one_cycle(progress);
            let [a, b] = &mut workers;
            a.gradient.absorb(&mut b.gradient);
            ablation::clear(&absent, &mut a.gradient.parameters);
            let gradient = &a.gradient.parameters[layout::OF_KINDS];
            adam.step(&mut weights.parameters[layout::OF_KINDS], gradient, rate);
            sparse.step(&mut weights.kind_embeddings, &a.gradient, rate);
            a.gradient.clear();
            loss += std::mem::take(&mut a.loss) + std::mem::take(&mut b.loss);
            steps += 1;
        }
        report(&format!("kinds, epoch {epoch} loss {:.4}", loss / f64::from(steps.max(1))));
    }
}

/// Forgets what the network has learned of kinds on the way.
fn begin(weights: &mut Weights, random: &mut Random) {
    weights.parameters[layout::OF_KINDS].fill(0.0);
    for parameter in &mut weights.parameters[layout::KINDS_EMBEDDING] {
        *parameter = 0.3 * random.normal();
    }
    for row in &mut weights.kind_embeddings {
        *row = std::array::from_fn(|_| 0.1 * random.normal());
    }
}

impl Worker {
    /// Adds the gradient of the loss of its pages, which with those of the other count `weight`.
    fn work(
        &mut self,
        weights: &Weights,
        data: &Data,
        slips: &Slips,
        settings: &Settings,
        weight: f32,
    ) {
        for &(index, seed) in &self.pages {
            let example = &data.train[index];
            self.tape.forward(weights, example.each_line(), None);
            // A page of many lines tells more than one of few, but not as many times as much.
            let scale = example.weight / weight / (example.lines() as f32).sqrt();
            let dropout = Some((settings, Random::new(seed)));
            let told = (slips, scale);
            self.loss += backward(weights, example, &self.tape, dropout, told, &mut self.gradient);
        }
    }
}

/// Adds the gradient of the loss of the lines of a page that `tape` has run over, each counting
/// `scale`, and returns that loss. The kinds of the lines so far are taken as they are: they are told
/// for their own sake, not for that of lines to come.
fn backward(
    weights: &Weights,
    example: &Example,
    tape: &Tape,
    mut dropout: Option<(&Settings, Random)>,
    (slips, scale): (&Slips, f32),
    gradient: &mut Gradient<KIND_EMBEDDING>,
) -> f64 {
    let p = &weights.parameters;
    let mut loss = 0.0;
    let mut tokens = Vec::new();
    let mut so_far = KindsSoFar::default();
    for (_, line, target) in example.each_line() {
        tokens.clear();
        let mut is_left_out = |share: fn(&Settings) -> f32| {
            dropout.as_mut().is_some_and(|(s, r)| r.unit() < share(s))
        };
        if !is_left_out(|s| s.lexical_dropout) {
            let all = example.tokens(line).iter();
            tokens.extend(all.filter(|_| !is_left_out(|s| s.token_dropout)));
        }
        let mut embedding = [0.0; KIND_EMBEDDING];
        for &token in &tokens {
            add(&mut embedding, &weights.kind_embeddings[token as usize]);
        }
        let shrunk = embedding_scale(tokens.len());
        let embedding = embedding.map(|sum| sum * shrunk);
        let dense = &example.dense[line];
        let mut logits: Logits = tape.logits()[line];
        add(&mut logits.kinds, &network::kinds_of_line(p, dense, &embedding));
        let before = so_far.clone();
        so_far.tell(&p[layout::KINDS_SO_FAR], &mut logits);
        let Some(label) = target.map(|target| target.kind) else { continue };
        let read = example.read(line);
        let kind = read.and_then(|read| read.kind_on(label.label()));
        if read.is_some() && kind.is_none() {
            // Its label is wrong.
            continue;
        }
        let mut delta = logits.kinds_of(label.label());
        let (likelihood, goal, weight) = match kind {
            Some(kind) => {
                let goal = std::array::from_fn(|other| f32::from(u8::from(other == kind as usize)));
                (delta[kind as usize], goal, READ_WEIGHT * scale)
            }
            None => {
                let (likelihood, goal) = slips.explain(&delta, label);
                (likelihood, goal, scale)
            }
        };
        loss -= f64::from(weight) * f64::from(likelihood.max(1e-7)).ln();
        for (delta, goal) in delta.iter_mut().zip(goal) {
            *delta = weight * (*delta - goal);
        }
        let g = &mut gradient.parameters;
        add(&mut g[layout::KINDS_BIAS], &delta);
        add_outer(&mut g[layout::KINDS], &tape.top()[line], &delta);
        add_outer(&mut g[layout::KINDS_DENSE], &network::scaled(dense), &delta);
        add_outer(&mut g[layout::KINDS_EMBEDDING], &embedding, &delta);
        add_outer(&mut g[layout::KINDS_SO_FAR], before.shares(), &delta);
        let mut row = [0.0; KIND_EMBEDDING];
        add_transposed::<{ Kind::COUNT }>(&mut row, &p[layout::KINDS_EMBEDDING], &delta);
        let row = row.map(|delta| delta * shrunk);
        for &token in &tokens {
            gradient.add_row(token, &row);
        }
    }
    loss
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::DENSE;
    use crate::model::math::HIDDEN;
    use crate::train::corpus::Read;

    const TOKENS: usize = 6;

    #[test]
    fn every_gradient_agrees_with_finite_differences() {
        let mut random = Random::new(2);
        let row = |random: &mut Random| {
            let dense = std::array::from_fn::<u8, DENSE, _>(|_| random.below(64) as u8);
            let tokens = (0..random.below(4)).map(|_| random.below(TOKENS) as u32).collect();
            (dense, tokens, Some(Kind::ALL[random.below(Kind::COUNT)]))
        };
        let rows = (0..30).map(|_| row(&mut random)).collect();
        // Every third line is read, some of these as something else, some on the other side.
        let read = (0..30).map(|line| (line % 3 == 0).then_some(Read::Kind(Kind::ALL[line / 2])));
        let page = Example::from_rows(rows).read_as(read.collect());
        let mut weights = Weights::random(TOKENS, HIDDEN, 5);
        begin(&mut weights, &mut random);
        weights.parameters[layout::OF_KINDS].fill_with(|| 0.2 * random.normal());
        // With these no line tells of another, which is what is checked.
        weights.parameters[layout::KINDS_SO_FAR].fill(0.0);
        let slips = Slips::of(std::slice::from_ref(&page));
        let mut tape = Tape::default();
        let mut loss = |weights: &Weights, gradient: &mut Gradient<KIND_EMBEDDING>| {
            tape.forward(weights, page.each_line(), None);
            backward(weights, &page, &tape, None, (&slips, 1.0), gradient)
        };
        let mut gradient = Gradient::new(layout::COUNT, TOKENS);
        loss(&weights, &mut gradient);
        let mut scrap = Gradient::new(layout::COUNT, TOKENS);
        let mut check =
            |weights: &mut Weights, get: &dyn Fn(&mut Weights) -> &mut f32, exact: f32| {
                const STEP: f32 = 1e-3;
                *get(weights) += STEP;
                let more = loss(weights, &mut scrap);
                *get(weights) -= 2.0 * STEP;
                let less = loss(weights, &mut scrap);
                *get(weights) += STEP;
                let measured = (more - less) / f64::from(2.0 * STEP);
                let allowed = 5e-3 + 0.01 * measured.abs();
                assert!((measured - f64::from(exact)).abs() < allowed, "{measured} {exact}");
            };
        for range in [
            layout::KINDS,
            layout::KINDS_BIAS,
            layout::KINDS_DENSE,
            layout::KINDS_EMBEDDING,
            layout::KINDS_SO_FAR,
        ] {
            let largest = range.clone().max_by(|&a, &b| {
                gradient.parameters[a].abs().total_cmp(&gradient.parameters[b].abs())
            });
            let largest = largest.expect("no group is empty");
            assert!(gradient.parameters[largest] != 0.0);
            for at in [largest, range.start + 3] {
                check(&mut weights, &|w| &mut w.parameters[at], gradient.parameters[at]);
            }
        }
        assert_eq!(gradient.parameters[..layout::OF_KINDS.start], [0.0; layout::OF_KINDS.start]);
        for &row in &gradient.touched {
            let at = row as usize;
            check(&mut weights, &|w| &mut w.kind_embeddings[at][3], gradient.embeddings[at][3]);
        }
    }

    #[test]
    fn what_a_line_is_may_be_told_by_those_before_it() {
        // The first line of a page tells, the others are all alike.
        let page = |told: usize, kind: Kind| {
            let row = |dense| (dense, Vec::new(), Some(Kind::Other));
            let first = std::array::from_fn(|at| if at % 2 == told { 64 } else { 0 });
            let rows = vec![row(first), row([0; DENSE]), row([0; DENSE])];
            Example::from_rows(rows).read_as(vec![Some(Read::Kind(kind)); 3])
        };
        let pages = [page(0, Kind::Comment), page(1, Kind::Menu)];
        let data = Data::of_examples(pages.into_iter().cycle().take(40).collect());
        let settings = Settings { batch_lines: 1, rate: 0.03, ..Settings::default() };
        let mut weights = Weights::random(0, HIDDEN, 5);
        // A network that says nothing.
        weights.parameters.fill(0.0);
        fit(&mut weights, &data, &settings, &mut |_| {});
        let mut tape = Tape::default();
        for (example, kind) in data.train.iter().zip([Kind::Comment, Kind::Menu]) {
            tape.forward(&weights, example.each_line(), None);
            let mut so_far = KindsSoFar::default();
            for (line, logits) in tape.logits().iter().enumerate() {
                let (p, mut logits) = (&weights.parameters, *logits);
                let dense = &example.dense[line];
                add(&mut logits.kinds, &network::kinds_of_line(p, dense, &[0.0; KIND_EMBEDDING]));
                so_far.tell(&p[layout::KINDS_SO_FAR], &mut logits);
                let likely = logits.kinds_of(kind.label())[kind as usize];
                assert!(likely > 0.5, "{kind}, line {line}: {likely}");
            }
        }
    }

    #[test]
    fn a_reader_is_believed_and_verdicts_stay_as_they_are() {
        // All are labelled as other chrome; those with a feature were read as captions, those
        // without as menus.
        let page = |dense: u8, kind: Kind| {
            let row = ([dense; DENSE], Vec::new(), Some(Kind::Other));
            Example::from_rows(vec![row; 3]).read_as(vec![Some(Read::Kind(kind)); 3])
        };
        let pages = [page(32, Kind::Caption), page(0, Kind::Menu)].into_iter().cycle().take(40);
        let data = Data::of_examples(pages.collect());
        let settings = Settings { batch_lines: 1, rate: 0.03, ..Settings::default() };
        let mut weights = Weights::random(0, HIDDEN, 5);
        let before = weights.parameters[..layout::OF_KINDS.start].to_vec();
        fit(&mut weights, &data, &settings, &mut |_| {});
        assert_eq!(weights.parameters[..layout::OF_KINDS.start], before);
        let mut tape = Tape::default();
        for (page, kind) in [(0, Kind::Caption), (1, Kind::Menu)] {
            let example = &data.train[page];
            tape.forward(&weights, example.each_line(), None);
            let mut kinds = tape.logits()[0];
            let of_line = network::kinds_of_line(
                &weights.parameters,
                &example.dense[0],
                &[0.0; KIND_EMBEDDING],
            );
            add(&mut kinds.kinds, &of_line);
            let likely = kinds.kinds_of(kind.label())[kind as usize];
            assert!(likely > 0.5, "{kind}: {likely}");
        }
    }
}
