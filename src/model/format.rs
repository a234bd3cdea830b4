//! The model file: little-endian, versioned, check-summed, used as it lies.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `DECHROME` |
//! | 4 | version of the format |
//! | 4 | version of the features ([`SCHEMA`]) |
//! | 8 | FNV-1a of all that follows |
//! | 4 | number of parameters |
//! | 4 | number of tokens |
//! | 8 | [`Calibration`]: factor and offset, f32 each |
//! | 4 each | parameters, f32, as [`layout`] has them |
//! | 96 | scale of each dimension of both embeddings, f32 |
//! | 4 × [`BUCKETS`] | where each bucket of keys starts, u32 (see [`Tokens`]) |
//! | 4 each | keys of the tokens, u32, rising |
//! | 16 each | embeddings of the tokens, i8, in the keys' order |
//! | 8 each | their embeddings for the kinds, likewise |

use std::borrow::Cow;
use std::fmt;

use super::integer::Network;
use super::network::{EMBEDDING, KIND_EMBEDDING, layout};
use crate::error::Error;
use crate::features::{self, SCHEMA};
use crate::fnv;
use crate::simd::{Instructions, KEYS};

const MAGIC: &[u8; 8] = b"DECHROME";
const VERSION: u32 = 9;
const CALIBRATION: usize = 32;
const HEADER: usize = CALIBRATION + 8;

/// Leading bits of a key that pick its bucket. Tens of thousands of keys make buckets of two, and
/// hardly one that cannot be compared at once.
const BUCKET_BITS: u32 = 15;

/// How many buckets the keys are sorted into.
const BUCKETS: usize = 1 << BUCKET_BITS;

/// Both embeddings of a token, that for the kinds behind the other.
pub const EMBEDDINGS: usize = EMBEDDING + KIND_EMBEDDING;

/// What a content logit is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// `factor * logit + offset` are the log-odds of content.
    pub factor: f32,
    /// See `factor`.
    pub offset: f32,
}

/// A model, ready to score. The tokens' table is used in place; only the few network
/// parameters are copied out.
pub struct Model {
    bytes: Cow<'static, [u8]>,
    network: Network,
    scales: [f32; EMBEDDINGS],
    calibration: Calibration,
    /// Where the starts of the buckets, the keys and both embeddings start.
    parts: [usize; 4],
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Model({} bytes)", self.bytes.len())
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn float(bytes: &[u8], at: usize) -> f32 {
    f32::from_bits(word(bytes, at))
}

/// Over words of eight bytes, then the bytes left.
fn checksum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let hash =
        words.iter().fold(fnv::START, |hash, word| fnv::step(hash, u64::from_le_bytes(*word)));
    rest.iter().fold(hash, |hash, &byte| fnv::step(hash, u64::from(byte)))
}

impl Model {
    /// Reads a model file.
    ///
    /// # Errors
    /// [`Error::Model`] when the bytes are no model file, one of another version, or damaged.
    pub fn from_bytes(bytes: impl Into<Cow<'static, [u8]>>) -> Result<Model, Error> {
        Model::read(bytes.into(), false)
    }

    /// The same of bytes that are part of the program. Their checksum, which would take as long as
    /// all else that a small page needs, is left to a test.
    pub(super) fn from_own_bytes(bytes: &'static [u8]) -> Result<Model, Error> {
        Model::read(bytes.into(), true)
    }

