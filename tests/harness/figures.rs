//! Arithmetic of figures and of invented numbers.

/// The value below which `share` of the values lie; not a number where there is none.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// A resident's number with its last sign (GB 11643-1999: ISO 7064, MOD 11-2).
pub fn with_check(first: &str) -> String {
    let sum = first
        .bytes()
        .rev()
        .zip(1_u32..)
        .fold(0, |sum, (digit, place)| {
            sum + u32::from(digit - b'0') * (2_u32.pow(place) % 11)
        });
    let last = (12 - sum % 11) % 11;
    let last = if last == 10 {
        "X".to_owned()
    } else {
        last.to_string()
    };
    format!("{first}{last}")
}
