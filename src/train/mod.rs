//! Training: from labelled pages to a model file. Behind the `train` feature.
//!
//! [`corpus`] reads the pages and [`made_up`] those that were written for training, [`data`] turns
//! them into features with the extractor that prediction uses, [`backward`] differentiates the
//! network, [`optimizer`] moves its weights, `calibration` says what a score is worth. Then `kinds`
//! learns which kind a line is, of what `reading` knows and `slips` makes of it. [`ask_around`] and
//! [`run`] do it all with one seed: the same pages and seed give the same bytes.

mod ablation;
pub mod backward;
mod calibration;
pub mod corpus;
mod credit;
pub mod data;
mod job;
mod kinds;
pub mod made_up;
pub mod optimizer;
mod random;
mod reading;
mod script;
mod slips;
mod teaser;

use std::thread;
use std::time::Instant;

use crate::features::Extractor;
use crate::label::Kind;
use crate::model::network::{self, EMBEDDING, KIND_EMBEDDING, layout};
use crate::model::{Calibration, EMBEDDINGS, Model, math};
pub use ablation::Part;
use backward::{Gradient, Tape};
use data::{Data, Example, Opinion, Target};
use job::{Inserts, Job};
use optimizer::{Adam, SparseAdam};
use random::Random;

/// What can be set about a training run. The defaults made the embedded model, on the opinions that its
/// card tells of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Start of every random sequence.
    pub seed: u64,
    /// Passes over the pages.
    pub epochs: usize,
    /// Non-blank lines in a step, at least.
    pub batch_lines: usize,
    /// Highest learning rate of the one cycle.
    pub rate: f32,
    /// Share of a line's tokens left out.
    pub token_dropout: f32,
    /// Share of lines whose tokens are all left out.
    pub lexical_dropout: f32,
    /// Share of pages whose tokens are all left out, as if in a language never seen.
    pub page_lexical_dropout: f32,
    /// Share of pages whose case is taken away, as if in a script without it.
    pub case_dropout: f32,
    /// Share of pages of which a part, up to half, is cut out.
    pub cut_pages: f32,
    /// Share of pages of which only the content, or only the chrome, is shown.
    pub one_sided_pages: f32,
    /// Share of pages whose blank lines are taken away.
    pub blank_dropout: f32,
    /// Share of pages between whose content lines of chrome from other pages are put.
    pub interleaved_pages: f32,
    /// Share of pages about whose headline lines of chrome from other pages are put.
    pub chrome_about_headline: f32,
    /// Share of pages before or after whose content a list that leads to other pages is put.
    pub listed_pages: f32,
    /// Share of pages of which some lines are told, as by a rule of the user's.
    pub told_pages: f32,
    /// Share of the lines told on such a page.
    pub told_lines: f32,
    /// Share of the first layer's units left out.
    pub unit_dropout: f32,
    /// Share of doubt in the labels of content and chrome (Szegedy et al. 2016, arXiv 1512.00567).
    pub label_smoothing: f32,
    /// Decoupled weight decay of the embeddings.
    pub embedding_decay: f32,
    /// Weight of the kinds in the loss; content has 1.
    pub kind_weight: f32,
    /// Weight of a page's soft word F1 in the loss.
    pub f1_weight: f32,
    /// How many parts the sites are split into for second opinions: the pages of each part are
    /// judged by a network trained on the others. None below 2.
    pub parts: usize,
    /// How often they are split, each time another way: opinions on a page are averaged.
    pub rounds: usize,
    /// Share of these opinions in what a line should be; the rest is its label.
    pub opinion_share: f32,
    /// Longest run of lines taken from a page at once.
    pub window: usize,
    /// Parts of the network that are left out, to see what each is worth.
    pub without: Vec<Part>,
    /// How many non-blank lines ahead the network sees at most.
    pub lookahead: usize,
    /// How many units and states the network has at most.
    pub width: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            seed: 4,
            epochs: 7,
            batch_lines: 4096,
            rate: 3e-3,
            token_dropout: 0.5,
            lexical_dropout: 0.25,
            page_lexical_dropout: 0.2,
            case_dropout: 0.15,
            cut_pages: 0.3,
            one_sided_pages: 0.1,
            blank_dropout: 0.1,
            interleaved_pages: 0.3,
            chrome_about_headline: 0.15,
            listed_pages: 0.1,
            told_pages: 0.2,
            told_lines: 0.05,
            unit_dropout: 0.1,
            label_smoothing: 0.02,
            embedding_decay: 0.1,
            kind_weight: 0.5,
            f1_weight: 1.0,
            parts: 2,
            rounds: 1,
            opinion_share: 0.4,
            window: 1024,
            without: Vec::new(),
            lookahead: network::LOOKAHEAD,
            width: math::HIDDEN,
        }
    }
}

