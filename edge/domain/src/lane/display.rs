//! What the gate's screen shows and says.

use crate::denial::{Denial, Flag};
use crate::ids::Direction;
use crate::person::PersonName;

/// One message on the gate's screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Display {
    /// Go ahead. Only ever after the record is durable, or in a counted emergency.
    Granted {
        /// Name on the roster or on the card.
        name: Option<PersonName>,
        /// Which way.
        direction: Direction,
        /// Wall time, Unix ms.
        at_ms: i64,
        /// What the worker should take care of.
        flags: Vec<Flag>,
        /// On the way out: what would have refused an entry.
        despite: Option<Denial>,
    },
    /// Refused: why and what to do.
    Denied {
        /// Name on the roster or on the card.
        name: Option<PersonName>,
        /// Why.
        denial: Denial,
    },
    /// The same card again: nothing more happens.
    Repeated {
        /// Name on the roster or on the card.
        name: Option<PersonName>,
    },
    /// Granted, and somebody else is still passing.
    Wait {
        /// Name on the roster or on the card.
        name: Option<PersonName>,
    },
    /// Opened by hand.
    Overridden {
        /// Which way.
        direction: Direction,
    },
    /// The gate did not open although granted.
    GateFault,
    /// Fire input active: everybody out.
    Fire,
    /// Nothing to show.
    Idle,
}

/// Color and sign of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Green, ✔.
    Pass,
    /// Red, ✖.
    Deny,
    /// Amber, ↻.
    Retry,
    /// Slate: wait.
    Wait,
    /// Nothing.
    Idle,
}

/// The words of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// Color and sign.
    pub tone: Tone,
    /// Large line.
    pub title: String,
    /// Small line; may be empty.
    pub detail: String,
    /// Spoken line; empty for silence.
    pub voice: &'static str,
}

impl Display {
    /// The Chinese words. Contains a name in clear: for the gate's own screen only.
    pub fn screen(&self) -> Screen {
        Screen {
            tone: Tone::Idle,
            title: String::new(),
            detail: String::new(),
            voice: "",
        }
    }
}
