//! `[lane.gate.relay]`: what is wired where on a relay board.

use drivers_relay::{OpenBy, RelayMap};

use crate::config::walk::Walk;

/// Highest relay or input of a board, counted from 0.
const PLACE_MAX: u32 = 63;

/// Reads the section.
pub(super) fn relay(walk: &mut Walk) -> Option<RelayMap> {
    let open_by = walk.word_or_first("open", &[("flash", OpenBy::Flash), ("coil", OpenBy::Coil)]);
    let open_in = place(walk, "open_in");
    let open_out = place(walk, "open_out");
    let (inward, outward) = (walk.has("passed_in"), walk.has("passed_out"));
    let passed = match (inward, outward) {
        (true, true) => {
            let (inward, outward) = (place(walk, "passed_in"), place(walk, "passed_out"));
            inward.zip(outward)
        }
        (false, false) => None,
        (true, false) | (false, true) => {
            let (known, missing) = if inward {
                ("passed_in", "passed_out")
            } else {
                ("passed_out", "passed_in")
            };
            let _noted = place(walk, known);
            walk.fault(
                missing,
                None,
                "输入编号；进出两个通过信号要么都写，要么都不写（共用一个时写同一个编号）",
            );
            None
        }
    };
    let fire = if walk.has("fire") {
        place(walk, "fire")
    } else {
        None
    };
    let inverted = walk.word_or_first("inputs", &[("normal", false), ("inverted", true)]);
    Some(RelayMap {
        open_by: open_by?,
        open_in: open_in?,
        open_out: open_out?,
        passed,
        fire,
        inverted: inverted?,
    })
}

/// A relay or an input by its number; must be there.
fn place(walk: &mut Walk, key: &'static str) -> Option<u16> {
    walk.number(key, 0..=PLACE_MAX, "从 0 数起的编号")
        .and_then(|number| u16::try_from(number).ok())
}
