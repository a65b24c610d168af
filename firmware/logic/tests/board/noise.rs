//! Nothing that is not an open command opens the gate.

use crate::rig::Rig;
use firmware_protocol::{Direction, Request};
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, proptest};

proptest! {
    #[test]
    fn arbitrary_bytes_never_open(chunks in vec(vec(any::<u8>(), 0..300), 1..20)) {
        let mut rig = Rig::greeted();
        for chunk in chunks {
            rig.say(&chunk);
            rig.wait_silently(3);
            prop_assert!(!rig.open_in.is_on() && !rig.open_out.is_on());
        }
        // Whatever came before, the next frame but one is heard.
        rig.board.receive(&[0]);
        rig.greet();
    }

    #[test]
    fn a_damaged_open_command_never_opens(
        token in any::<u32>(), flips in vec((any::<prop::sample::Index>(), 0..8_u32), 1..5),
    ) {
        let mut rig = Rig::greeted();
        let clean = rig.frame(&Request::Open { direction: Direction::In, token });
        let mut damaged = clean.clone();
        for (at, bit) in flips {
            let at = at.index(damaged.len());
            damaged[at] ^= 1 << bit;
        }
        rig.board.receive(&damaged);
        rig.board.receive(&[0]);
        // Flips may cancel out.
        prop_assert!(rig.open_in.is_on() == (damaged == clean));
    }

    #[test]
    fn any_levels_at_any_pace_are_survived(
        steps in vec((any::<[bool; 4]>(), any::<u32>()), 1..200),
    ) {
        let mut rig = Rig::greeted();
        for ([outer, inner, fire, tamper], pause_ms) in steps {
            rig.outer.set(outer);
            rig.inner.set(inner);
            rig.fire.set(fire);
            rig.tamper.set(tamper);
            rig.now_ms = rig.now_ms.wrapping_add(pause_ms);
            rig.board.tick(rig.now_ms);
            rig.poll(0);
        }
    }
}

use proptest::prelude::prop;
