//! Linear prediction, shared by concealment and comfort noise.

/// Autocorrelation of `samples` at lags from 0 on, into all of `out`.
pub(crate) fn autocorrelate(samples: &[f32], out: &mut [f32]) {
    for (lag, sum) in out.iter_mut().enumerate() {
        let later = &samples[lag.min(samples.len())..];
        *sum = samples.iter().zip(later).map(|(a, b)| a * b).sum();
    }
}

/// Levinson's and Durbin's recursion: the predictor `1 + Σ a(i) z^-i` whose error has least energy, and its reflection coefficients, as
/// many as there is room for. `correlation` has one value more. Both are stable for any autocorrelation; where only rounding is left, they
/// end with zeros.
pub(crate) fn levinson(correlation: &[f32], coefficients: &mut [f32], reflections: &mut [f32]) {
    coefficients.fill(0.0);
    reflections.fill(0.0);
    let mut error = correlation.first().copied().unwrap_or_default();
    for index in 0..coefficients.len().min(reflections.len()).min(correlation.len().saturating_sub(1)) {
        let past: f32 = (0..index).map(|back| coefficients[back] * correlation[index - back]).sum();
        let reflection = -(correlation[index + 1] + past) / error;
        if !reflection.is_finite() || reflection.abs() >= 1.0 {
            break;
        }
        // In pairs from both ends: each needs the other's old value.
        for back in 0..index.div_ceil(2) {
            let (front, rear) = (coefficients[back], coefficients[index - 1 - back]);
            coefficients[back] = front + reflection * rear;
            coefficients[index - 1 - back] = rear + reflection * front;
        }
        coefficients[index] = reflection;
        reflections[index] = reflection;
        error *= 1.0 - reflection * reflection;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_predictor_finds_the_filter_that_made_a_sound() {
        // x(n) = 1.2 x(n-1) - 0.6 x(n-2) + noise.
        let mut seed = 1u32;
        let mut samples = vec![0.0f32; 20_000];
        for n in 2..samples.len() {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            samples[n] = 1.2 * samples[n - 1] - 0.6 * samples[n - 2] + (seed >> 16) as f32 / 32_768.0 - 1.0;
        }
        let mut correlation = [0.0; 4];
        autocorrelate(&samples, &mut correlation);
        let (mut coefficients, mut reflections) = ([0.0; 3], [0.0; 3]);
        levinson(&correlation, &mut coefficients, &mut reflections);
        assert!((coefficients[0] + 1.2).abs() < 0.05 && (coefficients[1] - 0.6).abs() < 0.05, "{coefficients:?}");
        assert!(coefficients[2].abs() < 0.05 && reflections[2] == coefficients[2]);
        levinson(&[0.0; 4], &mut coefficients, &mut reflections);
        assert_eq!((coefficients, reflections), ([0.0; 3], [0.0; 3]));
    }
}