    fn read(bytes: Cow<'static, [u8]>, is_own: bool) -> Result<Model, Error> {
        let fail = |what: &str, byte| Err(Error::Model { what: what.to_owned(), byte });
        if bytes.get(..8) != Some(MAGIC) {
            return fail("it does not start with DECHROME", 0);
        }
        if bytes.len() < HEADER {
            return fail("it is cut short", bytes.len());
        }
        if word(&bytes, 8) != VERSION {
            return fail(&format!("format {}, need {VERSION}", word(&bytes, 8)), 8);
        }
        if word(&bytes, 12) != SCHEMA {
            return fail(&format!("features {}, need {SCHEMA}", word(&bytes, 12)), 12);
        }
        if word(&bytes, 24) as usize != layout::COUNT {
            return fail(&format!("{} parameters, need {}", word(&bytes, 24), layout::COUNT), 24);
        }
        let tokens = word(&bytes, 28) as usize;
        let scales = HEADER + 4 * layout::COUNT;
        let starts = scales + 4 * EMBEDDINGS;
        let keys = starts + 4 * BUCKETS;
        let embeddings = keys + 4 * tokens;
        if bytes.len() != embeddings + EMBEDDINGS * tokens {
            return fail("its length does not fit its number of tokens", bytes.len());
        }
        let sum = u64::from(word(&bytes, 16)) | u64::from(word(&bytes, 20)) << 32;
        if !is_own && checksum(&bytes[24..]) != sum {
            return fail("its checksum is wrong", 16);
        }
        let (numbers, _) = bytes[CALIBRATION..starts].as_chunks();
        let numbers: Vec<f32> = numbers.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        if let Some(at) = numbers.iter().position(|number| !number.is_finite()) {
            return fail("a number in it is not finite", CALIBRATION + 4 * at);
        }
        let parameters = &numbers[(HEADER - CALIBRATION) / 4..][..layout::COUNT];
        let network = Network::new(parameters);
        let scales = std::array::from_fn(|i| float(&bytes, scales + 4 * i));
        let calibration = Calibration { factor: numbers[0], offset: numbers[1] };
        let kind_embeddings = embeddings + EMBEDDING * tokens;
        let parts = [starts, keys, embeddings, kind_embeddings];
        Ok(Model { bytes, network, scales, calibration, parts })
    }

    /// The bytes of a model file. `tokens` are keys, rising, each with its embeddings; `scales`
    /// is what one step of these is worth in each dimension.
    ///
    /// # Panics
    /// When there are not [`layout::COUNT`] parameters or the keys do not rise.
    pub fn to_bytes(
        parameters: &[f32],
        calibration: Calibration,
        scales: &[f32; EMBEDDINGS],
        tokens: &[(u32, [i8; EMBEDDINGS])],
    ) -> Vec<u8> {
        assert_eq!(parameters.len(), layout::COUNT);
        assert!(tokens.is_sorted_by(|a, b| a.0 < b.0));
        let mut body = Vec::new();
        let mut put = |value: u32| body.extend_from_slice(&value.to_le_bytes());
        put(layout::COUNT as u32);
        put(tokens.len() as u32);
        let Calibration { factor, offset } = calibration;
        for value in [factor, offset].iter().chain(parameters).chain(scales) {
            put(value.to_bits());
        }
        starts(tokens).into_iter().for_each(&mut put);
        for (key, _) in tokens {
            put(*key);
        }
        for dimensions in [0..EMBEDDING, EMBEDDING..EMBEDDINGS] {
            for (_, embeddings) in tokens {
                body.extend(embeddings[dimensions.clone()].iter().map(|&weight| weight as u8));
            }
        }
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&SCHEMA.to_le_bytes());
        bytes.extend_from_slice(&checksum(&body).to_le_bytes());
        bytes.extend_from_slice(&body);
        bytes
    }

    /// The network, rounded to integers.
    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    /// What one step of each embedding is worth in each dimension.
    pub(super) fn scales(&self) -> (&[f32; EMBEDDING], &[f32; KIND_EMBEDDING]) {
        let (scales, of_kinds) = self.scales.split_first_chunk().expect("both are there");
        (scales, of_kinds.try_into().expect("and as long as that"))
    }

    /// What a content logit is worth.
    pub(super) fn calibration(&self) -> Calibration {
        self.calibration
    }

    /// The tokens that training kept.
    pub(super) fn tokens(&self) -> Tokens<'_> {
        let [starts, keys, rows, kind_rows] = self.parts;
        let bytes = &self.bytes;
        Tokens {
            starts: bytes[starts..keys].as_chunks().0.try_into().expect("one for each bucket"),
            keys: bytes[keys..rows].as_chunks().0,
            rows: bytes[rows..kind_rows].as_chunks().0,
            kind_rows: bytes[kind_rows..].as_chunks().0,
        }
    }
}

fn bucket(key: u32) -> usize {
    (key >> (u32::BITS - BUCKET_BITS)) as usize
}

