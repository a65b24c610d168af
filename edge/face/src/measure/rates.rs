//! Rates with the uncertainty that few pairs leave.

/// A count out of a total with the ends of its 95 % interval (Wilson 1927).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate {
    pub(crate) count: usize,
    pub(crate) total: usize,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// Two-sided 95 % of the normal curve.
const Z: f64 = 1.959_964;

/// A whole number as a broken one.
pub(crate) fn real(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

impl Rate {
    pub(crate) fn of(count: usize, total: usize) -> Self {
        let n = real(total.max(1));
        let share = real(count) / n;
        let middle = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let spread =
            Z / (1.0 + Z * Z / n) * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        Self {
            count,
            total,
            low: (middle - spread).max(0.0),
            high: (middle + spread).min(1.0),
        }
    }

    pub(crate) fn share(&self) -> f64 {
        real(self.count) / real(self.total.max(1))
    }
}

/// Share of the similarities at or above a threshold.
pub(crate) fn at_least(similarities: &[f64], threshold: f64) -> Rate {
    let above = similarities.iter().filter(|one| **one >= threshold).count();
    Rate::of(above, similarities.len())
}

/// Mean and standard deviation.
pub(crate) fn spread(values: &[f64]) -> (f64, f64) {
    let n = real(values.len().max(1));
    let mean = values.iter().sum::<f64>() / n;
    let squares = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>();
    (mean, (squares / (n - 1.0).max(1.0)).sqrt())
}

/// Upper bound of the share of a normal curve beyond so many deviations, from 1 on.
fn tail(deviations: f64) -> f64 {
    let density = (-deviations * deviations / 2.0).exp() / std::f64::consts::TAU.sqrt();
    density / deviations
}

/// The threshold at which a stranger before a roster of so many people is taken for one of them in
/// one case of a thousand, if impostors are spread as a normal curve; never below the highest
/// impostor seen plus 0.02. `None` without impostor pairs.
pub(crate) fn proposed(impostors: &[f64], roster: u32) -> Option<f64> {
    let highest = impostors.iter().copied().max_by(f64::total_cmp)?;
    let (mean, deviation) = spread(impostors);
    let mut threshold = highest + 0.02;
    while threshold < 1.0 {
        let deviations = (threshold - mean) / deviation.max(0.001);
        if deviations >= 1.0 && f64::from(roster) * tail(deviations) <= 0.001 {
            break;
        }
        threshold += 0.005;
    }
    Some((threshold * 200.0).ceil() / 200.0)
}

#[cfg(test)]
mod tests {
    use super::{Rate, at_least, proposed, spread};

    /// Worked values of the Wilson interval: 0 of 262 has the upper end z²/(n+z²).
    #[test]
    fn intervals_are_wilsons() {
        let none = Rate::of(0, 262);
        assert!(none.low.abs() < 1e-9);
        assert!((none.high - 3.841_459 / (262.0 + 3.841_459)).abs() < 1e-6);
        let half = Rate::of(5, 10);
        assert!((half.low - 0.236_593).abs() < 1e-5 && (half.high - 0.763_407).abs() < 1e-5);
    }

    #[test]
    fn the_threshold_itself_counts() {
        assert_eq!(at_least(&[0.2, 0.363, 0.4], 0.363).count, 2);
        let (mean, deviation) = spread(&[1.0, 2.0, 3.0]);
        assert!((mean - 2.0).abs() < 1e-9 && (deviation - 1.0).abs() < 1e-9);
    }

    #[test]
    fn more_people_ask_for_more_likeness() {
        let impostors: Vec<f64> = (0..200).map(|i| f64::from(i) / 500.0 - 0.09).collect();
        let few = proposed(&impostors, 10).unwrap();
        let many = proposed(&impostors, 5_000).unwrap();
        assert!(few >= 0.308 && many > few, "{few} {many}");
        assert_eq!(proposed(&[], 10), None);
    }
}
