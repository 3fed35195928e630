//! Random numbers that depend on a seed and nothing else, on every machine.

use std::f64::consts::TAU;

/// Independent numbers of the standard normal distribution.
///
/// Uniform ones come from `SplitMix64` (Steele, Lea and Flood, 2014), and become normal ones, two at a time, by the
/// method of Box and Muller (1958).
#[derive(Debug)]
pub(crate) struct Normals {
    state: u64,
    spare: Option<f64>,
}

impl Normals {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed, spare: None }
    }

    pub(crate) fn draw(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        // From above 0 on, so that it has a logarithm.
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        let (sine, cosine) = (TAU * self.uniform()).sin_cos();
        self.spare = Some(radius * sine);
        radius * cosine
    }

    /// From 0 up to below 1.
    fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.state;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        // The fraction of a number from 1 up to below 2.
        f64::from_bits(1.0_f64.to_bits() | bits >> 12) - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_standard_normal() {
        let mut normals = Normals::new(1);
        let numbers: Vec<f64> = (0..100_000).map(|_| normals.draw()).collect();
        let moment = |power| numbers.iter().map(|n| n.powi(power)).sum::<f64>() / 100_000.0;
        // Within four standard errors of the moments of that distribution.
        for (power, expected, error) in [(1, 0.0, 0.003_2), (2, 1.0, 0.004_5), (4, 3.0, 0.031)] {
            let found = moment(power);
            assert!((found - expected).abs() < 4.0 * error, "moment {power} is {found}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_again() {
        let draw = |seed| {
            let mut normals = Normals::new(seed);
            [(); 3].map(|()| normals.draw().to_bits())
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
