//! Flash that does not take what it is given: the gate works on with the image that is whole.

use crate::flash::PAGE;
use crate::site::{Board, image, phase_of, send};
use core::ops::Range;
use firmware_protocol::{UpdateFault, UpdatePhase};
use firmware_update::{Start, Updates};

/// Makes the pages from the end of the flash on bad: the journal's two come last, and before them the
/// second slot's spare one.
fn wear(board: &Board, from_end: Range<usize>) {
    let mut flash = board.flash.borrow_mut();
    let pages = flash.bytes.len() / PAGE;
    flash.worn = (pages - from_end.end) * PAGE..(pages - from_end.start) * PAGE;
}

#[test]
fn a_second_slot_that_does_not_take_the_old_image_costs_the_update_only() {
    let board = Board::with(&image(1));
    let staged = phase_of(&send(&mut board.program(), &image(2)));
    assert_eq!(staged, UpdatePhase::Staged);
    wear(&board, 2..3);
    assert_eq!(board.boot(), Ok(Start::Usual));
    assert!(board.runs_image(&image(1)));
    assert_eq!(board.phase(), UpdatePhase::Refused(UpdateFault::Flash));
    assert_eq!(board.boot(), Ok(Start::Usual));
}

#[test]
fn a_journal_that_takes_nothing_leaves_the_image_that_is_there() {
    let board = Board::with(&image(1));
    send(&mut board.program(), &image(2));
    wear(&board, 0..2);
    assert_eq!(board.boot(), Ok(Start::Usual), "it cannot begin");
    assert!(board.runs_image(&image(1)));
    wear(&board, 0..0);
    assert_eq!(board.boot(), Ok(Start::Trial));
    wear(&board, 0..2);
    let mut program = board.program();
    program.confirm();
    assert_ne!(phase_of(&program.status()), UpdatePhase::Confirmed);
    assert_eq!(board.boot(), Ok(Start::Usual), "it cannot go back");
    assert!(board.runs_image(&image(2)));
}
