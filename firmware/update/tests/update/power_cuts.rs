//! A power cut at every write and every erasure of an update, of a rollback, and of what follows a
//! power cut.

use crate::site::{Board, image, phase_of, send};
use firmware_protocol::UpdatePhase;
use firmware_update::{Start, Updates};

/// Does the new image prove itself?
#[derive(Clone, Copy, PartialEq, Eq)]
enum New {
    Good,
    Bad,
}

/// An update from its first piece to its end, until the power goes. True once the new image was
/// told that it stays.
fn life(board: &Board, new: New) -> bool {
    send(&mut board.program(), &image(2));
    if board.boot() != Ok(Start::Trial) {
        return false;
    }
    let mut stays = false;
    if new == New::Good {
        let mut program = board.program();
        program.confirm();
        stays = phase_of(&program.status()) == UpdatePhase::Confirmed;
    }
    board.boot().ok();
    stays
}

fn steps_of_a_life(new: New) -> usize {
    let board = Board::with(&image(1));
    life(&board, new);
    let steps = board.flash.borrow().spent();
    assert!(steps > 500, "{steps}");
    steps
}

#[test]
fn an_undisturbed_update_stays_and_a_bad_one_goes() {
    let board = Board::with(&image(1));
    assert!(life(&board, New::Good));
    assert!(board.runs_image(&image(2)));
    assert_eq!(board.phase(), UpdatePhase::Confirmed);
    let board = Board::with(&image(1));
    assert!(!life(&board, New::Bad));
    assert!(board.runs_image(&image(1)));
    assert_eq!(board.phase(), UpdatePhase::RolledBack);
}

#[test]
fn a_power_cut_anywhere_in_a_good_update_leaves_a_whole_image_that_can_be_updated() {
    let (mut kept_old, mut on_trial, mut kept_new) = (0, 0, 0);
    for cut in 0..=steps_of_a_life(New::Good) {
        let board = Board::with(&image(1));
        board.power_for(cut);
        let stays = life(&board, New::Good);
        board.power_for(usize::MAX);
        match board.boot().unwrap() {
            Start::Trial => {
                assert!(board.runs_image(&image(2)) && !stays, "cut at {cut}");
                board.program().confirm();
                on_trial += 1;
            }
            Start::Usual if board.runs_image(&image(2)) => kept_new += 1,
            Start::Usual => {
                assert!(board.runs_image(&image(1)) && !stays, "cut at {cut}");
                kept_old += 1;
            }
        }
        // Whatever it was, the next update works.
        let newer = image(3);
        assert_eq!(
            phase_of(&send(&mut board.program(), &newer)),
            UpdatePhase::Staged,
            "cut at {cut}"
        );
        assert_eq!(board.boot(), Ok(Start::Trial), "cut at {cut}");
        board.program().confirm();
        assert_eq!(board.boot(), Ok(Start::Usual), "cut at {cut}");
        assert!(board.runs_image(&newer), "cut at {cut}");
    }
    assert!(kept_old > 0 && on_trial > 0 && kept_new > 0);
}

#[test]
fn a_power_cut_anywhere_in_a_rollback_ends_with_the_old_image() {
    let mut rolled_back = 0;
    for cut in 0..steps_of_a_life(New::Bad) {
        let board = Board::with(&image(1));
        board.power_for(cut);
        life(&board, New::Bad);
        board.power_for(usize::MAX);
        if board.boot().unwrap() == Start::Trial {
            assert!(board.runs_image(&image(2)), "cut at {cut}");
            assert_eq!(board.boot(), Ok(Start::Usual), "cut at {cut}");
        }
        assert!(board.runs_image(&image(1)), "cut at {cut}");
        rolled_back += usize::from(board.phase() == UpdatePhase::RolledBack);
    }
    assert!(rolled_back > 0);
}

#[test]
fn a_second_and_a_third_power_cut_while_the_first_is_mended_lose_nothing() {
    for cut in (0..steps_of_a_life(New::Bad)).step_by(41) {
        for next in (0..400).step_by(29) {
            let board = Board::with(&image(1));
            board.power_for(cut);
            life(&board, New::Bad);
            for power in [next, next / 2] {
                board.power_for(power);
                board.boot().ok();
            }
            board.power_for(usize::MAX);
            if board.boot().unwrap() == Start::Trial {
                assert!(board.runs_image(&image(2)), "cuts at {cut} and {next}");
                board.boot().unwrap();
            }
            assert!(board.runs_image(&image(1)), "cuts at {cut} and {next}");
        }
    }
}
