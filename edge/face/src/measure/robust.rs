//! The same pictures as a site spoils them: what still passes, and what the gate refuses to judge.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use opencv::core::{self, Mat, Point, Point2f, Rect, Scalar, Size};
use opencv::imgproc;
use opencv::prelude::*;

use crate::embedding::Embedding;
use crate::error::FaceError;
use crate::measure::pairs::Pair;
use crate::number::{coordinate, pixel};
use crate::quality::{Face, Purpose, choose};
use crate::track::Track;
use crate::vision::{Engine, fit, read};

/// Card and face are one person from here on: the policy's own default.
const SAME: f32 = 0.40;
/// Pictures are spoiled at the size at which the gate compares.
const SIDE_MAX: i32 = 640;

/// How a picture is spoiled.
#[derive(Debug, Clone, Copy)]
enum Spoiled {
    AsItIs,
    Dark,
    Backlit,
    Blurred,
    Leaning,
    Helmet,
    Mask,
    Far,
}

/// Rows of the table.
const ROWS: [(&str, Spoiled); 8] = [
    ("as it is", Spoiled::AsItIs),
    ("a third of the light", Spoiled::Dark),
    ("light from behind", Spoiled::Backlit),
    ("blurred, 1.5 % of the face", Spoiled::Blurred),
    ("leaning 20 degrees", Spoiled::Leaning),
    ("helmet down to the brows", Spoiled::Helmet),
    ("mask from the nose down", Spoiled::Mask),
    ("face of 60 pixels", Spoiled::Far),
];

/// Compares each first picture as it is with each second one spoiled; a table.
///
/// # Errors
/// `OpenCV` fails.
pub(super) fn robustness(engine: &mut Engine, pairs: &[Pair]) -> Result<String, FaceError> {
    let mut out = format!(
        "\nspoiled second picture, at {SAME:.2}    refused by the gate   genuine        impostors\n"
    );
    let first = faces(engine, pairs.iter().map(|pair| &*pair.a), Spoiled::AsItIs)?;
    for (name, spoiled) in ROWS {
        let second = faces(engine, pairs.iter().map(|pair| &*pair.b), spoiled)?;
        let refused = second.values().filter(|face| face.is_none()).count();
        let passing = |same: bool| {
            let kind = pairs.iter().filter(|pair| pair.same == same);
            let seen = kind.filter_map(|Pair { a, b, .. }| {
                let (a, b) = (first.get(a.as_path())?, second.get(b.as_path())?);
                Some(a.as_ref()?.similarity(b.as_ref()?))
            });
            let seen: Vec<f32> = seen.collect();
            let alike = seen.iter().filter(|one| **one >= SAME).count();
            format!("{alike}/{}", seen.len())
        };
        let line = writeln!(
            out,
            "{name:<36} {refused:>8}/{:<12} {:<14} {}",
            second.len(),
            passing(true),
            passing(false)
        );
        debug_assert!(line.is_ok(), "a String takes every text");
    }
    Ok(out)
}

/// The face of each picture, where the gate takes it.
fn faces<'a>(
    engine: &mut Engine,
    paths: impl Iterator<Item = &'a Path>,
    spoiled: Spoiled,
) -> Result<BTreeMap<&'a Path, Option<Embedding>>, FaceError> {
    let mut faces = BTreeMap::new();
    for path in paths {
        if faces.contains_key(path) {
            continue;
        }
        let Ok(image) = read(path) else {
            faces.insert(path, None);
            continue;
        };
        let image = fit(&image, SIDE_MAX)?;
        let found = choose(&engine.find(&image)?, Purpose::Measure);
        let looked = match found {
            Ok(face) => {
                let spoiled = spoil(&image, &face, spoiled)?;
                engine.watch(&spoiled, &mut Track::default())?
            }
            Err(why) => Err(why),
        };
        faces.insert(path, looked.ok().map(|usable| usable.embedding));
    }
    Ok(faces)
}

