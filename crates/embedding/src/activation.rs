//! The functions that a layer bends its numbers with.

use std::f32::consts::{FRAC_1_SQRT_2, PI};

/// As `hidden_act` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    /// x·Φ(x) with the normal distribution Φ (Hendrycks & Gimpel 2016).
    Gelu,
    /// The same by way of tanh.
    GeluTanh,
    /// The same by way of the logistic function.
    GeluQuick,
    Relu,
    /// x·σ(x).
    Silu,
}

const NAMES: [(&str, Activation); 9] = [
    ("gelu", Activation::Gelu),
    ("gelu_python", Activation::Gelu),
    ("gelu_new", Activation::GeluTanh),
    ("gelu_fast", Activation::GeluTanh),
    ("gelu_pytorch_tanh", Activation::GeluTanh),
    ("quick_gelu", Activation::GeluQuick),
    ("relu", Activation::Relu),
    ("silu", Activation::Silu),
    ("swish", Activation::Silu),
];

impl Activation {
    pub(crate) fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, activation)| *activation)
    }

    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    pub(crate) fn apply(self, values: &mut [f32]) {
        // The choice stands outside the loop: there are millions of numbers.
        match self {
            Self::Gelu => each(values, |x| 0.5 * x * (1.0 + erf(x * FRAC_1_SQRT_2))),
            Self::GeluTanh => {
                let stretch = (2.0 / PI).sqrt();
                each(values, |x| 0.5 * x * (1.0 + (stretch * (x + 0.044_715 * x * x * x)).tanh()));
            }
            Self::GeluQuick => each(values, |x| x * logistic(1.702 * x)),
            Self::Relu => each(values, |x| x.max(0.0)),
            Self::Silu => each(values, |x| x * logistic(x)),
        }
    }
}

fn each(values: &mut [f32], bend: impl Fn(f32) -> f32) {
    values.iter_mut().for_each(|value| *value = bend(*value));
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// The error function, to within 1.5e-7 (Abramowitz & Stegun 1964, 7.1.26).
fn erf(x: f32) -> f32 {
    const FACTORS: [f32; 5] = [1.061_405_4, -1.453_152, 1.421_413_8, -0.284_496_74, 0.254_829_6];
    let a = x.abs();
    let t = 1.0 / (1.0 + 0.327_591_1 * a);
    let polynomial = FACTORS.iter().fold(0.0, |sum, factor| (sum + factor) * t);
    (1.0 - polynomial * (-a * a).exp()).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values to ten digits from tables of the error function.
    #[test]
    fn the_error_function_is_near_its_tables() {
        let table: [(f32, f64); 8] = [
            (0.0, 0.0),
            (0.1, 0.112_462_916),
            (0.5, 0.520_499_878),
            (1.0, 0.842_700_793),
            (1.5, 0.966_105_146),
            (2.0, 0.995_322_265),
            (3.5, 0.999_999_257),
            (40.0, 1.0),
        ];
        for (x, wanted) in table {
            assert!((f64::from(erf(x)) - wanted).abs() < 4e-7, "erf({x}) = {}", erf(x));
            assert!((f64::from(erf(-x)) + wanted).abs() < 4e-7, "erf(-{x}) = {}", erf(-x));
        }
    }

    #[test]
    fn every_name_means_a_function() {
        for name in Activation::names() {
            let mut values = [-1e30_f32, -1.0, 0.0, 1.0, 1e10];
            Activation::named(name).expect("named").apply(&mut values);
            assert!(values.iter().all(|value| value.is_finite()), "{name}: {values:?}");
            assert!(
                values[0].abs() < 1e-6 && values[2] == 0.0 && (values[4] - 1e10).abs() < 1e4,
                "{name}: {values:?}"
            );
        }
        assert_eq!(Activation::named("mish"), None);
    }
}
