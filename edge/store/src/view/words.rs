//! The wire's words in the domain's types.

use edge_domain::{ClockQuality, Direction, PassageOutcome, PresentationResult};
use sync_wire::record as wire;

pub(crate) const fn direction(word: wire::Direction) -> Direction {
    match word {
        wire::Direction::In => Direction::In,
        wire::Direction::Out => Direction::Out,
    }
}

pub(crate) const fn result(word: wire::PresentationResult) -> PresentationResult {
    match word {
        wire::PresentationResult::Granted => PresentationResult::Granted,
        wire::PresentationResult::Denied => PresentationResult::Denied,
        wire::PresentationResult::Repeated => PresentationResult::Repeated,
        wire::PresentationResult::Reported => PresentationResult::Reported,
    }
}

pub(crate) const fn outcome(word: wire::Outcome) -> PassageOutcome {
    match word {
        wire::Outcome::Passed => PassageOutcome::Passed,
        wire::Outcome::TimedOut => PassageOutcome::TimedOut,
        wire::Outcome::Tailgated => PassageOutcome::Tailgated,
        wire::Outcome::Reversed => PassageOutcome::Reversed,
        wire::Outcome::Intruded => PassageOutcome::Intruded,
    }
}

pub(crate) const fn clock(word: wire::ClockQuality) -> ClockQuality {
    match word {
        wire::ClockQuality::Synced => ClockQuality::Synced,
        wire::ClockQuality::Holdover => ClockQuality::Holdover,
        wire::ClockQuality::Unset => ClockQuality::Unset,
    }
}
