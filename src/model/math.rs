//! Arithmetic of the network, exact to the bit on every machine: a fixed order of single
//! additions and multiplications, no platform's `exp`.

/// Units of the network's layers.
pub const HIDDEN: usize = 32;

/// One line's value of every unit.
pub type Units = [f32; HIDDEN];

/// `out += matrix * input`; the matrix holds a row of [`HIDDEN`] weights for each input.
#[inline]
pub fn add_product<const N: usize>(out: &mut [f32; N], matrix: &[f32], input: &[f32]) {
    let (rows, rest) = matrix.as_chunks::<N>();
    debug_assert!(rest.is_empty() && rows.len() == input.len());
    for (row, &x) in rows.iter().zip(input) {
        for (out, weight) in out.iter_mut().zip(row) {
            *out += weight * x;
        }
    }
}

/// Added to a number between -2^22 and 2^22 it leaves the nearest whole number, even for ties, in
/// the last bits. Unlike a conversion, every processor does it in one instruction for many
/// numbers.
const ROUNDER: f32 = 1.5 * (1 << 23) as f32;

/// To the nearest integer of 16 bits.
#[inline(always)]
pub fn round(x: f32) -> i16 {
    (x.clamp(-32767.0, 32767.0) + ROUNDER).to_bits() as i16
}

/// e to the power of `x`, to about seven digits.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let x = x.clamp(-80.0, 80.0);
    let scaled = x * std::f32::consts::LOG2_E;
    let power = scaled + ROUNDER;
    let r = x - (power - ROUNDER) * std::f32::consts::LN_2;
    // Taylor's series; |r| is at most ln 2 / 2.
    let series = 1.0 / 720.0;
    let series = series * r + 1.0 / 120.0;
    let series = series * r + 1.0 / 24.0;
    let series = series * r + 1.0 / 6.0;
    let series = series * r + 0.5;
    let series = series * r + 1.0;
    let series = series * r + 1.0;
    series * f32::from_bits((power.to_bits() << 23).wrapping_add(1.0_f32.to_bits()))
}

/// The natural logarithm of a normal number above 0, to about six digits.
#[inline]
pub fn ln(x: f32) -> f32 {
    // x is m times a power of two, m between the root of a half and the root of two.
    let bits = x.to_bits().wrapping_sub(std::f32::consts::FRAC_1_SQRT_2.to_bits());
    let power = bits as i32 >> 23;
    let m = f32::from_bits(x.to_bits().wrapping_sub((power as u32) << 23));
    // The series of the area hyperbolic tangent; |r| is at most .172.
    let r = (m - 1.0) / (m + 1.0);
    let square = r * r;
    let series = 1.0 / 7.0;
    let series = series * square + 1.0 / 5.0;
    let series = series * square + 1.0 / 3.0;
    let series = series * square + 1.0;
    2.0 * r * series + power as f32 * std::f32::consts::LN_2
}

/// The logistic function.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ln_is_close_to_the_platforms() {
        for step in 1..100_000 {
            let x = step as f32 / 1000.0;
            assert!((f64::from(ln(x)) - f64::from(x).ln()).abs() < 1e-5, "{x}");
        }
        assert_eq!(ln(1.0), 0.0);
    }

    #[test]
    fn rounding_is_to_the_nearest() {
        for (x, rounded) in [
            (0.0, 0),
            (0.4, 0),
            (-0.4, 0),
            (0.6, 1),
            (-0.6, -1),
            (1.5, 2),
            (2.5, 2),
            (-1.5, -2),
            (32766.7, 32767),
            (1e9, 32767),
            (-1e9, -32767),
        ] {
            assert_eq!(round(x), rounded, "{x}");
        }
    }

    #[test]
    fn exp_is_close_to_the_platforms() {
        for step in -700..700 {
            let x = step as f32 / 10.0;
            let ratio = exp(x) as f64 / f64::from(x).exp();
            assert!((ratio - 1.0).abs() < 1e-5, "{x}: {ratio}");
        }
        assert_eq!(sigmoid(0.0), 0.5);
        assert!(sigmoid(f32::MAX) > 0.999 && sigmoid(f32::MIN) < 0.001);
    }
}