/// How many tokens of a line are looked up: so many that 16 bits hold what their embeddings add up to.
pub(super) const MAX_TOKENS: usize = 255;
const _: () = assert!(MAX_TOKENS <= i16::MAX as usize / 128);
const _: () = assert!(features::MAX_TOKENS <= MAX_TOKENS);

/// What [`Tokens::starts`] are.
fn starts(tokens: &[(u32, [i8; EMBEDDINGS])]) -> Vec<u32> {
    let mut start = 0;
    let start = |index| {
        let len = tokens[start..].iter().take_while(|token| bucket(token.0) == index).count();
        let is_window = len <= KEYS && start + KEYS <= tokens.len();
        let place = if is_window { start as u32 } else { !(start as u32) };
        start += len;
        place
    };
    (0..BUCKETS).map(start).collect()
}

/// The tokens that training kept, as they lie in the file.
#[derive(Clone, Copy)]
pub(super) struct Tokens<'m> {
    /// Where each bucket starts in `keys`; negated, which is beyond them, where its keys cannot be
    /// compared at once: they are too many, or too near to the end.
    starts: &'m [[u8; 4]; BUCKETS],
    keys: &'m [[u8; 4]],
    /// The embeddings, and those for the kinds.
    pub(super) rows: &'m [[u8; EMBEDDING]],
    pub(super) kind_rows: &'m [[u8; KIND_EMBEDDING]],
}

impl Tokens<'_> {
    /// Puts the rows of those of `keys` that are here at their start, and for each key how many
    /// there are up to and with it into `found`, which has room for as many.
    ///
    /// Whether a token is here is anybody's guess, so there is no branch on it: the processor goes
    /// on to the next one while the memory of this one is on its way. The keys that one some way
    /// further on is compared with are asked for meanwhile, and the row of each that is found.
    #[inline(always)]
    pub(super) fn find(&self, with: impl Instructions, keys: &mut [u32], found: &mut [u32]) {
        const AHEAD: usize = 8;
        let start = |key| u32::from_le_bytes(self.starts[bucket(key)]);
        let mut rows = 0;
        for index in 0..keys.len().min(found.len()) {
            if let Some(&later) = keys.get(index + AHEAD) {
                with.fetch(self.keys, start(later) as usize);
            }
            let key = keys[index];
            let start = start(key);
            let end = (start as usize).wrapping_add(KEYS);
            let (first, matches) = match self.keys.get(start as usize..end) {
                // What lies behind the bucket does no harm: it is another key.
                Some(window) => (start, with.matches(window.as_array().expect("so many"), key)),
                None => self.search(!start, key),
            };
            let row = first + matches.trailing_zeros();
            keys[rows] = row;
            with.fetch(self.rows, row as usize);
            rows += usize::from(matches != 0);
            found[index] = rows as u32;
        }
    }

    /// The row of `key`, if it is in the bucket that starts there, and a bit that tells.
    #[cold]
    #[inline(never)]
    fn search(&self, start: u32, key: u32) -> (u32, u32) {
        let keys = self.keys.get(start as usize..).unwrap_or_default().iter();
        let keys = keys.map(|other| u32::from_le_bytes(*other));
        let mut bucket = (start..).zip(keys).take_while(|&(_, other)| bucket(other) == bucket(key));
        bucket.find(|&(_, other)| other == key).map_or((0, 0), |(row, _)| (row, 1))
    }
}