fn spoil(image: &Mat, face: &Face, spoiled: Spoiled) -> Result<Mat, FaceError> {
    let mut out = image.try_clone()?;
    let size = image.size()?;
    match spoiled {
        Spoiled::AsItIs => {}
        Spoiled::Dark => image.convert_to(&mut out, -1, 0.33, 0.0)?,
        Spoiled::Backlit => {
            // Bright all around, the face in its own shadow.
            image.convert_to(&mut out, -1, 0.6, 100.0)?;
            let mut shadow = Mat::default();
            image.convert_to(&mut shadow, -1, 0.4, 0.0)?;
            let mut mask = Mat::zeros(size.height, size.width, core::CV_8UC1)?.to_mat()?;
            let (middle, axes) = (middle(face), half(face, 0.65, 0.75));
            let white = Scalar::all(255.0);
            imgproc::ellipse(&mut mask, middle, axes, 0.0, 0.0, 360.0, white, -1, 8, 0)?;
            shadow.copy_to_masked(&mut out, &mask)?;
        }
        Spoiled::Blurred => {
            let sigma = f64::from(face.width) * 0.015;
            imgproc::gaussian_blur_def(image, &mut out, Size::default(), sigma)?;
        }
        Spoiled::Leaning => {
            let middle = middle(face);
            let middle = Point2f::new(coordinate(middle.x), coordinate(middle.y));
            let turn = imgproc::get_rotation_matrix_2d(middle, 20.0, 1.0)?;
            imgproc::warp_affine_def(image, &mut out, &turn, size)?;
        }
        Spoiled::Helmet => {
            let [right, left, ..] = face.points;
            let brows = right[1].min(left[1]) - face.height * 0.12;
            let top = face.top - face.height * 0.3;
            let place = [
                face.left - face.width * 0.15,
                top,
                face.width * 1.3,
                brows - top,
            ];
            cover(&mut out, place, Scalar::new(30.0, 200.0, 240.0, 0.0))?;
        }
        Spoiled::Mask => {
            let [_, _, nose, ..] = face.points;
            let top = nose[1] - face.height * 0.03;
            let rest = face.top + face.height - top;
            let place = [face.left, top, face.width, rest];
            cover(&mut out, place, Scalar::new(210.0, 190.0, 160.0, 0.0))?;
        }
        Spoiled::Far => {
            let share = 60.0 / face.width.max(1.0);
            let [columns, rows] =
                [size.width, size.height].map(|side| pixel(coordinate(side) * share).max(1));
            let size = Size::new(columns, rows);
            imgproc::resize(image, &mut out, size, 0.0, 0.0, imgproc::INTER_AREA)?;
        }
    }
    Ok(out)
}

fn middle(face: &Face) -> Point {
    Point::new(
        pixel(face.left + face.width / 2.0),
        pixel(face.top + face.height / 2.0),
    )
}

fn half(face: &Face, across: f32, down: f32) -> Size {
    Size::new(pixel(face.width * across), pixel(face.height * down))
}

fn cover(
    image: &mut Mat,
    [left, top, width, height]: [f32; 4],
    color: Scalar,
) -> Result<(), FaceError> {
    let place = Rect::new(pixel(left), pixel(top), pixel(width), pixel(height));
    imgproc::rectangle(image, place, color, -1, 8, 0)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::robustness;
    use crate::measure::pairs;
    use crate::models;
    use crate::vision::Engine;

    /// Three people, five portraits: nobody passes for another one, however the picture is spoiled.
    #[test]
    fn the_portraits_stand_the_weather() {
        let fetched = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/faces");
        let mut engine = Engine::load(&models::check(&fetched.join("models")).unwrap()).unwrap();
        let pairs = pairs::read(&fetched.join("people")).unwrap();
        let genuine = pairs.iter().filter(|pair| pair.same).count();
        assert_eq!((genuine, pairs.len()), (3, 10));
        let table = robustness(&mut engine, &pairs).unwrap();
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(rows.len(), 8, "{table}");
        assert!(rows[0].contains(" 3/3 "), "{table}");
        for row in rows {
            let strangers = row.split_whitespace().last().unwrap();
            assert!(strangers.starts_with("0/"), "{row}");
        }
    }
}
