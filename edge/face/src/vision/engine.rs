//! From a picture to a face that can be compared, or the reason why not.

use edge_face_protocol::Unusable;
use opencv::core::{self, Mat, Ptr};
use opencv::imgproc;
use opencv::objdetect::FaceRecognizerSF;
use opencv::prelude::*;

use crate::embedding::Embedding;
use crate::error::FaceError;
use crate::models::{Models, SpoofModel};
use crate::number::{coordinate, pixel, short};
use crate::quality::{Crop, Face, Purpose, check_crop, check_place, choose};
use crate::track::{Region, Track};
use crate::vision::detector::Detector;
use crate::vision::picture::fit;
use crate::vision::prints::Prints;
use crate::vision::spoof::Spoof;

/// Faces are compared on a copy of at most so many columns or rows.
pub(crate) const SIDE_MAX: i32 = 640;
/// The gate's whole view is searched on a copy of half of that: a face that is large enough to be
/// compared still covers 30 columns of it, and the search costs a quarter.
const SEARCH_SIDE_MAX: i32 = 320;
/// The surroundings of a face are searched on a copy of at most so many columns or rows: the face
/// covers more than 70 of them, so its points are as good as they are needed for 112 columns.
const SURROUNDINGS_SIDE_MAX: i32 = 224;

/// A face that can be compared.
#[derive(Debug)]
pub(crate) struct Usable {
    pub(crate) embedding: Embedding,
    /// Names the very pixels of the face, to tell a picture that comes twice.
    pub(crate) prints: Prints,
    /// Where it is on the copy.
    pub(crate) face: Face,
}

/// Both models, for one thread.
pub(crate) struct Engine {
    detector: Detector,
    embedder: Ptr<FaceRecognizerSF>,
    /// Tells living faces from pictures, where the site has named a model for it.
    spoof: Option<Spoof>,
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
            spoof: None,
        })
    }

    /// The same with a model that tells living faces from pictures, for the gate's frames.
    ///
    /// # Errors
    /// `OpenCV` does not take it.
    pub(crate) fn with_spoof(self, model: &SpoofModel) -> Result<Self, FaceError> {
        Ok(Self {
            spoof: Some(Spoof::open(model)?),
            ..self
        })
    }

    /// Whether a model tells living faces from pictures.
    pub(crate) fn has_spoof(&self) -> bool {
        self.spoof.is_some()
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

    /// Looks at a frame of the gate's camera: around the face of the frame before, or at the whole
    /// view on a smaller copy first.
    ///
    /// # Errors
    /// As [`look`](Self::look).
    pub(crate) fn watch(
        &mut self,
        image: &Mat,
        track: &mut Track,
    ) -> Result<Result<Usable, Unusable>, FaceError> {
        let small = fit(image, SIDE_MAX)?;
        let size = small.size()?;
        let size = (coordinate(size.width), coordinate(size.height));
        let mut chosen = Err(Unusable::NoFace);
        if let Some(before) = track.next() {
            chosen = self.around(&small, &before)?;
        }
        let whole = chosen.is_err();
        if whole {
            chosen = match self.search(&small)? {
                Ok(roughly) => self.around(&small, &roughly)?.or(Ok(roughly)),
                Err(why) => Err(why),
            };
        }
        let usable = match chosen {
            Ok(face) => {
                track.found(face, whole);
                match check_place(&face, size, Purpose::Gate) {
                    Ok(()) if self.lives(&small, &face)? => {
                        self.embed(&small, &face, Purpose::Gate)?
                    }
                    Ok(()) => Err(Unusable::NotAlive),
                    Err(why) => Err(why),
                }
            }
            Err(why) => Err(why),
        };
        if usable.is_err() {
            track.lost();
        }
        Ok(usable)
    }

    /// Without a model every face passes for a living one.
    fn lives(&mut self, image: &Mat, face: &Face) -> Result<bool, FaceError> {
        match &mut self.spoof {
            Some(spoof) => spoof.is_live(image, face),
            None => Ok(true),
        }
    }

    /// Whose face is meant in the whole view, roughly.
    fn search(&mut self, image: &Mat) -> Result<Result<Face, Unusable>, FaceError> {
        let rough = fit(image, SEARCH_SIDE_MAX)?;
        let share = coordinate(rough.size()?.width) / coordinate(image.size()?.width);
        let faces = self.detector.find(&rough)?;
        Ok(choose(&faces, Purpose::Gate).map(|face| face.scaled(1.0 / share)))
    }

    /// The face that stands where one was.
    fn around(&mut self, image: &Mat, face: &Face) -> Result<Result<Face, Unusable>, FaceError> {
        let size = image.size()?;
        let size = (coordinate(size.width), coordinate(size.height));
        let Some(region) = Region::around(face, size) else {
            return Ok(Err(Unusable::NoFace));
        };
        let place = core::Rect::new(
            pixel(region.left),
            pixel(region.top),
            pixel(region.width),
            pixel(region.height),
        );
        let part = Mat::roi(image, place)?;
        let part = fit(&part, SURROUNDINGS_SIDE_MAX)?;
        let share = coordinate(part.size()?.width) / region.width;
        let faces = self.detector.find(&part)?;
        Ok(choose(&faces, Purpose::Gate).map(|face| region.outward(&face, share)))
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
            prints: Prints::of(image, face)?,
            face: *face,
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
