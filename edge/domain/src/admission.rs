//! Who passes: one table of rules, asked from top to bottom.

use crate::credential::Credential;
use crate::denial::{Denial, Flag};
use crate::ids::{Direction, LaneId};
use crate::policy::Policy;
use crate::presence::Presence;
use crate::time::Moment;
use crate::worker::WorkerStanding;

/// Everything a rule may ask about one presentation.
#[derive(Debug, Clone, Copy)]
pub struct Applicant<'a> {
    /// What was presented.
    pub credential: &'a Credential,
    /// The holder's standing, when on the roster.
    pub standing: Option<&'a WorkerStanding>,
    /// Where.
    pub lane: &'a LaneId,
    /// Which way.
    pub direction: Direction,
    /// When.
    pub now: Moment,
    /// The numbers.
    pub policy: &'a Policy,
    /// Who is inside.
    pub presence: &'a Presence,
}

/// The answer to one presentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The gate opens.
    Granted {
        /// On the way out: the rule that would have refused an entry.
        despite: Option<Denial>,
        /// Marks for the record and the clerk.
        flags: Vec<Flag>,
    },
    /// The gate stays closed. Never on the way out.
    Denied(Denial),
}

/// Decides one presentation.
pub fn decide(_applicant: &Applicant<'_>) -> Decision {
    Decision::Denied(Denial::NotOnRoster)
}
