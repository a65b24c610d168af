//! Repetitions: the same person at the same reader again within some seconds, or while the gate is
//! open for him.

use std::collections::VecDeque;

use crate::credential::{Credential, IcReading};
use crate::id_number::IdNumber;
use crate::ids::{Direction, Ticket, VisitId, WorkerId};
use crate::lane::display::Display;
use crate::roster::{CardHolder, Roster};
use crate::time::Moment;

/// What makes two presentations the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PersonKey {
    /// Somebody of the roster, however recognized: a card after the face is a repetition.
    Worker(WorkerId),
    /// A visitor.
    Visit(VisitId),
    /// A stranger's document.
    Number(IdNumber),
    /// An IC card of nobody, or of one of several.
    Card(IcReading),
    /// A card that nobody could read, on the way in. On the way out it never repeats: a second
    /// person with a bad card would be kept inside.
    Unreadable,
}

impl PersonKey {
    pub(super) fn of(
        credential: &Credential,
        direction: Direction,
        (roster, now): (&Roster, &Moment),
    ) -> Option<Self> {
        match (credential, direction) {
            (Credential::IdCard(_) | Credential::IcCard(_), _) => {
                match (roster.holder(credential, now), credential) {
                    (CardHolder::One(standing), _) => Some(Self::Worker(standing.worker)),
                    (CardHolder::Visitor(visit), _) => Some(Self::Visit(visit.visit)),
                    (_, Credential::IcCard(reading)) => Some(Self::Card(*reading)),
                    (CardHolder::Nobody | CardHolder::Several, _) => {
                        let number = &credential.document()?.number;
                        Some(Self::Number(number.clone()))
                    }
                }
            }
            (Credential::Face { worker, .. }, _) => Some(Self::Worker(*worker)),
            (Credential::Unreadable { .. }, Direction::In) => Some(Self::Unreadable),
            (Credential::Unreadable { .. }, Direction::Out) => None,
        }
    }
}

/// An earlier presentation inside the window.
#[derive(Debug)]
pub(super) struct Earlier {
    pub(super) key: PersonKey,
    pub(super) direction: Direction,
    pub(super) at_mono_ms: u64,
    pub(super) ticket: Ticket,
    /// Its sequence number, once durable.
    pub(super) seq: Option<u64>,
    /// What the repetition shows.
    pub(super) display: Display,
}

/// Earlier presentations remembered at most; a reader needs a second for one.
const EARLIER_MAX: usize = 16;

/// The latest presentations, oldest first. The window begins with the first presentation and a
/// repetition does not prolong it.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    earlier: VecDeque<Earlier>,
}

impl Repeats {
    /// The latest earlier presentation of this person that is still good: inside its window, or
    /// with its opening under way. A second opening then would be for whoever comes next.
    pub(super) fn find(
        &self,
        key: &PersonKey,
        direction: Direction,
        is_good: impl Fn(&Earlier) -> bool,
    ) -> Option<&Earlier> {
        self.earlier
            .iter()
            .rev()
            .find(|one| one.key == *key && one.direction == direction && is_good(one))
    }

    pub(super) fn remember(&mut self, presentation: Earlier) {
        if self.earlier.len() >= EARLIER_MAX {
            self.earlier.pop_front();
        }
        self.earlier.push_back(presentation);
    }

    pub(super) fn recorded(&mut self, ticket: Ticket, seq: u64) {
        if let Some(one) = self.earlier.iter_mut().find(|one| one.ticket == ticket) {
            one.seq = Some(seq);
        }
    }

    /// The presentation came to nothing: presenting again is no repetition.
    pub(super) fn forget(&mut self, ticket: Ticket) {
        self.earlier.retain(|one| one.ticket != ticket);
    }
}
