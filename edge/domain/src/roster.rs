//! All standings of the site, looked up by identity number.

use crate::credential::{Credential, IcReading};
use crate::id_number::IdNumber;
use crate::ids::WorkerId;
use crate::time::Moment;
use crate::visits::{Visit, VisitCard, VisitFault};
use crate::worker::WorkerStanding;

/// Whose card it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardHolder<'a> {
    /// Nobody's.
    Nobody,
    /// This worker's, and no other one's who is here.
    One(&'a WorkerStanding),
    /// It may be that of several workers who are here.
    Several,
    /// A visitor's.
    Visitor(&'a Visit),
}

/// The roster in memory. Share it behind an `Arc`; a change makes a new one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    standings: Vec<WorkerStanding>,
    by_number: Vec<usize>,
    /// Newest first.
    visits: Vec<Visit>,
}

impl Roster {
    /// Takes the standings in any order.
    ///
    /// Where two standings have one identity number (engaged again under a new worker number),
    /// the lookup gives the one still engaged, and among equals the higher worker number.
    pub fn from_standings(mut standings: Vec<WorkerStanding>) -> Self {
        standings.sort_by_key(|standing| standing.worker);
        let mut by_number: Vec<(IdNumber, bool, usize)> = standings
            .iter()
            .enumerate()
            .map(|(at, standing)| (standing.number.clone(), standing.left_on.is_none(), at))
            .collect();
        by_number.sort_by(|a, b| (&a.0, b.1, b.2).cmp(&(&b.0, a.1, a.2)));
        by_number.dedup_by(|later, kept| later.0 == kept.0);
        let by_number = by_number.into_iter().map(|(_, _, at)| at).collect();
        Self {
            standings,
            by_number,
            visits: Vec::new(),
        }
    }

    /// The same with these visits.
    #[must_use]
    pub fn with_visits(mut self, mut visits: Vec<Visit>) -> Self {
        visits.sort_by_key(|one| std::cmp::Reverse(one.visit));
        self.visits = visits;
        self
    }

    /// Whose it is what was presented. A worker who is here is never taken for a visitor; who has
    /// left may visit, unless he is barred.
    pub fn holder(&self, credential: &Credential, now: &Moment) -> CardHolder<'_> {
        let worker = match credential {
            Credential::IdCard(document) => self
                .find(&document.number)
                .map_or(CardHolder::Nobody, CardHolder::One),
            Credential::IcCard(reading) => self.find_card(reading),
            Credential::Face { worker, .. } => self
                .worker(*worker)
                .map_or(CardHolder::Nobody, CardHolder::One),
            Credential::Unreadable { .. } => CardHolder::Nobody,
        };
        let mut fitting = self.visits.iter().filter(|one| one.fits(credential));
        let newest = fitting.clone().next();
        let running = fitting.find(|one| !one.is_over(now.wall_ms));
        match (worker, running, newest) {
            (CardHolder::Nobody, Some(visit), _) | (CardHolder::Nobody, None, Some(visit)) => {
                CardHolder::Visitor(visit)
            }
            (CardHolder::One(standing), Some(visit), _) => {
                let has_left = standing.left_on.is_some_and(|day| day <= now.date());
                let is_ic = matches!(credential, Credential::IcCard(_));
                match (has_left, is_ic) {
                    (true, _) if !standing.blacklisted => CardHolder::Visitor(visit),
                    // One card is out twice, or a short reading fits both.
                    (false, true) => CardHolder::Several,
                    (true | false, _) => worker,
                }
            }
            _ => worker,
        }
    }

    /// Tests whether a card may be a visitor's now.
    ///
    /// # Errors
    /// [`VisitFault::OfWorker`], [`VisitFault::Barred`], [`VisitFault::Taken`].
    pub fn check_visit_card(&self, card: &VisitCard, now_ms: i64) -> Result<(), VisitFault> {
        let holds = |one: &&WorkerStanding| match card {
            VisitCard::Document(number) => one.number == *number,
            VisitCard::Ic(number) => one.ic_card.is_some_and(|held| held.may_read_as(*number)),
        };
        let holders: Vec<_> = self.standings.iter().filter(holds).collect();
        let is_document = matches!(card, VisitCard::Document(_));
        if is_document && holders.iter().any(|one| one.blacklisted) {
            return Err(VisitFault::Barred);
        }
        if holders.iter().any(|one| one.left_on.is_none()) {
            return Err(VisitFault::OfWorker);
        }
        let mut running = self.visits.iter().filter(|one| !one.is_over(now_ms));
        if running.any(|one| one.card.may_be(card)) {
            return Err(VisitFault::Taken);
        }
        Ok(())
    }

    /// All visits that the gate knows, newest first.
    pub fn visits(&self) -> &[Visit] {
        &self.visits
    }

    /// The standing of a document's holder.
    pub fn find(&self, number: &IdNumber) -> Option<&WorkerStanding> {
        let at = self
            .by_number
            .binary_search_by(|at| {
                self.standings
                    .get(*at)
                    .map(|one| &one.number)
                    .cmp(&Some(number))
            })
            .ok()?;
        self.standings.get(*self.by_number.get(at)?)
    }

    /// Whose card a reading names. Workers who have left count only where nobody who is here has
    /// such a card: cards are given out again.
    pub fn find_card(&self, reading: &IcReading) -> CardHolder<'_> {
        let fits = |one: &&WorkerStanding| one.ic_card.is_some_and(|card| reading.fits(card));
        let here = |one: &&WorkerStanding| one.left_on.is_none();
        let mut fitting = self.standings.iter().filter(fits).filter(here);
        match (fitting.next(), fitting.next()) {
            (Some(_), Some(_)) => CardHolder::Several,
            (Some(one), None) => CardHolder::One(one),
            (None, _) => {
                let last = self.standings.iter().rev().find(fits);
                last.map_or(CardHolder::Nobody, CardHolder::One)
            }
        }
    }

    /// The standing of a worker number.
    pub fn worker(&self, worker: WorkerId) -> Option<&WorkerStanding> {
        let at = self
            .standings
            .binary_search_by_key(&worker, |one| one.worker)
            .ok()?;
        self.standings.get(at)
    }

    /// All standings by worker number.
    pub fn standings(&self) -> &[WorkerStanding] {
        &self.standings
    }

    /// Number of standings.
    pub fn len(&self) -> usize {
        self.standings.len()
    }

    /// Whether nobody is registered.
    pub fn is_empty(&self) -> bool {
        self.standings.is_empty()
    }
}
