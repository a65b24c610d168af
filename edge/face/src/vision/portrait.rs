//! A small picture of one face, for the libraries of face terminals.

use opencv::core::{Mat, Rect, Vector};
use opencv::imgcodecs;
use opencv::prelude::*;

use crate::error::FaceError;
use crate::number::{coordinate, pixel};
use crate::quality::Face;
use crate::vision::picture::fit;

/// How much of the surroundings is left on each side, in widths of the face: terminals want hair and
/// shoulders, and nobody else belongs on it.
const AROUND: f32 = 0.6;
/// Longest side, pixels.
const SIDE_MAX: i32 = 480;
const JPEG_QUALITY: i32 = 90;

/// Cuts a face out of the picture in which [`super::Engine::look`] found it; a JPEG file.
///
/// # Errors
/// `OpenCV` fails.
pub(crate) fn portrait(image: &Mat, face: &Face) -> Result<Vec<u8>, FaceError> {
    let whole = fit(image, crate::vision::engine::SIDE_MAX)?;
    let size = whole.size()?;
    let margin = face.width * AROUND;
    let inside = |at: f32, side: i32| pixel(at).clamp(0, side);
    let left = inside(face.left - margin, size.width);
    let top = inside(face.top - margin, size.height);
    let right = inside(face.left + face.width + margin, size.width);
    let bottom = inside(face.top + face.height + margin, size.height);
    let place = Rect::new(left, top, (right - left).max(1), (bottom - top).max(1));
    debug_assert!(coordinate(place.width) > 0.0, "a face has columns");
    let part = Mat::roi(&whole, place)?;
    let small = fit(&part, SIDE_MAX)?;
    let mut file = Vector::<u8>::new();
    let how = Vector::<i32>::from_slice(&[imgcodecs::IMWRITE_JPEG_QUALITY, JPEG_QUALITY]);
    imgcodecs::imencode(".jpg", &small, &mut file, &how)?;
    Ok(file.to_vec())
}