/// A network in training.
#[derive(Clone, Debug)]
pub struct Weights {
    /// As [`layout`] has them.
    pub parameters: Vec<f32>,
    /// A row a token of the vocabulary.
    pub embeddings: Vec<[f32; EMBEDDING]>,
    /// Likewise for the kinds.
    pub kind_embeddings: Vec<[f32; KIND_EMBEDDING]>,
}

impl Weights {
    /// Random weights: deviations of one over the root of the number of inputs (LeCun et al. 1998,
    /// Efficient BackProp), less where a layer only corrects what goes past it; gates spread so
    /// that the first `states` forget over two lines up to some hundred.
    pub fn random(tokens: usize, states: usize, seed: u64) -> Weights {
        use crate::model::network::{DILATIONS, KERNEL, RECURRENCES, UNITS_OF_STATES, unit_of};
        let mut random = Random::new(seed);
        let mut parameters = vec![0.0; layout::COUNT];
        let mut fill = |range: std::ops::Range<usize>, deviation: f32| {
            for parameter in &mut parameters[range] {
                *parameter = deviation * random.normal();
            }
        };
        let hidden = math::HIDDEN as f32;
        fill(layout::DENSE_IN, 0.1);
        fill(layout::EMBEDDING_IN, 0.25);
        for index in 0..RECURRENCES.len() {
            let [gate, _, candidate] = layout::recurrence(index);
            fill(gate, 0.3 / hidden.sqrt());
            fill(candidate, 1.0 / hidden.sqrt());
        }
        for layer in 0..DILATIONS.len() {
            let [taps, matrix, _] = layout::convolution(layer);
            fill(taps, 1.0 / (KERNEL as f32).sqrt());
            fill(matrix, 1.0 / hidden.sqrt());
        }
        fill(layout::CONTENT, 1.0 / hidden.sqrt());
        fill(layout::KINDS, 1.0 / hidden.sqrt());
        let states = states.clamp(1, UNITS_OF_STATES);
        for index in 0..RECURRENCES.len() {
            let [_, bias, _] = layout::recurrence(index);
            for (state, bias) in parameters[bias].iter_mut().enumerate() {
                *bias = -5.0 * unit_of(index, state).min(states) as f32 / states as f32;
            }
        }
        let mut row = || std::array::from_fn(|_| 0.1 * random.normal());
        let embeddings = (0..tokens).map(|_| row()).collect();
        Weights { parameters, embeddings, kind_embeddings: vec![[0.0; KIND_EMBEDDING]; tokens] }
    }

    /// The model file of these weights over the tokens `keys`.
    fn to_bytes(&self, keys: &[u32], calibration: Calibration) -> Vec<u8> {
        let both = self.embeddings.iter().zip(&self.kind_embeddings);
        let rows: Vec<[f32; EMBEDDINGS]> = both
            .map(|(row, of_kinds)| {
                std::array::from_fn(
                    |d| if d < EMBEDDING { row[d] } else { of_kinds[d - EMBEDDING] },
                )
            })
            .collect();
        let mut scales = [f32::MIN_POSITIVE; EMBEDDINGS];
        // A few rows in a thousand may clip: a finer step serves all others.
        for (dimension, scale) in scales.iter_mut().enumerate() {
            let mut sizes: Vec<f32> = rows.iter().map(|row| row[dimension].abs()).collect();
            sizes.sort_by(f32::total_cmp);
            let size = sizes.get(sizes.len() * 999 / 1000).copied().unwrap_or(1.0);
            *scale = (size / 127.0).max(f32::MIN_POSITIVE);
        }
        let quantise = |row: &[f32; EMBEDDINGS]| {
            std::array::from_fn(|d| (row[d] / scales[d]).round().clamp(-127.0, 127.0) as i8)
        };
        let tokens: Vec<_> =
            keys.iter().zip(&rows).map(|(&key, row)| (key, quantise(row))).collect();
        Model::to_bytes(&self.parameters, calibration, &scales, &tokens)
    }
}

