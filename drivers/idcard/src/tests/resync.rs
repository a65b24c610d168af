//! Noise, lies and cuts in the stream.

use proptest::collection::vec;
use proptest::prelude::*;

use super::sample::{FOUND, NOT_FOUND, SELECTED, golden_reply};
use crate::{FRAME_BYTES_MAX, FrameDecoder, PREAMBLE, ReplyFrame};

fn feed(bytes: &[u8]) -> (Vec<Vec<u8>>, FrameDecoder<ReplyFrame>) {
    let mut decoder = FrameDecoder::<ReplyFrame>::new();
    let frames = decoder.feed(bytes).iter().map(ReplyFrame::encode).collect();
    (frames, decoder)
}

#[test]
fn a_fourth_preamble_byte_hides_nothing() {
    for extra in 1..8 {
        let mut bytes = vec![0xAA; extra];
        bytes.extend(FOUND);
        let (frames, mut decoder) = feed(&bytes);
        assert_eq!(frames, [FOUND]);
        assert_eq!(decoder.take_dropped(), extra);
    }
}

#[test]
fn noise_before_between_and_after_frames_is_dropped() {
    let mut bytes = vec![0x00, 0xFF, 0x96, 0x69, 0xAA, 0xAA];
    bytes.extend(FOUND);
    bytes.extend([0xAA, 0xAA, 0xAA, 0x96, 0x68, 0x00]);
    bytes.extend(SELECTED);
    bytes.extend([0x13, 0x37]);
    let (frames, mut decoder) = feed(&bytes);
    assert_eq!(frames, [FOUND.to_vec(), SELECTED.to_vec()]);
    assert_eq!(decoder.take_dropped(), 14);
    assert_eq!(decoder.pending_bytes(), 0);
}

#[test]
fn noise_inside_a_frame_costs_that_frame_only() {
    for at in 0..NOT_FOUND.len() {
        let mut bytes = NOT_FOUND.to_vec();
        bytes[at] ^= 0x04;
        bytes.extend(FOUND);
        let mut decoder = FrameDecoder::<ReplyFrame>::new();
        let mut frames = decoder.feed(&bytes);
        frames.extend(decoder.give_up());
        assert_eq!(frames.last().unwrap().encode(), FOUND, "flipped byte {at}");
        assert_eq!(frames.len(), 1);
    }
}

#[test]
fn a_wrong_check_costs_that_frame_only() {
    let mut bytes = golden_reply();
    *bytes.last_mut().unwrap() ^= 0xFF;
    bytes.extend(FOUND);
    assert_eq!(feed(&bytes).0, [FOUND]);
}

#[test]
fn a_length_out_of_range_is_not_waited_for() {
    for len in [0_u16, 1, 3, 2_317, 0xFFFF] {
        let mut bytes = PREAMBLE.to_vec();
        bytes.extend(len.to_be_bytes());
        bytes.extend(FOUND);
        assert_eq!(feed(&bytes).0, [FOUND], "length {len}");
    }
}

#[test]
fn a_length_that_lies_is_found_out_by_silence() {
    let mut bytes = PREAMBLE.to_vec();
    bytes.extend([0x09, 0x00]);
    bytes.extend(FOUND);
    let (frames, mut decoder) = feed(&bytes);
    assert!(frames.is_empty());
    assert_eq!(decoder.arriving_len(), Some(0x0900));
    let frames = decoder.give_up();
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].encode(), FOUND);
    assert_eq!(decoder.pending_bytes(), 0);
}

#[test]
fn a_reply_sent_twice_is_two_frames() {
    let mut bytes = golden_reply();
    bytes.extend(golden_reply());
    assert_eq!(feed(&bytes).0.len(), 2);
}

#[test]
fn what_is_cleared_is_gone() {
    let (_, mut decoder) = feed(&golden_reply()[..700]);
    assert_eq!(decoder.clear(), 700);
    assert_eq!(decoder.feed(&FOUND).len(), 1);
}

#[test]
fn debug_shows_no_card_bytes() {
    let frame = golden_reply();
    let (_, decoder) = feed(&frame[..700]);
    assert!(format!("{decoder:?}").contains("pending_bytes: 700"));
    let replies = FrameDecoder::<ReplyFrame>::new().feed(&frame);
    assert!(format!("{replies:?}").contains("data_bytes: 1284"));
}

/// Bytes that look like frames often enough to reach every branch.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        vec(any::<u8>(), 0..40),
        Just(PREAMBLE.to_vec()),
        Just(vec![0xAA; 4]),
        Just(FOUND.to_vec()),
        (any::<u16>(), vec(any::<u8>(), 0..40)).prop_map(|(len, tail)| {
            let mut bytes = PREAMBLE.to_vec();
            bytes.extend((len % 2_400).to_be_bytes());
            bytes.extend(tail);
            bytes
        }),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Whether a false frame that begins in the noise happens to check with bytes of the true one: the
/// check is one byte, so no receiver can tell.
fn checks_across(bytes: &[u8], noise_bytes: usize) -> bool {
    (0..noise_bytes).any(|at| {
        let Some(rest) = bytes[at..].strip_prefix(&PREAMBLE) else {
            return false;
        };
        let len = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
        let end = at + 7 + len;
        len > 3
            && end > noise_bytes
            && end <= bytes.len()
            && rest[..2 + len].iter().fold(0, |sum, byte| sum ^ byte) == 0
    })
}

proptest! {
    #[test]
    fn memory_stays_bounded_and_every_byte_is_accounted_for(
        bytes in hostile(), chunk in 1_usize..200
    ) {
        let mut decoder = FrameDecoder::<ReplyFrame>::new();
        let mut accounted = 0;
        for chunk in bytes.chunks(chunk) {
            for frame in decoder.feed(chunk) {
                accounted += frame.frame_bytes();
            }
            prop_assert!(decoder.pending_bytes() < FRAME_BYTES_MAX);
        }
        accounted += decoder.take_dropped() + decoder.pending_bytes();
        prop_assert_eq!(accounted, bytes.len());
    }

    #[test]
    fn the_cuts_between_reads_change_nothing(bytes in hostile(), chunk in 1_usize..200) {
        let mut decoder = FrameDecoder::<ReplyFrame>::new();
        let mut frames = Vec::new();
        for chunk in bytes.chunks(chunk) {
            frames.extend(decoder.feed(chunk).iter().map(ReplyFrame::encode));
        }
        prop_assert_eq!(frames, feed(&bytes).0);
    }

    #[test]
    fn a_frame_after_any_noise_is_found_once_the_line_falls_silent(noise in hostile()) {
        let mut bytes = noise;
        let noise_bytes = bytes.len();
        bytes.extend(SELECTED);
        prop_assume!(!checks_across(&bytes, noise_bytes));
        let mut decoder = FrameDecoder::<ReplyFrame>::new();
        let mut frames = decoder.feed(&bytes);
        frames.extend(decoder.give_up());
        prop_assert_eq!(frames.last().map(ReplyFrame::encode), Some(SELECTED.to_vec()));
        prop_assert_eq!(decoder.pending_bytes(), 0);
    }
}