/// The sum of the first of these rows of `table`, for each number of them, none too, in 16 bits that
/// wrap around: what [`MAX_TOKENS`] of them add is told by the difference.
#[inline(always)]
pub(super) fn sums<const N: usize>(table: &[[u8; N]], rows: &[u32], sums: &mut [[i16; N]]) {
    let mut sum = [0; N];
    let (none, sums) = sums.split_first_mut().expect("room for one more than rows");
    *none = sum;
    for (&row, sums) in rows.iter().zip(sums) {
        for (sum, &weight) in sum.iter_mut().zip(&table[row as usize]) {
            *sum = i16::wrapping_add(*sum, (weight as i8).into());
        }
        *sums = sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{self, Level, Work};

    const CALIBRATION: Calibration = Calibration { factor: 2.0, offset: 1.0 };

    fn small() -> Vec<u8> {
        let tokens =
            [(7, [1; EMBEDDINGS]), (1 << 31, [-2; EMBEDDINGS]), (u32::MAX, [3; EMBEDDINGS])];
        Model::to_bytes(&vec![0.5; layout::COUNT], CALIBRATION, &[0.25; EMBEDDINGS], &tokens)
    }

    struct Sum<'m>(Tokens<'m>, Vec<u32>);

    impl Work for Sum<'_> {
        type Output = ([i16; EMBEDDING], usize);

        #[inline(always)]
        fn run(self, with: impl Instructions) -> Self::Output {
            let Sum(tokens, mut keys) = self;
            let mut found = vec![0; keys.len()];
            tokens.find(with, &mut keys, &mut found);
            let rows = found.last().map_or(0, |&rows| rows as usize);
            let mut both = (vec![[0; EMBEDDING]; rows + 1], vec![[0; KIND_EMBEDDING]; rows + 1]);
            sums(tokens.rows, &keys[..rows], &mut both.0);
            sums(tokens.kind_rows, &keys[..rows], &mut both.1);
            assert_eq!(
                both.0[rows][..KIND_EMBEDDING],
                both.1[rows],
                "all of a token's are one here"
            );
            (both.0[rows], rows)
        }
    }

    /// The sum at every level there is.
    fn sum(model: &Model, keys: &[u32]) -> ([i16; EMBEDDING], usize) {
        let levels = Level::supported().into_iter();
        let mut sums = levels.map(|level| simd::run(level, Sum(model.tokens(), keys.to_vec())));
        let first = sums.next().expect("there is a level");
        assert!(sums.all(|sum| sum == first));
        first
    }

    #[test]
    fn tokens_are_found_in_buckets_of_any_size() {
        // Many in one bucket, some in others, none in most.
        let keys = (0..40).map(|key| 3 * key).chain((1..900).map(|key| key << 22));
        let rows = keys.map(|key| (key, [(key % 251) as u8 as i8; EMBEDDINGS]));
        let rows: Vec<(u32, [i8; EMBEDDINGS])> = rows.collect();
        let parameters = vec![0.5; layout::COUNT];
        let file = Model::to_bytes(&parameters, CALIBRATION, &[0.25; EMBEDDINGS], &rows);
        let model = Model::from_bytes(file).unwrap();
        for (key, row) in rows {
            assert_eq!(sum(&model, &[key]), ([row[0].into(); EMBEDDING], 1), "{key}");
            assert_eq!(sum(&model, &[key + 1]), ([0; EMBEDDING], 0), "{key}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let model = Model::from_bytes(small()).unwrap();
        assert_eq!(sum(&model, &[7]), ([1; EMBEDDING], 1));
        assert_eq!(sum(&model, &[1 << 31, 8, 7, 0]), ([-1; EMBEDDING], 2));
        assert_eq!(sum(&model, &[u32::MAX; 300]), ([900; EMBEDDING], 300));
        assert_eq!(sum(&model, &[8]), ([0; EMBEDDING], 0));
        assert_eq!(model.calibration(), CALIBRATION);
    }

    #[test]
    fn a_damaged_or_foreign_file_is_an_error() {
        let good = small();
        for cut in [0, 7, 8, 39, 100, good.len() - 1] {
            assert!(Model::from_bytes(good[..cut].to_vec()).is_err(), "cut at {cut}");
        }
        for at in [0, 8, 12, 16, 24, 28, 32, HEADER, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(Model::from_bytes(bad).is_err(), "flipped at {at}");
        }
        let nan =
            Model::to_bytes(&vec![f32::NAN; layout::COUNT], CALIBRATION, &[0.25; EMBEDDINGS], &[]);
        assert!(Model::from_bytes(nan).is_err());
        let message = Model::from_bytes(b"hello".to_vec()).unwrap_err().to_string();
        assert_eq!(message, "not a usable model: it does not start with DECHROME (byte 0)");
    }

    #[test]
    fn the_embedded_model_is_whole_and_small() {
        let bytes = &Model::embedded().bytes;
        assert!(bytes.len() <= 3 << 20);
        Model::from_bytes(bytes.clone()).expect("its checksum is right");
    }
}
