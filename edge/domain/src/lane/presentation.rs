//! From one presentation to its decision, its record and its words.

use crate::admission::{Applicant, Decision, decide};
use crate::credential::{Credential, IdDocument};
use crate::denial::{Denial, Flag};
use crate::face::FaceFinding;
use crate::ids::{Direction, LaneId, PersonTag, WorkerId};
use crate::lane::display::Display;
use crate::lane::messages::SiteView;
use crate::person::PersonName;
use crate::record::{Act, By, PresentationRecord, PresentationResult};
use crate::roster::CardHolder;
use crate::time::Moment;
use crate::worker::WorkerStanding;

/// One presentation and all that is known about it.
#[derive(Debug)]
pub(super) struct Presented<'a> {
    pub(super) lane: &'a LaneId,
    pub(super) direction: Direction,
    pub(super) credential: &'a Credential,
    pub(super) person_tag: Option<PersonTag>,
    pub(super) now: Moment,
    pub(super) site: SiteView<'a>,
    /// Whether the record itself is the attendance.
    pub(super) counts_on_grant: bool,
}

/// A decided presentation.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) granted: bool,
    pub(super) denial: Option<Denial>,
    pub(super) worker: Option<WorkerId>,
    pub(super) counted: bool,
    pub(super) act: Act,
    pub(super) display: Display,
    /// What a repetition shows.
    pub(super) repeat_display: Display,
}

impl<'a> Presented<'a> {
    fn document(&self) -> Option<&'a IdDocument> {
        self.credential.document()
    }

    fn standing(&self) -> Option<&'a WorkerStanding> {
        match self.credential {
            Credential::IdCard(document) => self.site.roster.find(&document.number),
            Credential::IcCard(reading) => match self.site.roster.find_card(reading) {
                CardHolder::One(standing) => Some(standing),
                CardHolder::Nobody | CardHolder::Several => None,
            },
            Credential::Face { worker, .. } => self.site.roster.worker(*worker),
            Credential::Unreadable { .. } => None,
        }
    }

    /// Whom the camera is asked about: the holder of a card. A face alone was compared already.
    pub(super) fn holder(&self) -> Option<WorkerId> {
        match self.credential {
            Credential::IdCard(_) | Credential::IcCard(_) => Some(self.standing()?.worker),
            Credential::Face { .. } | Credential::Unreadable { .. } => None,
        }
    }

    fn is_ambiguous(&self) -> bool {
        match self.credential {
            Credential::IcCard(reading) => {
                self.site.roster.find_card(reading) == CardHolder::Several
            }
            Credential::IdCard(_) | Credential::Face { .. } | Credential::Unreadable { .. } => {
                false
            }
        }
    }

    pub(super) fn look_display(&self, again: bool) -> Display {
        let name = self.name();
        Display::LookAtCamera { name, again }
    }

    /// An alert when this mismatch makes too many of one card on one day.
    fn alert(&self, differs: bool) -> Option<Flag> {
        let worker = self.holder().filter(|_| differs)?;
        let earlier = self.site.mismatches.count(worker, self.now.date());
        let alert = earlier.saturating_add(1) >= self.site.policy.face.mismatches_alert;
        alert.then_some(Flag::MismatchAlert)
    }

    fn name(&self) -> Option<PersonName> {
        let registered = self.standing().map(|standing| &standing.name);
        registered
            .or_else(|| self.document().map(|document| &document.name))
            .cloned()
    }

    fn record(&self, result: PresentationResult) -> PresentationRecord {
        let worker = self.standing().map(|standing| standing.worker);
        PresentationRecord {
            lane: self.lane.clone(),
            direction: self.direction,
            by: By::of(self.credential),
            worker,
            document: self.document().map(|document| document.kind),
            result,
            reason: None,
            flags: Vec::new(),
            of: None,
            counted: false,
            person_tag: self.person_tag.filter(|_| worker.is_none()),
            policy: self.site.policy.version,
            terminal: self.credential.terminal().cloned(),
        }
    }
}

/// The record of a repetition: nothing is decided again.
pub(super) fn repeated(presented: &Presented<'_>, of: Option<u64>) -> Act {
    let record = presented.record(PresentationResult::Repeated);
    Act::Presentation(PresentationRecord { of, ..record })
}

/// The record of what a face terminal told of the past: nothing is decided.
pub(super) fn told(presented: &Presented<'_>) -> Act {
    Act::Presentation(presented.record(PresentationResult::Reported))
}

/// Decides. `busy` closes a lane whose queue is full to one more entry; `face` is what the camera
/// found, where one was asked.
pub(super) fn judge(presented: &Presented<'_>, busy: bool, face: Option<FaceFinding>) -> Judged {
    let decision = decide(&Applicant {
        credential: presented.credential,
        standing: presented.standing(),
        lane: presented.lane,
        direction: presented.direction,
        now: presented.now,
        policy: presented.site.policy,
        presence: presented.site.presence,
        ambiguous: presented.is_ambiguous(),
        face,
    });
    match decision {
        Decision::Granted { .. } if busy && presented.direction == Direction::In => {
            denied(presented, Denial::LaneBusy)
        }
        Decision::Granted { despite, flags } => granted(presented, despite, flags),
        Decision::Denied(denial) => denied(presented, denial),
    }
}

fn granted(presented: &Presented<'_>, despite: Option<Denial>, mut flags: Vec<Flag>) -> Judged {
    let differs =
        despite == Some(Denial::FaceDiffers) || flags.contains(&Flag::Warned(Denial::FaceDiffers));
    flags.extend(presented.alert(differs));
    let record = presented.record(PresentationResult::Granted);
    let worker = record.worker;
    let counted = presented.counts_on_grant && worker.is_some();
    let name = presented.name();
    Judged {
        granted: true,
        denial: None,
        worker,
        counted,
        display: Display::Granted {
            name: name.clone(),
            worker,
            direction: presented.direction,
            at_ms: presented.now.wall_ms,
            flags: flags.clone(),
            despite,
        },
        repeat_display: Display::Repeated { name },
        act: Act::Presentation(PresentationRecord {
            reason: despite,
            flags,
            counted,
            ..record
        }),
    }
}

fn denied(presented: &Presented<'_>, denial: Denial) -> Judged {
    debug_assert_eq!(
        presented.direction,
        Direction::In,
        "nobody is refused on the way out"
    );
    let record = presented.record(PresentationResult::Denied);
    let display = Display::Denied {
        name: presented.name(),
        denial,
    };
    Judged {
        granted: false,
        denial: Some(denial),
        worker: record.worker,
        counted: false,
        repeat_display: display.clone(),
        display,
        act: Act::Presentation(PresentationRecord {
            reason: Some(denial),
            flags: presented
                .alert(denial == Denial::FaceDiffers)
                .into_iter()
                .collect(),
            ..record
        }),
    }
}
