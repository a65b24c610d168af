//! The optional model that tells a living face from a picture of one.
//!
//! None comes with this release. A site may name one: a network that takes a square of 128 pixels
//! around the face (RGB, 0 to 1) and gives one number for a living face first and others for pictures
//! after it, as the `MiniFASNet` family does.

use opencv::core::{self, Mat, Scalar, Size};
use opencv::prelude::*;
use opencv::{dnn, imgproc};

use crate::error::FaceError;
use crate::models::SpoofModel;
use crate::quality::Face;

/// Side of the network's input, pixels.
const SIDE: i32 = 128;
/// How much of the picture around the face it wants to see, in sides of the face.
const AROUND: f64 = 1.5;

/// The model, for one thread.
pub(crate) struct Spoof {
    net: dnn::Net,
    /// From this share of certainty on a face is alive, 0 to 1.
    live_min: f32,
}

impl Spoof {
    /// Loads a checked model.
    ///
    /// # Errors
    /// `OpenCV` does not take it.
    pub(crate) fn open(model: &SpoofModel) -> Result<Self, FaceError> {
        let mut net = dnn::read_net_from_onnx(model.path.display().to_string())?;
        net.set_preferable_backend(dnn::DNN_BACKEND_OPENCV)?;
        net.set_preferable_target(dnn::DNN_TARGET_CPU)?;
        Ok(Self {
            net,
            live_min: f32::from(model.live_min) / 100.0,
        })
    }

    /// Whether a face of a picture is a living one.
    ///
    /// # Errors
    /// `OpenCV` fails.
    pub(crate) fn is_live(&mut self, image: &Mat, face: &Face) -> Result<bool, FaceError> {
        let side = f64::from(face.width.max(face.height)) * AROUND;
        let scale = f64::from(SIDE) / side.max(1.0);
        let left = f64::from(face.left + face.width / 2.0) - side / 2.0;
        let top = f64::from(face.top + face.height / 2.0) - side / 2.0;
        let map = Mat::from_slice_2d(&[[scale, 0.0, -left * scale], [0.0, scale, -top * scale]])?;
        let mut square = Mat::default();
        imgproc::warp_affine(
            image,
            &mut square,
            &map,
            Size::new(SIDE, SIDE),
            imgproc::INTER_LINEAR,
            core::BORDER_REPLICATE,
            Scalar::default(),
        )?;
        let blob = dnn::blob_from_image(
            &square,
            1.0 / 255.0,
            Size::default(),
            Scalar::default(),
            true,
            false,
            core::CV_32F,
        )?;
        self.net.set_input(&blob, "", 1.0, Scalar::default())?;
        let out = self.net.forward_single_def()?;
        Ok(first_share(out.data_typed::<f32>()?) >= self.live_min)
    }
}

/// The share of the first number after softmax; 0 where there is none.
fn first_share(numbers: &[f32]) -> f32 {
    let highest = numbers.iter().copied().max_by(f32::total_cmp);
    let Some((first, highest)) = numbers.first().zip(highest) else {
        return 0.0;
    };
    let all: f32 = numbers.iter().map(|one| (one - highest).exp()).sum();
    (first - highest).exp() / all
}

#[cfg(test)]
mod tests {
    use std::fs;

    use opencv::core::{self, Mat, Scalar};
    use sha2::{Digest, Sha256};
    use tempfile::TempDir;

    use super::{Spoof, first_share};
    use crate::models::{SpoofModel, check_spoof};
    use crate::number::hex;
    use crate::quality::Face;

    /// A length-delimited field of a protocol-buffer message.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2];
        let mut length = bytes.len();
        while length > 127 {
            out.push(u8::try_from(length & 127).unwrap() | 128);
            length >>= 7;
        }
        out.push(u8::try_from(length).unwrap());
        out.extend_from_slice(bytes);
        out
    }

    fn number(field: u8, value: u8) -> Vec<u8> {
        vec![field << 3, value]
    }

    fn node(kind: &str, inputs: &[&str], output: &str) -> Vec<u8> {
        let mut body: Vec<u8> = inputs
            .iter()
            .flat_map(|input| field(1, input.as_bytes()))
            .collect();
        body.extend(field(2, output.as_bytes()));
        body.extend(field(3, output.as_bytes()));
        body.extend(field(4, kind.as_bytes()));
        field(1, &body)
    }

    fn value(place: u8, name: &str, sides: &[u8]) -> Vec<u8> {
        let shape: Vec<u8> = sides
            .iter()
            .flat_map(|side| {
                // A side of 128 takes two bytes.
                let dimension = if *side < 128 {
                    number(1, *side)
                } else {
                    vec![8, *side, 1]
                };
                field(1, &dimension)
            })
            .collect();
        let tensor = [number(1, 1), field(2, &shape)].concat();
        let body = [field(1, name.as_bytes()), field(2, &field(1, &tensor))].concat();
        field(place, &body)
    }

    /// A network as small as one can be: red is alive, blue is a picture.
    fn red_lives() -> Vec<u8> {
        let weights: Vec<u8> = [20.0_f32, 0.0, 0.0, 0.0, 0.0, 20.0]
            .iter()
            .flat_map(|one| one.to_le_bytes())
            .collect();
        let tensor = [
            number(1, 3),
            number(1, 2),
            number(2, 1),
            field(8, b"w"),
            field(9, &weights),
        ]
        .concat();
        let graph = [
            node("GlobalAveragePool", &["x"], "p"),
            node("Flatten", &["p"], "f"),
            node("MatMul", &["f", "w"], "y"),
            field(2, b"red lives"),
            field(5, &tensor),
            value(11, "x", &[1, 3, 128, 128]),
            value(12, "y", &[1, 2]),
        ]
        .concat();
        let opset = [field(1, b""), number(2, 11)].concat();
        [number(1, 7), field(7, &graph), field(8, &opset)].concat()
    }

    #[test]
    fn the_named_model_decides_and_another_file_is_refused() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("live.onnx");
        fs::write(&path, red_lives()).unwrap();
        let digest = hex(&Sha256::digest(red_lives()));
        let model = |sha256: &str| SpoofModel {
            path: path.clone(),
            sha256: sha256.to_owned(),
            live_min: 80,
        };
        let refused = check_spoof(&model(&"0".repeat(64)))
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains("live.onnx") && refused.contains("不符"),
            "{refused}"
        );
        let model = model(&digest);
        check_spoof(&model).unwrap();
        let mut spoof = Spoof::open(&model).unwrap();
        let face = Face {
            left: 200.0,
            top: 100.0,
            width: 100.0,
            height: 120.0,
            points: [[0.0; 2]; 5],
            score: 0.9,
        };
        let mut judge = |blue: f64, red: f64| {
            let color = Scalar::new(blue, 40.0, red, 0.0);
            let image = Mat::new_rows_cols_with_default(480, 640, core::CV_8UC3, color).unwrap();
            spoof.is_live(&image, &face).unwrap()
        };
        assert!(judge(40.0, 200.0));
        assert!(!judge(200.0, 40.0));
        assert!(!judge(120.0, 120.0), "half sure is not sure");
    }

    #[test]
    fn shares_are_those_of_softmax() {
        assert!((first_share(&[0.0, 0.0]) - 0.5).abs() < 1e-6);
        assert!((first_share(&[2.0, 0.0]) - 0.880_797).abs() < 1e-5);
        assert!(first_share(&[]).abs() < f32::EPSILON);
    }
}
