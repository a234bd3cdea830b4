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

/// e to the power of `x`, to about seven digits.
#[inline]
pub fn exp(x: f32) -> f32 {
    let x = x.clamp(-80.0, 80.0);
    let scaled = x * std::f32::consts::LOG2_E;
    let power = (scaled + if scaled < 0.0 { -0.5 } else { 0.5 }) as i32;
    let r = x - power as f32 * std::f32::consts::LN_2;
    // Taylor's series; |r| is at most ln 2 / 2.
    let series = 1.0 / 720.0;
    let series = series * r + 1.0 / 120.0;
    let series = series * r + 1.0 / 24.0;
    let series = series * r + 1.0 / 6.0;
    let series = series * r + 0.5;
    let series = series * r + 1.0;
    let series = series * r + 1.0;
    series * f32::from_bits(((power + 127) as u32) << 23)
}

/// The logistic function.
#[inline]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[cfg(test)]
mod tests {
    use super::*;

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
