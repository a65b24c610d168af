//! Pictures that somebody sends to break the process.

use edge_face_protocol::Unusable;
use opencv::core::{self, Mat, Scalar, Vector};
use opencv::imgcodecs;
use opencv::prelude::*;

use crate::quality::Purpose;
use crate::vision::decode;
use crate::vision::real_faces_test::engine;

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
