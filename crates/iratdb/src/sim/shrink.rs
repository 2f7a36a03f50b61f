//! Finds the steps that matter, by leaving out the others (delta debugging).

/// Runs that are made at most to shrink one schedule.
const RUNS_MAX: usize = 600;

/// The fewest of these steps found that still fail, in their order.
pub(super) fn shrink(mut steps: Vec<u64>, fails: impl Fn(&[u64]) -> bool) -> Vec<u64> {
    let mut runs = 0;
    let mut pieces = 2;
    while steps.len() > 1 && runs < RUNS_MAX {
        let piece = steps.len().div_ceil(pieces);
        let mut smaller = None;
        for start in (0..steps.len()).step_by(piece) {
            let end = steps.len().min(start + piece);
            let rest: Vec<u64> = [&steps[..start], &steps[end..]].concat();
            runs += 1;
            if fails(&rest) {
                smaller = Some(rest);
                break;
            }
            if runs >= RUNS_MAX {
                break;
            }
        }
        match smaller {
            Some(rest) => {
                steps = rest;
                pieces = (pieces - 1).max(2);
            }
            None if piece == 1 => break,
            None => pieces = (pieces * 2).min(steps.len()),
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::shrink;

    #[test]
    fn leaves_what_matters() {
        let fails = |steps: &[u64]| steps.contains(&17) && steps.contains(&230) && steps.contains(&231);
        assert_eq!(shrink((0..300).collect(), fails), [17, 230, 231]);
        assert_eq!(shrink((0..300).collect(), |steps| steps.contains(&5)), [5]);
    }
}
