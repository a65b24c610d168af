//! Pieces that come twice, too late, too early or not at all.

use crate::site::{Board, ROOM, body, header, image, kind, name_of, phase_of, send, sign, signer};
use firmware_protocol::{Fault, Reply, UpdateFault, UpdatePhase, UpdateStatus};
use firmware_update::{BoardKind, Header, Start, Updates};

fn receiving(received: u32) -> Reply {
    Reply::Update(UpdateStatus {
        phase: UpdatePhase::Receiving,
        received,
    })
}

fn length(image: &[u8]) -> u32 {
    u32::try_from(image.len()).unwrap()
}

#[test]
fn a_piece_that_comes_again_or_too_early_is_answered_with_where_to_go_on() {
    let (board, image) = (Board::with(&image(1)), image(2));
    let mut program = board.program();
    assert_eq!(program.begin(length(&image), name_of(&image)), receiving(0));
    assert_eq!(program.chunk(0, &image[..128]), receiving(128));
    let spent = board.flash.borrow().spent();
    for (offset, piece) in [(0, &image[..128]), (256, &image[256..384])] {
        assert_eq!(program.chunk(offset, piece), receiving(128));
    }
    assert_eq!(board.flash.borrow().spent(), spent, "nothing was written");
    assert_eq!(program.chunk(128, &image[128..132]), receiving(132));
}

#[test]
fn a_transfer_goes_on_under_its_name_and_another_one_begins_anew() {
    let (board, image) = (Board::with(&image(1)), image(2));
    let mut program = board.program();
    program.begin(length(&image), name_of(&image));
    program.chunk(0, &image[..128]);
    assert_eq!(
        program.begin(length(&image), name_of(&image)),
        receiving(128)
    );
    assert_eq!(program.begin(length(&image), [9; 8]), receiving(0));
    let wholly = send(&mut program, &image);
    assert_eq!(phase_of(&wholly), UpdatePhase::Staged);
    assert!(program.is_staged());
    // The answer was lost: the same request again changes nothing.
    assert_eq!(program.commit(), wholly);
    assert_eq!(
        program.begin(length(&image), name_of(&image)),
        Reply::Error(Fault::Busy)
    );
}

#[test]
fn pieces_that_do_not_fit_are_refused() {
    let (board, image) = (Board::with(&image(1)), image(2));
    let refused = |fault| Reply::UpdateRefused(fault);
    let mut program = board.program();
    assert_eq!(
        program.chunk(0, &image[..128]),
        refused(UpdateFault::Incomplete),
        "nothing was begun"
    );
    for (piece, fault) in [
        (&image[..0], UpdateFault::Length),
        (&image[..127], UpdateFault::Length),
        (&image[..124], UpdateFault::NotAnImage),
        (&image[..260], UpdateFault::Length),
    ] {
        program.begin(length(&image), name_of(&image));
        assert_eq!(program.chunk(0, piece), refused(fault), "{}", piece.len());
    }
    program.begin(132, name_of(&image));
    assert_eq!(
        program.chunk(0, &image[..128]),
        refused(UpdateFault::Length),
        "the header says another length"
    );
    assert_eq!(program.commit(), refused(UpdateFault::Incomplete));
}

#[test]
fn a_truncated_image_never_reaches_the_boot_loader() {
    let (old, new) = (image(1), image(2));
    for kept in [0, 128, 512, new.len() - 4] {
        let board = Board::with(&old);
        let mut program = board.program();
        program.begin(length(&new), name_of(&new));
        for (offset, piece) in (0_u32..).step_by(128).zip(new[..kept].chunks(128)) {
            program.chunk(offset, piece);
        }
        assert_eq!(
            program.commit(),
            Reply::UpdateRefused(UpdateFault::Incomplete),
            "{kept}"
        );
        assert_eq!(board.boot(), Ok(Start::Usual));
        assert!(board.runs_image(&old));
    }
}

#[test]
fn what_the_header_rules_out_is_refused_at_the_first_piece() {
    let board = Board::with(&image(5));
    let small = body(6, 100);
    let long = body(6, ROOM);
    let good = header(6, &small);
    let other = Header {
        kind: BoardKind::named("another"),
        ..good
    };
    let odd = body(6, 102);
    for (header, body, fault) in [
        (other, &small, UpdateFault::OtherBoard),
        (header(5, &small), &small, UpdateFault::NotNewer),
        (header(4, &small), &small, UpdateFault::NotNewer),
        (header(6, &long), &long, UpdateFault::Length),
        (header(6, &odd), &odd, UpdateFault::Length),
    ] {
        let image = sign(&header, body, &signer());
        let mut program = board.program();
        program.begin(length(&image), name_of(&image));
        let answer = program.chunk(0, &image[..128]);
        assert_eq!(answer, Reply::UpdateRefused(fault));
    }
    let mut damaged = sign(&good, &small, &signer());
    for bit in 0..64 * 8 {
        damaged[bit / 8] ^= 1 << (bit % 8);
        let mut program = board.program();
        program.begin(length(&damaged), name_of(&damaged));
        let answer = program.chunk(0, &damaged[..128]);
        assert_eq!(
            answer,
            Reply::UpdateRefused(UpdateFault::NotAnImage),
            "bit {bit}"
        );
        damaged[bit / 8] ^= 1 << (bit % 8);
    }
    assert_eq!(good.kind, kind());
}

#[test]
fn nothing_comes_in_while_an_image_is_on_trial() {
    let board = Board::with(&image(1));
    send(&mut board.program(), &image(2));
    assert_eq!(board.boot(), Ok(Start::Trial));
    let mut program = board.program();
    assert_eq!(phase_of(&program.status()), UpdatePhase::Trial);
    assert_eq!(send(&mut program, &image(3)), Reply::Error(Fault::Busy));
    program.confirm();
    assert_eq!(
        phase_of(&send(&mut program, &image(3))),
        UpdatePhase::Staged
    );
}
