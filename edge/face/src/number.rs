//! The few conversions between whole and broken numbers that pixels need.

/// A count of pixels as a coordinate.
pub(crate) fn coordinate(pixels: i32) -> f32 {
    #[expect(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        reason = "exact below 16 million, and pictures are at most 8,000 pixels wide"
    )]
    let coordinate = pixels as f32;
    coordinate
}

/// The nearest whole pixel.
pub(crate) fn pixel(coordinate: f32) -> i32 {
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "rounds, holds what is too large at the end, and makes zero of what is no number"
    )]
    let pixel = coordinate.round() as i32;
    pixel
}

/// A measurement with the precision that it is shown with.
pub(crate) fn short(number: f64) -> f32 {
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "measurements of 8-bit pixels need no more digits"
    )]
    let short = number as f32;
    short
}

/// A cosine in ten-thousandths.
pub(crate) fn ten_thousandths(cosine: f32) -> i16 {
    i16::try_from(pixel(cosine.clamp(-1.0, 1.0) * 10_000.0)).unwrap_or(0)
}

/// Bytes as text, two digits each.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
