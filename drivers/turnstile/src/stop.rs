//! Why a conversation with the board stops.

use crate::desk::HandlesGone;
use crate::outbox::LaneGone;
use drivers_link::{LinkCause, LinkError};
use firmware_protocol::FrameFault;

/// Why a conversation stops.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The lane or all handles have gone.
    Ended,
    /// The link itself failed.
    Broken(LinkCause, String),
    /// The board does not answer.
    Silent,
    /// The board asks for Hello.
    Session,
}

impl From<LaneGone> for Stop {
    fn from(_: LaneGone) -> Self {
        Self::Ended
    }
}

impl From<HandlesGone> for Stop {
    fn from(_: HandlesGone) -> Self {
        Self::Ended
    }
}

impl From<LinkError> for Stop {
    fn from(error: LinkError) -> Self {
        Self::Broken(error.cause(), error.to_string())
    }
}

impl From<FrameFault> for Stop {
    fn from(fault: FrameFault) -> Self {
        Self::Broken(LinkCause::Broken, fault.to_string())
    }
}