/// Trains on `data`, with the opinions that it holds, and returns the bytes of the model file.
/// `report` gets a line of progress now and then.
pub fn run(data: &mut Data, settings: &Settings, report: &mut dyn FnMut(&str)) -> Vec<u8> {
    data.train.iter_mut().for_each(Example::doubt_labels);
    let all: Vec<usize> = (0..data.train.len()).collect();
    let mut weights = fit(data, all, settings, report);
    let calibration = calibration::fit(&weights, &data.tune.iter().collect::<Vec<_>>());
    report(&format!("{calibration:?}"));
    kinds::fit(&mut weights, data, settings, report);
    weights.to_bytes(&data.keys, calibration)
}

/// Start of the random sequences of the networks that are asked, whatever the settings' seed:
/// seeds are compared on the same opinions.
const OPINION_SEED: u64 = 1000;

/// Has each page judged by networks that were trained on other sites only, none if `settings` want
/// no parts. What such networks agree on across sites is what can be learned; where a label differs, it may be a slip of its
/// source or a habit of it (cross-fitting, and distillation: Hinton et al. 2015, arXiv 1503.02531).
/// Made-up pages have no such labels: they are neither asked about nor learned from here.
pub fn ask_around(data: &mut Data, settings: &Settings, report: &mut dyn FnMut(&str)) {
    let parts = settings.parts as u64;
    if parts < 2 {
        return;
    }
    for round in 0..settings.rounds as u64 {
        for part in 0..parts {
            report(&format!("opinions, round {} part {} of {parts}", round + 1, part + 1));
            // Each round splits the sites another way.
            let is_own =
                |&index: &usize| data.train[index].site / parts.pow(round as u32) % parts == part;
            let is_real = |&index: &usize| !data.train[index].is_made_up;
            let (own, others): (Vec<usize>, Vec<usize>) =
                (0..data.train.len()).filter(is_real).partition(is_own);
            let settings =
                Settings { seed: OPINION_SEED + round * parts + part, ..settings.clone() };
            let weights = fit(data, others, &settings, report);
            let judge = |own: &[usize]| opinions(&weights, data, own);
            let (left, right) = own.split_at(own.len() / 2);
            let judged = thread::scope(|scope| {
                let left = scope.spawn(|| judge(left));
                let right = judge(right);
                let mut judged = left.join().expect("judging does not panic");
                judged.extend(right);
                judged
            });
            for (&index, opinions) in own.iter().zip(&judged) {
                data.train[index].hear(opinions, round as f32);
            }
        }
    }
}

/// What a network thinks of the lines of each of the pages `indices`.
fn opinions(weights: &Weights, data: &Data, indices: &[usize]) -> Vec<Vec<Opinion>> {
    let pages: Vec<&Example> = indices.iter().map(|&index| &data.train[index]).collect();
    let calibration = calibration::fit(weights, &pages);
    let mut tape = Tape::default();
    let mut judge = |page: &Example| {
        tape.forward(weights, page.each_line(), None);
        tape.logits().iter().map(|logits| Opinion::of(logits, &calibration)).collect()
    };
    pages.into_iter().map(&mut judge).collect()
}

