//! Picture files into pixels, with limits before anything is unpacked.

use std::path::Path;

use edge_face_protocol::Unusable;
use opencv::core::{self, Mat, Size, ToInputArray, Vector};
use opencv::prelude::*;
use opencv::{imgcodecs, imgproc};

use crate::error::FaceError;
use crate::number::{coordinate, pixel};

/// Longest picture file that is unpacked.
pub(crate) const FILE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Largest and smallest side of a picture, pixels.
const SIDE_MAX: u32 = 6_000;
const SIDE_MIN: u32 = 48;

/// Unpacks a JPEG or PNG file, at most 6,000 pixels wide and high.
pub(crate) fn decode(file: &[u8]) -> Result<Mat, Unusable> {
    let sides = sides(file).ok_or(Unusable::NotAPicture)?;
    let fits = |side: u32| (SIDE_MIN..=SIDE_MAX).contains(&side);
    if file.len() > FILE_BYTES_MAX || !fits(sides.0) || !fits(sides.1) {
        return Err(Unusable::NotAPicture);
    }
    let bytes = Vector::<u8>::from_slice(file);
    let image =
        imgcodecs::imdecode(&bytes, imgcodecs::IMREAD_COLOR).map_err(|_| Unusable::NotAPicture)?;
    if image.empty() || image.typ() != core::CV_8UC3 {
        return Err(Unusable::NotAPicture);
    }
    Ok(image)
}

/// Width and height as the file's header states them; `None` for anything but JPEG and PNG, and
/// for a JPEG that does not end (cut off in the middle it would be unpacked with a gray rest).
fn sides(file: &[u8]) -> Option<(u32, u32)> {
    if let Some(rest) = file.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR") {
        let (width, rest) = rest.split_first_chunk::<4>()?;
        let (height, _) = rest.split_first_chunk::<4>()?;
        return Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)));
    }
    let tail = file.get(file.len().checked_sub(64)?..)?;
    tail.windows(2)
        .any(|pair| pair == b"\xff\xd9")
        .then_some(())?;
    let mut rest = file.strip_prefix(b"\xff\xd8")?;
    loop {
        let (&[mark, kind], after) = rest.split_first_chunk::<2>()?;
        if mark != 0xff {
            return None;
        }
        if kind == 0xff {
            rest = rest.get(1..)?;
            continue;
        }
        let (length, body) = after.split_first_chunk::<2>()?;
        // Start of a frame, of whatever coding; C4, C8 and CC are tables.
        if matches!(kind, 0xc0..=0xcf) && !matches!(kind, 0xc4 | 0xc8 | 0xcc) {
            let (&[_, h1, h2, w1, w2], _) = body.split_first_chunk::<5>()?;
            let two = |high, low| u32::from(u16::from_be_bytes([high, low]));
            return Some((two(w1, w2), two(h1, h2)));
        }
        rest = after.get(usize::from(u16::from_be_bytes(*length))..)?;
    }
}

/// Reads a picture file of the disk.
pub(crate) fn read(path: &Path) -> Result<Mat, Unusable> {
    let file = std::fs::read(path).map_err(|_| Unusable::NotAPicture)?;
    decode(&file)
}

/// A copy whose longest side is at most so long.
pub(crate) fn fit(
    image: &(impl MatTraitConst + ToInputArray),
    side_max: i32,
) -> Result<Mat, FaceError> {
    let size = image.size()?;
    let longest = size.width.max(size.height);
    if longest <= side_max {
        return Ok(image.try_clone()?);
    }
    let share = coordinate(side_max) / coordinate(longest);
    let scaled = |side: i32| pixel(coordinate(side) * share).max(1);
    let mut small = Mat::default();
    let size = Size::new(scaled(size.width), scaled(size.height));
    imgproc::resize(image, &mut small, size, 0.0, 0.0, imgproc::INTER_AREA)?;
    Ok(small)
}
