//! From one presentation to its decision, its record and its words.

use crate::admission::{Applicant, Decision, decide};
use crate::credential::{Credential, IdDocument};
use crate::denial::{Denial, Flag};
use crate::face::FaceFinding;
use crate::ids::{Direction, LaneId, PersonTag, VisitId, WorkerId};
use crate::lane::display::Display;
use crate::lane::messages::SiteView;
use crate::person::PersonName;
use crate::record::{Act, By, PresentationRecord, PresentationResult};
use crate::roster::CardHolder;
use crate::time::Moment;
use crate::visits::Visit;
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
    /// Whether the record itself is the movement.
    pub(super) counts_on_grant: bool,
}

/// A decided presentation.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) granted: bool,
    pub(super) denial: Option<Denial>,
    pub(super) worker: Option<WorkerId>,
    pub(super) visit: Option<VisitId>,
    /// The record is itself the movement.
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
        match self.card_holder() {
            CardHolder::One(standing) => Some(standing),
            CardHolder::Nobody | CardHolder::Several | CardHolder::Visitor(_) => None,
        }
    }

    fn visit(&self) -> Option<&'a Visit> {
        match self.card_holder() {
            CardHolder::Visitor(visit) => Some(visit),
            CardHolder::Nobody | CardHolder::Several | CardHolder::One(_) => None,
        }
    }

    fn card_holder(&self) -> CardHolder<'a> {
        self.site.roster.holder(self.credential, &self.now)
    }

    /// Whom the camera is asked about: the holder of a card. A face alone was compared already.
    pub(super) fn holder(&self) -> Option<WorkerId> {
        match self.credential {
            Credential::IdCard(_) | Credential::IcCard(_) => Some(self.standing()?.worker),
            Credential::Face { .. } | Credential::Unreadable { .. } => None,
        }
    }

    fn is_ambiguous(&self) -> bool {
        self.card_holder() == CardHolder::Several
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
        let visitor = || self.visit().map(|visit| &visit.name);
        registered
            .or_else(visitor)
            .or_else(|| self.document().map(|document| &document.name))
            .cloned()
    }

    fn record(&self, result: PresentationResult) -> PresentationRecord {
        let worker = self.standing().map(|standing| standing.worker);
        let visit = self.visit().map(|visit| visit.visit);
        PresentationRecord {
            lane: self.lane.clone(),
            direction: self.direction,
            by: By::of(self.credential),
            worker,
            visit,
            document: self.document().map(|document| document.kind),
            result,
            reason: None,
            flags: Vec::new(),
            of: None,
            counted: false,
            moved: false,
            person_tag: self
                .person_tag
                .filter(|_| worker.is_none() && visit.is_none()),
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
        visit: presented.visit(),
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
    let (worker, visit) = (record.worker, record.visit);
    let counted = presented.counts_on_grant && (worker.is_some() || visit.is_some());
    let name = presented.name();
    Judged {
        granted: true,
        denial: None,
        worker,
        visit,
        counted,
        display: Display::Granted {
            name: name.clone(),
            worker,
            visit_until_ms: presented.visit().map(|visit| visit.until_ms),
            direction: presented.direction,
            at_ms: presented.now.wall_ms,
            flags: flags.clone(),
            despite,
        },
        repeat_display: Display::Repeated { name },
        act: Act::Presentation(PresentationRecord {
            reason: despite,
            flags,
            counted: counted && worker.is_some(),
            moved: counted && visit.is_some(),
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
        visit: record.visit,
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
