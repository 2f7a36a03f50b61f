//! What was measured, round by round.

use std::collections::BTreeMap;

/// The value at this share (0 to 1) of the sorted values; the nearest. `NaN` if there are none.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1) as f64;
    sorted.get((last * share).round() as usize).copied().unwrap_or(f64::NAN)
}

/// The middle one.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// Values by name, in the order in which they were measured.
#[derive(Debug, Default)]
pub(crate) struct Series(BTreeMap<String, Vec<f64>>);

impl Series {
    /// Adds one.
    pub(crate) fn push(&mut self, name: &str, value: f64) {
        self.0.entry(name.to_owned()).or_default().push(value);
    }

    /// Adds several.
    pub(crate) fn extend(&mut self, name: &str, values: &[f64]) {
        self.0.entry(name.to_owned()).or_default().extend_from_slice(values);
    }

    /// All of that name.
    pub(crate) fn get(&self, name: &str) -> &[f64] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// Their median.
    pub(crate) fn median(&self, name: &str) -> f64 {
        median(self.get(name))
    }

    /// All.
    pub(crate) fn all(&self) -> &BTreeMap<String, Vec<f64>> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values() {
        let values = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert!((median(&values) - 3.0).abs() < f64::EPSILON);
        assert!((quantile(&values, 0.0) - 1.0).abs() < f64::EPSILON);
        assert!((quantile(&values, 0.99) - 5.0).abs() < f64::EPSILON);
        assert!(median(&[]).is_nan());
    }
}
