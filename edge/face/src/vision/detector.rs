//! `YuNet` through `OpenCV`'s plain network class.
//!
//! `OpenCV` 4.6 has a class for this detector, but it cannot run the 2023mar file; the network itself
//! can. So the twelve outputs are read here: three strides with class, object, box and five points.

use std::path::Path;

use opencv::core::{self, Mat, Scalar, Size, Vector};
use opencv::dnn;
use opencv::prelude::*;

use crate::error::FaceError;
use crate::number::coordinate;
use crate::quality::Face;

/// Faces below this score are none.
const SCORE_MIN: f32 = 0.6;
/// Two boxes that overlap more than this are one face.
const OVERLAP_MAX: f32 = 0.3;
/// The network wants sides that are multiples of this.
const STEP: i32 = 32;
const STRIDES: [i32; 3] = [8, 16, 32];
/// Faces in one picture at most; the rest are smaller anyway.
const FACES_MAX: usize = 64;

/// Finds faces.
pub(crate) struct Detector {
    net: dnn::Net,
    outputs: Vector<String>,
}

impl Detector {
    pub(crate) fn open(model: &Path) -> Result<Self, FaceError> {
        let mut net = dnn::read_net_from_onnx(model.display().to_string())?;
        net.set_preferable_backend(dnn::DNN_BACKEND_OPENCV)?;
        net.set_preferable_target(dnn::DNN_TARGET_CPU)?;
        let mut outputs = Vector::<String>::new();
        for part in ["cls", "obj", "bbox", "kps"] {
            for stride in STRIDES {
                outputs.push(format!("{part}_{stride}").as_str());
            }
        }
        Ok(Self { net, outputs })
    }

    /// All faces, the surest first.
    pub(crate) fn find(&mut self, image: &Mat) -> Result<Vec<Face>, FaceError> {
        let size = image.size()?;
        let up = |side: i32| (side + STEP - 1) / STEP * STEP;
        let (width, height) = (up(size.width), up(size.height));
        let mut padded = Mat::default();
        core::copy_make_border(
            image,
            &mut padded,
            0,
            height - size.height,
            0,
            width - size.width,
            core::BORDER_CONSTANT,
            Scalar::all(0.0),
        )?;
        let blob = dnn::blob_from_image(
            &padded,
            1.0,
            Size::default(),
            Scalar::default(),
            false,
            false,
            core::CV_32F,
        )?;
        self.net.set_input(&blob, "input", 1.0, Scalar::default())?;
        let mut outs = Vector::<Mat>::new();
        self.net.forward(&mut outs, &self.outputs)?;
        let mut found = Vec::new();
        for (index, stride) in STRIDES.into_iter().enumerate() {
            let level = Level {
                stride: coordinate(stride),
                columns: usize::try_from(width / stride).unwrap_or(1).max(1),
            };
            let [class, object, boxes, points] = [0, 3, 6, 9].map(|part| outs.get(part + index));
            let (class, object, boxes, points) = (class?, object?, boxes?, points?);
            let scores = class
                .data_typed::<f32>()?
                .iter()
                .zip(object.data_typed::<f32>()?);
            let boxes = boxes.data_typed::<f32>()?.as_chunks::<4>().0;
            let points = points.data_typed::<f32>()?.as_chunks::<10>().0;
            for (cell, ((score, place), points)) in scores.zip(boxes).zip(points).enumerate() {
                let score = (score.0.clamp(0.0, 1.0) * score.1.clamp(0.0, 1.0)).sqrt();
                if score >= SCORE_MIN {
                    found.push(level.face(cell, score, place, points));
                }
            }
        }
        Ok(without_doubles(found))
    }
}

/// One grid of cells.
struct Level {
    stride: f32,
    columns: usize,
}

impl Level {
    fn face(&self, cell: usize, score: f32, place: &[f32; 4], points: &[f32; 10]) -> Face {
        let at = |index: usize| f32::from(u16::try_from(index).unwrap_or(u16::MAX));
        let (column, row) = (at(cell % self.columns), at(cell / self.columns));
        let [x, y, width, height] = *place;
        let (width, height) = (width.exp() * self.stride, height.exp() * self.stride);
        let mut face = Face {
            left: (column + x) * self.stride - width / 2.0,
            top: (row + y) * self.stride - height / 2.0,
            width,
            height,
            points: [[0.0; 2]; 5],
            score,
        };
        for (to, [x, y]) in face.points.iter_mut().zip(points.as_chunks::<2>().0) {
            *to = [(x + column) * self.stride, (y + row) * self.stride];
        }
        face
    }
}

fn without_doubles(mut found: Vec<Face>) -> Vec<Face> {
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Face> = Vec::new();
    for face in found {
        let double = kept.iter().any(|other| other.overlap(&face) > OVERLAP_MAX);
        if !double && kept.len() < FACES_MAX {
            kept.push(face);
        }
    }
    kept
}
