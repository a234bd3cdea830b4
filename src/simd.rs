//! The inner loops that need the processor's wide registers, each with a plain twin that gives
//! the same bits. The one module with `unsafe` code.
//!
//! Which instructions are used is found out once, when the program runs. `DECHROME_SIMD` set to
//! `portable` or `avx2` allows no more than that, for tests and measurements.

#![allow(unsafe_code)]

use std::sync::LazyLock;

/// Outputs of a matrix.
pub(crate) const OUTPUTS: usize = 32;

/// One line's exact sums.
pub(crate) type Sums = [i32; OUTPUTS];

/// The weights of two inputs, side by side for each output.
pub(crate) type PairWeights = [[i16; 2]; OUTPUTS];

/// The instructions to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// What every processor of the architecture has.
    Portable,
    /// AVX2, and what came before it.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 with its instructions for neural networks.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

static LEVEL: LazyLock<Level> = LazyLock::new(|| {
    let allowed = std::env::var("DECHROME_SIMD").unwrap_or_default();
    let is_allowed = |level: &Level| match allowed.as_str() {
        "portable" => *level == Level::Portable,
        #[cfg(target_arch = "x86_64")]
        "avx2" => *level <= Level::Avx2,
        _ => true,
    };
    Level::supported().into_iter().filter(is_allowed).max().unwrap_or(Level::Portable)
});

impl Level {
    /// The levels that this processor has.
    pub(crate) fn supported() -> Vec<Level> {
        #[allow(unused_mut)]
        let mut levels = vec![Level::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("lzcnt")
                && is_x86_feature_detected!("popcnt")
            {
                levels.push(Level::Avx2);
                if is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vnni") {
                    levels.push(Level::Avx512);
                }
            }
        }
        levels
    }

    /// The highest that this processor has.
    pub(crate) fn best() -> Level {
        *LEVEL
    }
}

/// For each line of `inputs`, `bias` plus every input times its weight. The caller sees to it
/// that no sum leaves 32 bits.
pub(crate) fn product<const PAIRS: usize>(
    level: Level,
    weights: &[PairWeights; PAIRS],
    bias: &Sums,
    inputs: &[[[i16; 2]; PAIRS]],
    out: &mut [Sums],
) {
    assert_eq!(inputs.len(), out.len());
    match level {
        Level::Portable => baseline::product(weights, bias, inputs, out),
        // Safety: a level beyond `Portable` comes from `supported`, which saw the features.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2::product(weights, bias, inputs, out) },
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512::product(weights, bias, inputs, out) },
    }
}

/// What `product` is, in plain words.
#[cfg_attr(all(target_arch = "x86_64", not(test)), allow(dead_code))]
mod portable {
    use super::{PairWeights, Sums};

    pub fn product<const PAIRS: usize>(
        weights: &[PairWeights; PAIRS],
        bias: &Sums,
        inputs: &[[[i16; 2]; PAIRS]],
        out: &mut [Sums],
    ) {
        for (input, out) in inputs.iter().zip(out) {
            let mut sums = *bias;
            for (weights, x) in weights.iter().zip(input) {
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += i32::from(weight[0]) * i32::from(x[0])
                        + i32::from(weight[1]) * i32::from(x[1]);
                }
            }
            *out = sums;
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
use portable as baseline;

/// Two inputs as they lie in one lane of 32 bits.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn lane(pair: [i16; 2]) -> i32 {
    i32::from(pair[0] as u16) | i32::from(pair[1]) << 16
}

/// SSE2, which every x86-64 has.
#[cfg(target_arch = "x86_64")]
mod baseline {
    use super::{PairWeights, Sums, lane};
    use std::arch::x86_64::*;

