//! From a picture to a face that can be compared, or the reason why not.

use edge_face_protocol::Unusable;
use opencv::core::{self, Mat, Ptr};
use opencv::imgproc;
use opencv::objdetect::FaceRecognizerSF;
use opencv::prelude::*;

use crate::embedding::Embedding;
use crate::error::FaceError;
use crate::models::Models;
use crate::number::{coordinate, short};
use crate::quality::{Crop, Face, Purpose, check_crop, check_place, choose};
use crate::vision::detector::Detector;
use crate::vision::picture::fit;

/// Faces are looked for on a copy of at most so many columns or rows.
const SIDE_MAX: i32 = 640;

/// A face that can be compared.
#[derive(Debug)]
pub(crate) struct Usable {
    pub(crate) embedding: Embedding,
    /// Names the very pixels of the face, to tell a picture that comes twice.
    pub(crate) fingerprint: u64,
    /// Columns that the face covers on the copy.
    pub(crate) width: f32,
}

/// Both models, for one thread.
pub(crate) struct Engine {
    detector: Detector,
    embedder: Ptr<FaceRecognizerSF>,
}

impl Engine {
    /// Loads the models, one thread for each comparison.
    ///
    /// # Errors
    /// `OpenCV` does not take a model.
    pub(crate) fn load(models: &Models) -> Result<Self, FaceError> {
        core::set_num_threads(1)?;
        Ok(Self {
            detector: Detector::open(&models.detector)?,
            embedder: FaceRecognizerSF::create_def(&models.embedder.display().to_string(), "")?,
        })
    }

    /// All faces of a picture, the surest first.
    ///
    /// # Errors
    /// `OpenCV` fails.
    pub(crate) fn find(&mut self, image: &Mat) -> Result<Vec<Face>, FaceError> {
        self.detector.find(image)
    }

    /// Looks at a picture.
    ///
    /// # Errors
    /// `OpenCV` fails; a picture that is of no use is no error.
    pub(crate) fn look(
        &mut self,
        image: &Mat,
        purpose: Purpose,
    ) -> Result<Result<Usable, Unusable>, FaceError> {
        let small = fit(image, SIDE_MAX)?;
        let faces = self.detector.find(&small)?;
        let size = small.size()?;
        let size = (coordinate(size.width), coordinate(size.height));
        let chosen = choose(&faces, purpose)
            .and_then(|face| check_place(&face, size, purpose).map(|()| face));
        match chosen {
            Ok(face) => self.embed(&small, &face, purpose),
            Err(why) => Ok(Err(why)),
        }
    }

    /// Embeds one face of a picture.
    ///
    /// # Errors
    /// As [`look`](Self::look).
    pub(crate) fn embed(
        &mut self,
        image: &Mat,
        face: &Face,
        purpose: Purpose,
    ) -> Result<Result<Usable, Unusable>, FaceError> {
        let mut row = vec![face.left, face.top, face.width, face.height];
        row.extend(face.points.as_flattened());
        row.push(face.score);
        let row = Mat::from_slice_2d(&[&row])?;
        let (mut aligned, mut feature) = (Mat::default(), Mat::default());
        self.embedder.align_crop(image, &row, &mut aligned)?;
        if let Err(why) = check_crop(measure(&aligned)?, purpose) {
            return Ok(Err(why));
        }
        self.embedder.feature(&aligned, &mut feature)?;
        let Some(embedding) = Embedding::new(feature.data_typed::<f32>()?) else {
            return Ok(Err(Unusable::NoFace));
        };
        Ok(Ok(Usable {
            embedding,
            fingerprint: fingerprint(aligned.data_bytes()?),
            width: face.width,
        }))
    }
}

fn measure(aligned: &Mat) -> Result<Crop, FaceError> {
    let (mut gray, mut edges) = (Mat::default(), Mat::default());
    imgproc::cvt_color_def(aligned, &mut gray, imgproc::COLOR_BGR2GRAY)?;
    imgproc::laplacian_def(&gray, &mut edges, core::CV_64F)?;
    let (mut mean, mut deviation) = (Mat::default(), Mat::default());
    core::mean_std_dev_def(&gray, &mut mean, &mut deviation)?;
    let brightness = *mean.at::<f64>(0)?;
    core::mean_std_dev_def(&edges, &mut mean, &mut deviation)?;
    let sharpness = *deviation.at::<f64>(0)?;
    Ok(Crop {
        brightness: short(brightness),
        sharpness: short(sharpness * sharpness),
    })
}

/// FNV-1a: tells whether the very same bytes came before, nothing more.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
