//! What the boot loader takes, and what it refuses with which reason.

use crate::site::{Board, body, header, image, sign, signer};
use ed25519_dalek::SigningKey;
use firmware_protocol::{UpdateFault, UpdatePhase};
use firmware_update::{HEADER_BYTES, Header, Journal, Phase, Start, TrustedKey, Window};

/// Puts an image into the second slot as if all of it had come, and starts the boot loader.
fn judged(board: &Board, staged: &[u8]) -> UpdatePhase {
    {
        let mut flash = board.flash.borrow_mut();
        let at = usize::try_from(crate::site::ROOM).unwrap();
        flash.bytes[at..at + 1024].fill(0xff);
        flash.bytes[at..at + staged.len()].copy_from_slice(staged);
    }
    let mut journal = Journal::open(Window::new(&board.flash, 7 * 256, 512));
    assert!(journal.enter(Phase::Staged));
    board.boot().unwrap();
    board.phase()
}

fn refused(fault: UpdateFault) -> UpdatePhase {
    UpdatePhase::Refused(fault)
}

#[test]
fn a_well_signed_image_is_tried() {
    let board = Board::with(&image(1));
    assert_eq!(judged(&board, &image(2)), UpdatePhase::Trial);
    assert!(board.runs_image(&image(2)));
}

#[test]
fn an_image_signed_by_somebody_else_is_refused() {
    let board = Board::with(&image(1));
    let body = body(2, 100);
    let foreign = sign(&header(2, &body), &body, &SigningKey::from_bytes(&[8; 32]));
    assert_eq!(judged(&board, &foreign), refused(UpdateFault::Signature));
    assert!(board.runs_image(&image(1)));
    assert_eq!(board.boot(), Ok(Start::Usual), "and is not tried again");
}

#[test]
fn a_board_without_a_key_takes_no_image() {
    let mut board = Board::with(&image(1));
    board.key = None;
    assert_eq!(judged(&board, &image(2)), refused(UpdateFault::NoKey));
    board.key = Some(TrustedKey([0xff; 32]));
    let odd = judged(&board, &image(2));
    assert!(matches!(odd, UpdatePhase::Refused(_)), "{odd:?}");
    assert!(board.runs_image(&image(1)));
}

#[test]
fn every_damaged_bit_of_header_signature_or_program_is_refused() {
    let board = Board::with(&image(1));
    let good = image(2);
    for at in (0..128).chain(512..good.len()) {
        let mut damaged = good.clone();
        damaged[at] ^= 1 << (at % 8);
        let expected = match at {
            0..64 => refused(UpdateFault::NotAnImage),
            64..128 => refused(UpdateFault::Signature),
            _ => refused(UpdateFault::Digest),
        };
        assert_eq!(judged(&board, &damaged), expected, "byte {at}");
        assert!(board.runs_image(&image(1)), "byte {at}");
    }
}

#[test]
fn an_image_that_is_not_newer_is_refused_by_the_boot_loader_too() {
    let board = Board::with(&image(2));
    for version in [1, 2] {
        let phase = judged(&board, &image(version));
        assert_eq!(phase, refused(UpdateFault::NotNewer));
        assert!(board.runs_image(&image(2)));
    }
}

#[test]
fn a_header_and_a_trusted_key_read_what_they_write() {
    let body = body(2, 100);
    let header = header(2, &body);
    let bytes = header.write();
    assert_eq!(bytes.len(), HEADER_BYTES);
    assert_eq!(Header::read(&bytes), Some(header));
    assert_eq!(header.kind.name(), "test");
    let key = TrustedKey(signer().verifying_key().to_bytes());
    let mut page = key.write();
    assert_eq!(TrustedKey::read(&page), Some(key));
    page[20] ^= 1;
    assert_eq!(TrustedKey::read(&page), None);
    assert_eq!(TrustedKey::read(&[0xff; 40]), None);
}