    pub fn product<const PAIRS: usize>(
        weights: &[PairWeights; PAIRS],
        bias: &Sums,
        inputs: &[[[i16; 2]; PAIRS]],
        out: &mut [Sums],
    ) {
        for (input, out) in inputs.iter().zip(out) {
            // Safety: `Sums` and `PairWeights` are 128 bytes, eight registers, and loads and
            // stores may be unaligned.
            unsafe {
                let mut sums = [_mm_setzero_si128(); 8];
                let bias = bias.as_ptr().cast::<__m128i>();
                for (index, sum) in sums.iter_mut().enumerate() {
                    *sum = _mm_loadu_si128(bias.add(index));
                }
                for (weights, &x) in weights.iter().zip(input) {
                    let weights = weights.as_ptr().cast::<__m128i>();
                    let x = _mm_set1_epi32(lane(x));
                    for (index, sum) in sums.iter_mut().enumerate() {
                        let weights = _mm_loadu_si128(weights.add(index));
                        *sum = _mm_add_epi32(*sum, _mm_madd_epi16(weights, x));
                    }
                }
                let out = out.as_mut_ptr().cast::<__m128i>();
                for (index, sum) in sums.into_iter().enumerate() {
                    _mm_storeu_si128(out.add(index), sum);
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{PairWeights, Sums, lane};
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2")]
    pub fn product<const PAIRS: usize>(
        weights: &[PairWeights; PAIRS],
        bias: &Sums,
        inputs: &[[[i16; 2]; PAIRS]],
        out: &mut [Sums],
    ) {
        // Two lines at once: the weights are loaded half as often.
        let (inputs, single) = inputs.as_chunks::<2>();
        let (out, single_out) = out.as_chunks_mut::<2>();
        for (inputs, out) in inputs.iter().zip(out) {
            lines(weights, bias, inputs, out);
        }
        if let ([input], [out]) = (single, single_out) {
            lines(weights, bias, &[*input], std::array::from_mut(out));
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn lines<const PAIRS: usize, const LINES: usize>(
        weights: &[PairWeights; PAIRS],
        bias: &Sums,
        inputs: &[[[i16; 2]; PAIRS]; LINES],
        out: &mut [Sums; LINES],
    ) {
        // Safety: `Sums` and `PairWeights` are 128 bytes, four registers, and loads and stores
        // may be unaligned.
        unsafe {
            let mut sums = [[_mm256_setzero_si256(); 4]; LINES];
            let bias = bias.as_ptr().cast::<__m256i>();
            for sums in &mut sums {
                for (index, sum) in sums.iter_mut().enumerate() {
                    *sum = _mm256_loadu_si256(bias.add(index));
                }
            }
            for pair in 0..PAIRS {
                let weights = weights[pair].as_ptr().cast::<__m256i>();
                let x: [_; LINES] =
                    std::array::from_fn(|line| _mm256_set1_epi32(lane(inputs[line][pair])));
                let weights: [_; 4] =
                    std::array::from_fn(|index| _mm256_loadu_si256(weights.add(index)));
                for (sums, x) in sums.iter_mut().zip(x) {
                    for (sum, weights) in sums.iter_mut().zip(weights) {
                        *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(weights, x));
                    }
                }
            }
            for (sums, out) in sums.into_iter().zip(out) {
                let out = out.as_mut_ptr().cast::<__m256i>();
                for (index, sum) in sums.into_iter().enumerate() {
                    _mm256_storeu_si256(out.add(index), sum);
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use super::{PairWeights, Sums, lane};
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    pub fn product<const PAIRS: usize>(
        weights: &[PairWeights; PAIRS],
        bias: &Sums,
        inputs: &[[[i16; 2]; PAIRS]],
        out: &mut [Sums],
    ) {
        // Eight lines at once: enough sums in flight to hide how long each takes.
        let (inputs, rest) = inputs.as_chunks::<8>();
        let (out, rest_out) = out.as_chunks_mut::<8>();
        for (inputs, out) in inputs.iter().zip(out) {
            lines(weights, bias, inputs, out);
        }
        for (input, out) in rest.iter().zip(rest_out) {
            lines(weights, bias, std::array::from_ref(input), std::array::from_mut(out));
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn lines<const PAIRS: usize, const LINES: usize>(
        weights: &[PairWeights; PAIRS],
        bias: &Sums,
        inputs: &[[[i16; 2]; PAIRS]; LINES],
        out: &mut [Sums; LINES],
    ) {
        // Safety: `Sums` and `PairWeights` are 128 bytes, two registers, and loads and stores may
        // be unaligned.
        unsafe {
            let bias = bias.as_ptr().cast::<__m512i>();
            let bias = [_mm512_loadu_si512(bias), _mm512_loadu_si512(bias.add(1))];
            let mut sums = [bias; LINES];
            for pair in 0..PAIRS {
                let weights = weights[pair].as_ptr().cast::<__m512i>();
                let weights = [_mm512_loadu_si512(weights), _mm512_loadu_si512(weights.add(1))];
                for line in 0..LINES {
                    let x = _mm512_set1_epi32(lane(inputs[line][pair]));
                    for index in 0..2 {
                        sums[line][index] =
                            _mm512_dpwssd_epi32(sums[line][index], weights[index], x);
                    }
                }
            }
            for (sums, out) in sums.into_iter().zip(out) {
                let out = out.as_mut_ptr().cast::<__m512i>();
                _mm512_storeu_si512(out, sums[0]);
                _mm512_storeu_si512(out.add(1), sums[1]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random.
    fn noise() -> impl FnMut() -> i16 {
        let mut state = 7_u32;
        move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as i16
        }
    }

    #[test]
    fn all_levels_give_the_same_sums() {
        let mut random = noise();
        let weights: [PairWeights; 44] =
            std::array::from_fn(|_| std::array::from_fn(|_| [random() / 64, random() / 64]));
        let bias: Sums = std::array::from_fn(|_| i32::from(random()) << 8);
        for lines in [0, 1, 2, 7, 8, 16, 19] {
            let inputs: Vec<[[i16; 2]; 44]> =
                (0..lines).map(|_| std::array::from_fn(|_| [random(), random()])).collect();
            let mut expected = vec![[0; OUTPUTS]; lines];
            portable::product(&weights, &bias, &inputs, &mut expected);
            for level in Level::supported() {
                let mut out = vec![[0; OUTPUTS]; lines];
                product(level, &weights, &bias, &inputs, &mut out);
                assert_eq!(out, expected, "{level:?}, {lines} lines");
            }
        }
    }
}
