//! What the gate would say if this person came now: the gate's own rules, asked by the office.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edge_domain::{
    Applicant, ClockQuality, Credential, Decision, Direction, Flag, IdDocument, LaneId, Moment,
    Policy, Presence, WorkerStanding, decide,
};
use sha2::{Digest as _, Sha256};

/// A short name of everything that is known about a person: another one means that somebody
/// changed it.
pub(crate) fn standing_tag(standing: &WorkerStanding) -> String {
    let digest = Sha256::digest(format!("{standing:?}").as_bytes());
    URL_SAFE_NO_PAD.encode(digest).chars().take(12).collect()
}

/// The gate's answer to an entry at this moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outlook {
    /// Why he would be refused, and what to do; `None` where the gate opens.
    pub(crate) refused: Option<(&'static str, &'static str)>,
    /// What the gate would flag.
    pub(crate) flags: Vec<&'static str>,
}

impl Outlook {
    /// Asks the rules with a document that agrees with the roster.
    pub(crate) fn of(standing: &WorkerStanding, policy: &Policy, now_ms: i64) -> Self {
        let Ok(lane) = LaneId::parse("office") else {
            return Self::default();
        };
        let credential = Credential::IdCard(IdDocument {
            kind: standing.number.kind(),
            name: standing.name.clone(),
            number: standing.number.clone(),
            sex: standing.sex,
            born: standing.born,
            nation: None,
            valid_to: standing.document_valid_to,
        });
        let decision = decide(&Applicant {
            credential: &credential,
            standing: Some(standing),
            lane: &lane,
            direction: Direction::In,
            now: Moment {
                wall_ms: now_ms,
                boot: 0,
                mono_ms: 0,
                quality: ClockQuality::Synced,
            },
            policy,
            presence: &Presence::new(),
            // The office has neither a reader of IC cards nor a camera.
            ambiguous: false,
            face: None,
        });
        match decision {
            Decision::Denied(denial) => Self {
                refused: Some((denial.reason(), denial.next_step())),
                flags: Vec::new(),
            },
            Decision::Granted { flags, .. } => Self {
                refused: None,
                flags: flags.into_iter().map(Flag::text).collect(),
            },
        }
    }
}
