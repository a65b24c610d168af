//! Real models on the public-domain portraits that set-up fetches.

use std::path::PathBuf;

use edge_face_protocol::Unusable;
use opencv::core::{self, Mat, Point2f, Scalar, Size};
use opencv::imgproc;
use opencv::prelude::*;

use crate::models;
use crate::number::coordinate;
use crate::quality::Purpose;
use crate::track::Track;
use crate::vision::engine::Usable;
use crate::vision::picture::fit;
use crate::vision::{Engine, read};

/// What the house asks of a card and a face; the policy's own default.
const SAME: f32 = 0.40;
const OTHER: f32 = 0.25;

fn fetched(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/faces")
        .join(name);
    assert!(path.exists(), "{name} is not there: run ./dev setup");
    path
}

pub(super) fn engine() -> Engine {
    Engine::load(&models::check(&fetched("models")).unwrap()).unwrap()
}

pub(super) fn shot(name: &str) -> Mat {
    fit(&read(&fetched(name)).unwrap(), 640).unwrap()
}

fn face(engine: &mut Engine, image: &Mat) -> Usable {
    engine.look(image, Purpose::Gate).unwrap().unwrap()
}

#[test]
fn three_shots_of_one_person_agree_and_others_do_not() {
    let mut engine = engine();
    let enrolled = engine
        .look(&read(&fetched("people/a/1.jpg")).unwrap(), Purpose::Enroll)
        .unwrap()
        .unwrap();
    for (name, low, high) in [
        ("people/a/2.jpg", SAME, 1.0),
        ("people/a/3.jpg", SAME, 1.0),
        ("people/b/1.jpg", -1.0, OTHER),
        ("people/c/1.png", -1.0, OTHER),
    ] {
        let probe = face(&mut engine, &shot(name));
        let similarity = probe.embedding.similarity(&enrolled.embedding);
        assert!((low..high).contains(&similarity), "{name}: {similarity}");
    }
}

/// Darker, brighter, blurred and leaning pictures, and a far face, of another shot than the
/// template: either the same person is still recognized, or the picture is refused with its reason.
#[test]
fn what_spoils_a_picture_is_recognized_or_refused() {
    let mut engine = engine();
    let enrolled = face(&mut engine, &shot("people/a/1.jpg")).embedding;
    let probe = shot("people/a/2.jpg");
    let lit = |gain: f64, offset: f64| {
        let mut out = Mat::default();
        probe.convert_to(&mut out, -1, gain, offset).unwrap();
        out
    };
    let smeared = |side: i32| {
        let mut out = Mat::default();
        imgproc::blur_def(&probe, &mut out, Size::new(side, side)).unwrap();
        out
    };
    let leaning = |degrees: f64| {
        let size = probe.size().unwrap();
        let middle = Point2f::new(coordinate(size.width) / 2.0, coordinate(size.height) / 2.0);
        let turn = imgproc::get_rotation_matrix_2d(middle, degrees, 1.0).unwrap();
        let mut out = Mat::default();
        imgproc::warp_affine_def(&probe, &mut out, &turn, size).unwrap();
        out
    };
    for (what, image, expected) in [
        ("half the light", lit(0.5, 0.0), Ok(())),
        (
            "a quarter of the light",
            lit(0.25, 0.0),
            Err(Unusable::TooDark),
        ),
        ("washed out", lit(0.4, 150.0), Ok(())),
        ("slightly smeared", smeared(3), Ok(())),
        ("smeared", smeared(21), Err(Unusable::Blurred)),
        ("leaning 15 degrees", leaning(15.0), Ok(())),
    ] {
        let looked = engine.look(&image, Purpose::Gate).unwrap();
        match (looked, expected) {
            (Ok(usable), Ok(())) => {
                let similarity = usable.embedding.similarity(&enrolled);
                assert!(similarity >= SAME, "{what}: {similarity}");
            }
            (Err(why), Err(expected)) => assert_eq!(why, expected, "{what}"),
            (looked, _) => panic!("{what}: {looked:?}"),
        }
    }
}

#[test]
fn two_people_side_by_side_are_not_guessed_at_and_a_face_behind_is_ignored() {
    let mut engine = engine();
    let near = shot("people/a/2.jpg");
    let other = shot("people/b/1.jpg");
    let alone = face(&mut engine, &near);
    let beside = |share: f32| {
        let size = near.size().unwrap();
        let mut scaled = Mat::default();
        let theirs = face_width(&other);
        let factor = f64::from(alone.face.width * share / theirs);
        imgproc::resize(
            &other,
            &mut scaled,
            Size::default(),
            factor,
            factor,
            imgproc::INTER_AREA,
        )
        .unwrap();
        let theirs = scaled.size().unwrap();
        let mut canvas = Mat::new_rows_cols_with_default(
            size.height.max(theirs.height),
            size.width + theirs.width,
            core::CV_8UC3,
            Scalar::all(90.0),
        )
        .unwrap();
        for (image, left) in [(&near, 0), (&scaled, size.width)] {
            let size = image.size().unwrap();
            let place = core::Rect::new(left, 0, size.width, size.height);
            let mut part = Mat::roi_mut(&mut canvas, place).unwrap();
            image.copy_to(&mut part).unwrap();
        }
        canvas
    };
    let two = engine.look(&beside(1.0), Purpose::Gate).unwrap();
    assert_eq!(two.unwrap_err(), Unusable::SeveralFaces);
    let poster = engine.look(&beside(0.5), Purpose::Gate).unwrap().unwrap();
    assert!(poster.embedding.similarity(&alone.embedding) > 0.9);
}

fn face_width(image: &Mat) -> f32 {
    face(&mut engine(), image).face.width
}

#[test]
fn the_same_pixels_have_the_same_prints_and_noise_changes_them() {
    let mut engine = engine();
    let image = shot("people/a/2.jpg");
    let first = face(&mut engine, &image).prints;
    assert!(first.inside.len() > 4);
    assert_eq!(face(&mut engine, &image).prints, first);
    let mut noisy = Mat::default();
    image.convert_to(&mut noisy, -1, 1.0, 1.0).unwrap();
    let changed = face(&mut engine, &noisy).prints;
    assert!(
        first
            .inside
            .iter()
            .all(|tile| !changed.around.contains(tile))
    );
}

/// What the gate finds on the smaller copy and around the face of the frame before is what a look
/// at the whole picture finds.
#[test]
fn the_gates_quicker_look_gives_the_same_face() {
    let mut engine = engine();
    for name in ["a/1.jpg", "a/2.jpg", "a/3.jpg", "b/1.jpg", "c/1.png"] {
        let image = shot(&format!("people/{name}"));
        let slow = face(&mut engine, &image);
        let mut track = Track::default();
        for look in ["whole", "around", "around"] {
            let quick = engine.watch(&image, &mut track).unwrap().unwrap();
            let alike = quick.embedding.similarity(&slow.embedding);
            assert!(alike > 0.9, "{name}, {look}: {alike}");
            assert!(
                (quick.face.width / slow.face.width - 1.0).abs() < 0.08,
                "{name}, {look}"
            );
        }
    }
    // Nobody is there any more.
    let mut track = Track::default();
    engine
        .watch(&shot("people/a/2.jpg"), &mut track)
        .unwrap()
        .unwrap();
    let empty = Mat::new_rows_cols_with_default(480, 640, core::CV_8UC3, Scalar::all(90.0));
    let gone = engine.watch(&empty.unwrap(), &mut track).unwrap();
    assert_eq!(gone.unwrap_err(), Unusable::NoFace);
    assert_eq!(track.next(), None);
}
