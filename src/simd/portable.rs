//! What [`Instructions`] do, in plain words.

use super::{
    AllTapWeights, BLOCK, Instructions, Keys, Masks, PairWeights, Sums, Units, half, tap_lines,
    tap_unit,
};

#[derive(Clone, Copy)]
pub struct Baseline;

impl Instructions for Baseline {
    fn product<const PAIRS: usize, const COLUMNS: usize>(
        self,
        weights: &[PairWeights; PAIRS],
        bias: &Sums,
        inputs: &[[[i16; 2]; PAIRS]],
        out: &mut [Sums],
    ) {
        product(weights, bias, inputs, out);
    }

    fn taps(
        self,
        weights: &AllTapWeights,
        bits: u32,
        dilation: usize,
        lines: &[Units],
        out: &mut [Units],
    ) {
        for (line, out) in out.iter_mut().enumerate() {
            for (side, at) in (0..2).flat_map(|side| (0..16).map(move |at| (side, at))) {
                let unit = tap_unit(side, at);
                let mut sum = half(bits);
                for (pair, weights) in weights.iter().enumerate() {
                    let pair = tap_lines(pair, dilation);
                    for (weight, tap) in weights[side][at].iter().zip(pair) {
                        let x = lines[line + tap].as_flattened()[unit];
                        sum += i32::from(*weight) * i32::from(x);
                    }
                }
                let sum = (sum >> bits).clamp(i16::MIN.into(), i16::MAX.into());
                out.as_flattened_mut()[unit] = sum as i16;
            }
        }
    }

    fn matches(self, keys: &Keys, key: u32) -> u32 {
        let bits = keys.iter().enumerate();
        bits.map(|(index, other)| u32::from(u32::from_le_bytes(*other) == key) << index).sum()
    }

    fn classify(self, block: &[u8; BLOCK]) -> Masks {
        let bits = |is: fn(&u8) -> bool| {
            block.iter().rev().fold(0, |bits, byte| bits << 1 | u64::from(is(byte)))
        };
        Masks {
            space: bits(|byte| matches!(byte, b' ' | b'\t'..=b'\r')),
            letter: bits(u8::is_ascii_alphabetic),
            upper: bits(u8::is_ascii_uppercase),
            digit: bits(u8::is_ascii_digit),
            word: bits(|byte| byte.is_ascii_alphanumeric() || *byte == b'\'' || *byte >= 0x80),
        }
    }

    fn equal(self, block: &[u8; BLOCK], byte: u8) -> u64 {
        block.iter().rev().fold(0, |bits, other| bits << 1 | u64::from(*other == byte))
    }

    fn spread(self, bits: u64, byte: u8) -> [u8; BLOCK] {
        std::array::from_fn(|bit| if bits >> bit & 1 != 0 { byte } else { 0 })
    }
}

fn product<const PAIRS: usize>(
    weights: &[PairWeights; PAIRS],
    bias: &Sums,
    inputs: &[[[i16; 2]; PAIRS]],
    out: &mut [Sums],
) {
    for (input, out) in inputs.iter().zip(out) {
        let mut sums = *bias;
        for (weights, x) in weights.iter().zip(input) {
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum +=
                    i32::from(weight[0]) * i32::from(x[0]) + i32::from(weight[1]) * i32::from(x[1]);
            }
        }
        *out = sums;
    }
}