/// Trains on the pages `indices` of `data`.
fn fit(
    data: &Data,
    indices: Vec<usize>,
    settings: &Settings,
    report: &mut dyn FnMut(&str),
) -> Weights {
    let start = Instant::now();
    let mut weights = Weights::random(data.keys.len(), settings.width, settings.seed);
    let absent = ablation::parameters(&settings.without, settings.lookahead, settings.width);
    ablation::clear(&absent, &mut weights.parameters);
    // Another sequence than the one that made the weights.
    let mut random = Random::new(settings.seed ^ 0x5eed);
    let mut adam = Adam::new(layout::COUNT);
    let mut sparse = SparseAdam::new(data.keys.len(), settings.embedding_decay);
    let inserts = Inserts::of(data, &indices);
    let mut workers = [Worker::new(data), Worker::new(data)];
    let total = (indices.len() * settings.epochs).max(1) as f32;
    let mut taken = 0;
    let mut step = 0;
    let mut average = Average::default();
    let (mut loss, mut seen) = (0.0, 0);
    for epoch in 0..settings.epochs {
        let mut order = indices.clone();
        random.shuffle(&mut order);
        let mut order = order.into_iter().peekable();
        while order.peek().is_some() {
            let mut loads = [0, 0];
            let mut weight = 0.0;
            for worker in &mut workers {
                worker.jobs.clear();
            }
            while loads[0] + loads[1] < settings.batch_lines {
                let Some(index) = order.next() else { break };
                taken += 1;
                let example = &data.train[index];
                let job = Job::draw(index, data, &inserts, settings, &mut random);
                let lighter = usize::from(loads[1] < loads[0]);
                loads[lighter] += job.lines.len();
                weight += example.weight;
                workers[lighter].jobs.push(job);
            }
            let (first, second) = workers.split_at_mut(1);
            thread::scope(|scope| {
                scope.spawn(|| first[0].work(&weights, data, settings, weight));
                second[0].work(&weights, data, settings, weight);
            });
            let progress = taken as f32 / total;
            let rate = settings.rate * one_cycle(progress);
            let [a, b] = &mut workers;
            a.gradient.absorb(&mut b.gradient);
            ablation::clear(&absent, &mut a.gradient.parameters);
            adam.step(&mut weights.parameters, &a.gradient.parameters, rate);
            sparse.step(&mut weights.embeddings, &a.gradient, rate);
            a.gradient.clear();
            if progress >= AVERAGED_FROM && step % AVERAGE_EVERY == 0 {
                average.add(&weights);
            }
            loss += a.take_loss() + b.take_loss();
            step += 1;
            seen += 1;
            if step % 250 == 0 {
                report(&format!(
                    "epoch {epoch} step {step} at {:.0} % loss {:.4} {:.0}s",
                    100.0 * progress,
                    loss / f64::from(seen),
                    start.elapsed().as_secs_f32()
                ));
                (loss, seen) = (0.0, 0);
            }
        }
    }
    average.finish(weights)
}

/// Weights are averaged from this part of the training on.
const AVERAGED_FROM: f32 = 0.75;

/// And not in every step, for speed.
const AVERAGE_EVERY: usize = 10;

/// A running mean of weights (Izmailov et al. 2018, arXiv 1803.05407).
#[derive(Default)]
struct Average {
    mean: Option<Weights>,
    count: f32,
}

impl Average {
    fn add(&mut self, weights: &Weights) {
        self.count += 1.0;
        let Some(mean) = &mut self.mean else {
            self.mean = Some(weights.clone());
            return;
        };
        let means = mean.parameters.iter_mut().chain(mean.embeddings.as_flattened_mut());
        let values = weights.parameters.iter().chain(weights.embeddings.as_flattened());
        for (mean, value) in means.zip(values) {
            *mean += (value - *mean) / self.count;
        }
    }

    /// The mean, or `last` where there is none.
    fn finish(self, last: Weights) -> Weights {
        self.mean.unwrap_or(last)
    }
}

/// One cycle of the learning rate (Smith 2018, arXiv 1803.09820): up over the first tenth, down
/// to nearly nothing.
fn one_cycle(progress: f32) -> f32 {
    const WARM_UP: f32 = 0.1;
    if progress < WARM_UP {
        0.1 + 0.9 * progress / WARM_UP
    } else {
        let down = ((progress - WARM_UP) / (1.0 - WARM_UP)).min(1.0);
        0.005 + 0.995 * 0.5 * (1.0 + (std::f32::consts::PI * down).cos())
    }
}

/// What a heading or a line of chrome between content counts, against other lines.
const STRESS_WITHIN: f32 = 2.0;

/// What one thread needs.
struct Worker {
    jobs: Vec<Job>,
    tape: Tape,
    gradient: Gradient<EMBEDDING>,
    loss: f64,
    extractor: Extractor,
}

impl Worker {
    fn new(data: &Data) -> Worker {
        Worker {
            jobs: Vec::new(),
            tape: Tape::default(),
            gradient: Gradient::new(layout::COUNT, data.keys.len()),
            loss: 0.0,
            extractor: Extractor::new(),
        }
    }

