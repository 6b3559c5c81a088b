//! An axis of a plot: its range fitted to what is shown, with round numbers along it.

/// So many steps an axis has at most.
const STEPS: f64 = 6.0;

/// From a round number below all values to one above them.
pub(super) struct Axis {
    low: f64,
    high: f64,
    step: f64,
}

impl Axis {
    /// Over values of which all lie between 0 and 1.
    pub(super) fn over(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = range(values);
        Self::between(low, high)
    }

    /// Over differences, as far up as down.
    pub(super) fn around_zero(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = range(values);
        let most = high.abs().max(low.abs());
        Self::between(-most, most)
    }

    fn between(low: f64, high: f64) -> Self {
        // Where all is equal, some room around it.
        let room = if high - low < 1e-6 { 0.05 } else { 0.0 };
        let (low, high) = (low - room, high + room);
        let fine = (high - low) / STEPS;
        let power = 10_f64.powf(fine.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|round| round * power)
            .into_iter()
            .find(|step| *step >= fine * (1.0 - 1e-9));
        let step = step.unwrap_or(10.0 * power);
        let end = 1e-9;
        Self { low: (low / step + end).floor() * step, high: (high / step - end).ceil() * step, step }
    }

    /// Where a value stands, in hundredths of the axis.
    pub(super) fn place(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low) * 100.0
    }

    /// The numbers along it, with how they are written.
    pub(super) fn ticks(&self) -> impl Iterator<Item = (f64, String)> {
        let decimals = (-self.step.log10()).ceil().max(0.0) as usize;
        let count = ((self.high - self.low) / self.step).round() as usize;
        (0..=count).map(move |at| {
            let value = self.low + at as f64 * self.step;
            // No minus before nought.
            let value = if value.abs() < self.step / 2.0 { 0.0 } else { value };
            (value, format!("{value:.decimals$}"))
        })
    }
}

fn range(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let all = values.into_iter().fold(None, |range: Option<(f64, f64)>, value| {
        let (low, high) = range.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    });
    all.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks().map(|(_, label)| label).collect()
    }

    #[test]
    fn the_range_fits_the_values_and_ends_in_round_numbers() {
        assert_eq!(
            labels(&Axis::over([0.61, 0.72, 0.655])),
            ["0.60", "0.62", "0.64", "0.66", "0.68", "0.70", "0.72"]
        );
        assert_eq!(labels(&Axis::over([0.0, 1.0])), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        let gains = Axis::around_zero([-0.3, 0.1]);
        assert_eq!(labels(&gains), ["-0.3", "-0.2", "-0.1", "0.0", "0.1", "0.2", "0.3"]);
        assert!((gains.place(0.0) - 50.0).abs() < 1e-9 && (gains.place(0.3) - 100.0).abs() < 1e-9);
        for axis in [Axis::over([0.7, 0.7]), Axis::over([]), Axis::around_zero([0.0])] {
            assert!(
                (2..=8).contains(&labels(&axis).len()) && axis.place(0.7).is_finite(),
                "{:?}",
                labels(&axis)
            );
        }
    }
}
