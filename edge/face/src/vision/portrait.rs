//! Small picture files: of one face, for the libraries of face terminals and for whoever looks into a
//! doubtful one; of a camera's whole view, for whoever sets it up.

use edge_face_protocol::PICTURE_BYTES_MAX;
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
/// A picture is not made smaller than this, pixels.
const SIDE_MIN: i32 = 64;
/// The whole view, pixels.
const VIEW_SIDE_MAX: i32 = 640;
/// Tried one after the other until the file is small enough.
const JPEG_QUALITIES: [i32; 4] = [90, 75, 55, 30];

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
    encode(&fit(&part, SIDE_MAX)?)
}

/// What a camera sees; a JPEG file.
///
/// # Errors
/// As [`portrait`].
pub(crate) fn view(image: &Mat) -> Result<Vec<u8>, FaceError> {
    encode(&fit(image, VIEW_SIDE_MAX)?)
}

/// A JPEG file of at most [`PICTURE_BYTES_MAX`]: coarser where that is needed, smaller where that is
/// not enough.
fn encode(image: &Mat) -> Result<Vec<u8>, FaceError> {
    let mut image = image.try_clone()?;
    loop {
        for quality in JPEG_QUALITIES {
            let mut file = Vector::<u8>::new();
            let how = Vector::<i32>::from_slice(&[imgcodecs::IMWRITE_JPEG_QUALITY, quality]);
            imgcodecs::imencode(".jpg", &image, &mut file, &how)?;
            let size = image.size()?;
            if file.len() <= PICTURE_BYTES_MAX || size.width.max(size.height) <= SIDE_MIN {
                return Ok(file.to_vec());
            }
        }
        let size = image.size()?;
        image = fit(&image, size.width.max(size.height) / 2)?;
    }
}

#[cfg(test)]
mod tests {
    use opencv::core::{CV_8UC3, Mat, Scalar, randu};

    use super::*;
    use crate::vision::decode;

    #[test]
    fn a_picture_is_never_larger_than_the_city_takes() {
        // Noise is the worst that a JPEG file can be made of.
        let mut noise =
            Mat::new_rows_cols_with_default(720, 1280, CV_8UC3, Scalar::all(0.0)).unwrap();
        randu(&mut noise, &Scalar::all(0.0), &Scalar::all(255.0)).unwrap();
        let file = view(&noise).unwrap();
        assert!(file.len() <= PICTURE_BYTES_MAX, "{}", file.len());
        let seen = decode(&file).unwrap().size().unwrap();
        assert!(seen.width >= 160 && seen.width <= VIEW_SIDE_MAX, "{seen:?}");
        let gray = Mat::new_rows_cols_with_default(48, 64, CV_8UC3, Scalar::all(90.0)).unwrap();
        let seen = decode(&view(&gray).unwrap()).unwrap().size().unwrap();
        assert_eq!((seen.width, seen.height), (64, 48), "nothing is blown up");
    }
}