    fn work(&mut self, weights: &Weights, data: &Data, settings: &Settings, weight: f32) {
        for job in &self.jobs {
            let example = &data.train[job.index];
            let mut random = Random::new(job.seed);
            let extractor = &mut self.extractor;
            let mixed = job.is_mixed.then(|| Example::together(data, &job.lines, extractor));
            let lines = job.lines.iter().enumerate().map(|(at, drawn)| {
                let (page, line) = (job::page(data, drawn.page), drawn.line as usize);
                let opinion = page.target(line).and_then(|target| target.opinion);
                let (page, line) = mixed.as_ref().map_or((page, line), |mixed| (mixed, at));
                // The opinion on a line is about the place where it stood.
                let is_own = drawn.page == job.index as u32;
                let target = page.target(line);
                let target =
                    target.map(|target| Target { opinion: opinion.filter(|_| is_own), ..target });
                (page, line, target)
            });
            let mut lines: Vec<_> = lines.collect();
            stress_within(&mut lines);
            self.tape.forward(weights, lines, Some((settings, &mut random)));
            let scale = example.weight / weight;
            self.loss += self.tape.backward(weights, scale, settings, &mut self.gradient);
        }
    }

    fn take_loss(&mut self) -> f64 {
        std::mem::take(&mut self.loss)
    }
}

/// Makes headings and chrome between content count more than what is before and after it: they are
/// short, few, and what users complain of.
fn stress_within(lines: &mut [(&Example, usize, Option<Target>)]) {
    let is_content = |line: &(&Example, usize, Option<Target>)| {
        line.2.is_some_and(|target| target.kind.is_content())
    };
    let first = lines.iter().position(is_content);
    let last = lines.iter().rposition(is_content);
    if let (Some(first), Some(last)) = (first, last) {
        for target in lines[first..last].iter_mut().skip(1).filter_map(|line| line.2.as_mut()) {
            if target.kind == Kind::Heading || !target.kind.is_content() {
                target.stress = STRESS_WITHIN;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::DENSE;

    #[test]
    fn pages_are_judged_by_a_network_that_saw_other_sites_only() {
        // Two sites with the same line, labelled against each other: each opinion is the other's.
        let page = |kind| Example::from_rows(vec![([0; DENSE], Vec::new(), Some(kind)); 4]);
        let mut data = Data::of_examples(vec![page(Kind::Prose), page(Kind::Menu)]);
        (data.train[0].site, data.train[1].site) = (0, 1);
        let settings =
            Settings { parts: 2, rounds: 1, epochs: 200, batch_lines: 1, ..Settings::default() };
        ask_around(&mut data, &settings, &mut |_| {});
        let opinion = |page: usize| data.train[page].opinions[0].content;
        assert!(opinion(0) < opinion(1), "{} {}", opinion(0), opinion(1));
    }

    #[test]
    fn what_a_made_up_page_says_of_itself_stands() {
        let page = |kind| Example::from_rows(vec![([0; DENSE], Vec::new(), Some(kind)); 4]);
        let mut data = Data::of_examples(vec![page(Kind::Prose), page(Kind::Menu)]);
        (data.train[0].site, data.train[1].site) = (0, 1);
        data.train[1].is_made_up = true;
        let settings = Settings { parts: 2, rounds: 1, epochs: 1, ..Settings::default() };
        ask_around(&mut data, &settings, &mut |_| {});
        assert_eq!([0, 1].map(|page: usize| data.train[page].opinions.len()), [4, 0]);
    }

    #[test]
    fn states_forget_over_as_many_lines_however_few_there_are() {
        for states in [network::UNITS_OF_STATES, 12, 1] {
            let weights = Weights::random(0, states, 5);
            let bias = |unit: usize| {
                let recurrences = network::RECURRENCES.len();
                let [_, bias, _] = layout::recurrence(unit % recurrences);
                weights.parameters[bias][unit / recurrences]
            };
            assert_eq!(bias(0), 0.0);
            assert_eq!(bias(states - 1), -5.0 * (states - 1) as f32 / states as f32);
        }
    }

    #[test]
    fn headings_and_chrome_between_content_count_more() {
        let row = |letter: u8| ([0; DENSE], Vec::new(), Kind::from_letter(letter));
        let page = Example::from_rows(b"NhCp-CphpN".iter().map(|&letter| row(letter)).collect());
        let mut lines: Vec<_> = page.each_line().collect();
        stress_within(&mut lines);
        let stresses: Vec<_> =
            lines.iter().map(|line| line.2.map(|target| target.stress)).collect();
        let (one, more) = (Some(1.0), Some(STRESS_WITHIN));
        assert_eq!(stresses, [one, one, more, one, None, more, one, more, one, one]);
    }
}
