//! Pictures that somebody sends to break the process.

use edge_face_protocol::Unusable;
use opencv::core::{self, Mat, Rect, Scalar, Size, Vector};
use opencv::prelude::*;
use opencv::{imgcodecs, imgproc};

use crate::number::pixel;
use crate::quality::Purpose;
use crate::track::Track;
use crate::vision::decode;
use crate::vision::real_faces_test::{engine, shot};

fn file(ending: &str, rows: i32, columns: i32) -> Vec<u8> {
    let image =
        Mat::new_rows_cols_with_default(rows, columns, core::CV_8UC3, Scalar::all(120.0)).unwrap();
    let mut bytes = Vector::<u8>::new();
    imgcodecs::imencode_def(ending, &image, &mut bytes).unwrap();
    bytes.to_vec()
}

fn refused(file: &[u8]) -> bool {
    matches!(decode(file), Err(Unusable::NotAPicture))
}

#[test]
fn sizes_beyond_the_limits_are_refused_before_they_are_unpacked() {
    for ending in [".jpg", ".png"] {
        assert!(refused(&file(ending, 1, 1)));
        assert!(refused(&file(ending, 8_000, 8_000)));
        assert!(!refused(&file(ending, 48, 6_000)));
    }
    // A header that promises more than any memory holds.
    let mut png = file(".png", 64, 64);
    png[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    assert!(refused(&png));
}

#[test]
fn a_jpeg_cut_at_any_place_is_refused() {
    let whole = file(".jpg", 96, 96);
    assert!(!refused(&whole));
    for end in 0..whole.len() - 2 {
        assert!(refused(&whole[..end]), "cut at {end}");
    }
}

#[test]
fn noise_is_no_picture() {
    assert!(refused(b""));
    assert!(refused(
        b"GIF89a, and a long tail that is no picture at all, whatever it says ........."
    ));
    let mut whole = file(".jpg", 96, 96);
    for at in 0..whole.len().min(400) {
        let before = whole[at];
        whole[at] = before.wrapping_add(0x5b);
        // Whatever comes out, it comes out.
        drop(decode(&whole));
        whole[at] = before;
    }
}

/// Four-channel JPEG, written by hand: one gray 64x64 picture in CMYK's four components would need
/// an encoder; the header alone must not be trusted to be three channels.
#[test]
fn four_channels_are_read_as_three_or_refused() {
    let mut four = file(".jpg", 64, 64);
    let frame = four
        .windows(2)
        .position(|pair| pair == [0xff, 0xc0])
        .unwrap();
    four[frame + 9] = 4;
    drop(decode(&four));
}

#[test]
fn an_even_picture_holds_no_face() {
    let image = decode(&file(".jpg", 480, 640)).unwrap();
    let looked = engine().look(&image, Purpose::Gate).unwrap();
    assert_eq!(looked.unwrap_err(), Unusable::NoFace);
}

fn resized(image: &Mat, columns: i32, rows: i32) -> Mat {
    let mut out = Mat::default();
    let size = Size::new(columns, rows);
    imgproc::resize(image, &mut out, size, 0.0, 0.0, imgproc::INTER_AREA).unwrap();
    out
}

fn part(image: &Mat, [left, top, columns, rows]: [i32; 4]) -> Mat {
    let place = Rect::new(left, top, columns, rows);
    Mat::roi(image, place).unwrap().try_clone().unwrap()
}

/// People as they should not stand before a camera, for the gate and for enrollment.
#[test]
fn crowds_and_halves_are_refused_with_their_reason() {
    let mut engine = engine();
    let near = shot("people/a/2.jpg");
    let face = engine.look(&near, Purpose::Gate).unwrap().unwrap().face;
    // Six of one size, three beside each other in two rows.
    let [left, top] = [face.left - face.width, face.top - face.height].map(|at| pixel(at).max(0));
    let columns = pixel(face.width * 2.6).min(near.cols() - left);
    let rows = pixel(face.height * 2.2).min(near.rows() - top);
    let one = resized(&part(&near, [left, top, columns, rows]), 210, 240);
    let (mut row, mut six) = (Mat::default(), Mat::default());
    let three = Vector::<Mat>::from_iter([0; 3].map(|_| one.try_clone().unwrap()));
    core::hconcat(&three, &mut row).unwrap();
    let two = Vector::<Mat>::from_iter([0; 2].map(|_| row.try_clone().unwrap()));
    core::vconcat(&two, &mut six).unwrap();
    let middle = pixel(face.left + face.width * 0.55);
    let half = part(&near, [middle, 0, near.cols() - middle, near.rows()]);
    let brow = pixel(face.top + face.height * 0.4);
    let eyeless = part(&near, [0, brow, near.cols(), near.rows() - brow]);
    let far = resized(&near, near.cols() / 4, near.rows() / 4);
    for (what, image, expected) in [
        ("six people", &six, &[Unusable::SeveralFaces][..]),
        (
            "half a face",
            &half,
            &[Unusable::Cut, Unusable::TooSmall, Unusable::NoFace],
        ),
        (
            "from the eyes down",
            &eyeless,
            &[Unusable::Cut, Unusable::NoFace],
        ),
        ("far away", &far, &[Unusable::TooSmall, Unusable::NoFace]),
    ] {
        for purpose in [Purpose::Gate, Purpose::Enroll] {
            let why = engine.look(image, purpose).unwrap().unwrap_err();
            assert!(expected.contains(&why), "{what}, {purpose:?}: {why:?}");
        }
        let why = engine.watch(image, &mut Track::default()).unwrap();
        assert!(why.is_err(), "{what}, as a frame of the gate");
    }
}

/// A camera that is set to another size in the middle of its stream: the face that was followed is
/// somewhere else, or nowhere, and is found again.
#[test]
fn a_stream_may_change_its_size() {
    let mut engine = engine();
    let image = shot("people/a/2.jpg");
    let alone = engine.look(&image, Purpose::Gate).unwrap().unwrap();
    let mut track = Track::default();
    for share in [100, 50, 200, 75, 300, 60, 100] {
        let frame = resized(
            &image,
            image.cols() * share / 100,
            image.rows() * share / 100,
        );
        for look in 0..2 {
            let usable = engine.watch(&frame, &mut track).unwrap();
            let Ok(usable) = usable else { continue };
            let alike = usable.embedding.similarity(&alone.embedding);
            assert!(alike > 0.6, "{share} %, look {look}: {alike}");
        }
    }
    let again = engine.watch(&image, &mut track).unwrap();
    assert!(again.is_ok(), "{again:?}");
}
