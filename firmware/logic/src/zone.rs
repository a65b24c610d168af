//! From two beams to people who walk through.
//!
//! A crossing begins when a beam breaks in a clear zone and ends when both are clear again. The
//! side of the first and of the last lone beam say where the person came from and went to. So a
//! person may stand still, waver, or turn back without being counted.
//!
//! What two beams cannot tell: two people so close that the zone never clears count as one.

use crate::uptime::elapsed_ms;
use firmware_protocol::Direction;

/// A body thinner than the distance between the beams is unseen between them for no longer than
/// this, in ms.
pub const UNSEEN_MS_MAX: u32 = 2000;

/// Somebody went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// Which way.
    pub direction: Direction,
    /// Uptime at which the first beam broke.
    pub began_ms: u32,
}

/// Which beam.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Outer,
    Inner,
}

impl Side {
    /// The direction of somebody who enters on this side.
    const fn inward(self) -> Direction {
        match self {
            Self::Outer => Direction::In,
            Self::Inner => Direction::Out,
        }
    }
}

/// What is known about the person in the zone.
#[derive(Clone, Copy, Debug)]
struct Visit {
    began_ms: u32,
    /// Lone beam at first; `None` if both broke at once.
    first: Option<Side>,
    /// Lone beam at last; `None` while both are broken.
    last: Option<Side>,
}

/// Somebody touched one beam only and left on that side, or is unseen between the beams.
#[derive(Clone, Copy, Debug)]
struct Glimpse {
    side: Side,
    began_ms: u32,
    ended_ms: u32,
}

/// The two beams of a lane.
#[derive(Clone, Copy, Debug, Default)]
pub struct Zone {
    visit: Option<Visit>,
    glimpse: Option<Glimpse>,
}

impl Zone {
    /// Whether a beam is broken.
    pub const fn is_blocked(&self) -> bool {
        self.visit.is_some()
    }

    /// Whether somebody is there: at a beam, or perhaps unseen between them.
    pub fn is_occupied(&self, now_ms: u32) -> bool {
        let unseen = |seen: Glimpse| elapsed_ms(now_ms, seen.ended_ms) <= UNSEEN_MS_MAX;
        self.is_blocked() || self.glimpse.is_some_and(unseen)
    }

    /// Takes both debounced beams (true is broken); returns a crossing when one is complete.
    pub fn step(&mut self, now_ms: u32, outer: bool, inner: bool) -> Option<Crossing> {
        let lone = match (outer, inner) {
            (false, false) => return self.cleared(now_ms),
            (true, false) => Some(Side::Outer),
            (false, true) => Some(Side::Inner),
            (true, true) => None,
        };
        let visit = self.visit.get_or_insert(Visit {
            began_ms: now_ms,
            first: lone,
            last: lone,
        });
        visit.last = lone;
        None
    }

    fn cleared(&mut self, now_ms: u32) -> Option<Crossing> {
        let visit = self.visit.take()?;
        let glimpse = self
            .glimpse
            .take()
            .filter(|seen| elapsed_ms(now_ms, seen.ended_ms) <= UNSEEN_MS_MAX);
        let through = |direction, began_ms| {
            Some(Crossing {
                direction,
                began_ms,
            })
        };
        match (visit.first, visit.last) {
            (None, None) => None,
            (Some(first), None) => through(first.inward(), visit.began_ms),
            (None, Some(last)) => through(last.inward().reversed(), visit.began_ms),
            (Some(first), Some(last)) if first != last => through(first.inward(), visit.began_ms),
            (Some(side), Some(_)) => match glimpse {
                Some(seen) if seen.side != side => through(seen.side.inward(), seen.began_ms),
                _ => {
                    self.glimpse = Some(Glimpse {
                        side,
                        began_ms: visit.began_ms,
                        ended_ms: now_ms,
                    });
                    None
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Crossing, UNSEEN_MS_MAX, Zone};
    use firmware_protocol::Direction::{In, Out};
    use std::vec::Vec;

    /// Plays `o` outer, `i` inner, `b` both, `.` none, 100 ms each.
    fn play(beams: &str) -> Vec<(firmware_protocol::Direction, u32)> {
        let mut zone = Zone::default();
        let mut seen = Vec::new();
        for (step, beam) in (0_u32..).zip(beams.chars()) {
            let (outer, inner) = (matches!(beam, 'o' | 'b'), matches!(beam, 'i' | 'b'));
            if let Some(Crossing {
                direction,
                began_ms,
            }) = zone.step(step * 100, outer, inner)
            {
                seen.push((direction, began_ms));
            }
        }
        seen
    }

    #[test]
    fn a_wide_body_crosses_both_ways() {
        assert_eq!(play(".obi."), [(In, 100)]);
        assert_eq!(play(".ibo."), [(Out, 100)]);
    }

    #[test]
    fn a_thin_body_crosses_both_ways() {
        assert_eq!(play(".o.i."), [(In, 100)]);
        assert_eq!(play(".i.o."), [(Out, 100)]);
    }

    #[test]
    fn walking_back_is_no_crossing() {
        for beams in [
            ".o.",
            ".i.",
            ".obo.",
            ".ibi.",
            ".obibo.",
            ".oooobbbbiiiibbbboooo.",
        ] {
            assert_eq!(play(beams), [], "{beams}");
        }
    }

    #[test]
    fn wavering_and_standing_still_count_once() {
        for beams in [
            ".oobobbibi.",
            ".obbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbi.",
            ".oboobibbi.",
        ] {
            assert_eq!(play(beams), [(In, 100)], "{beams}");
        }
    }

    #[test]
    fn two_people_in_a_row_count_twice() {
        assert_eq!(play(".obi.obi."), [(In, 100), (In, 500)]);
        assert_eq!(play(".obi.ibo."), [(In, 100), (Out, 500)]);
    }

    #[test]
    fn both_beams_at_once_go_by_what_is_known() {
        assert_eq!(play(".bi."), [(In, 100)]);
        assert_eq!(play(".ob."), [(In, 100)]);
        assert_eq!(play(".b."), []);
    }

    #[test]
    fn one_who_turned_back_does_not_make_the_next_one_a_crossing_the_wrong_way() {
        assert_eq!(play(".o.ibo."), [(Out, 300)]);
    }

    #[test]
    fn touches_of_both_beams_far_apart_are_two_people() {
        let mut zone = Zone::default();
        let steps = [(0, true, false), (100, false, false)];
        for (now_ms, outer, inner) in steps {
            assert_eq!(zone.step(now_ms, outer, inner), None);
        }
        let later_ms = 100 + UNSEEN_MS_MAX;
        assert_eq!(zone.step(later_ms, false, true), None);
        assert_eq!(zone.step(later_ms + 1, false, false), None);
    }
}
