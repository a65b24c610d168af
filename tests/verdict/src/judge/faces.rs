//! People before cameras: who got in by his face, and who must not.

use super::verdict::{CARD_SLACK_MS, CLOCK_SLACK_MS, Verdict, Who, count, recorded, who};
use crate::journal::{Act, Line};
use crate::ledger::{Ledger, Record};

/// The way of attendance of a face (attendType).
const BY_FACE: &str = "001";
/// A record of a face lies at most so long after the person has left the camera.
const FACE_SLACK_MS: i64 = 1_500;

/// Somebody before a camera, from when to when.
struct Showing {
    act: Act,
    to: i64,
    /// A person of flesh, as far as the camera can tell.
    alive: bool,
    /// Whose card lay on the reader beside it meanwhile.
    card: Option<Act>,
}

/// Whether a presentation was made by face alone.
pub(super) fn is_by_face(record: &Record) -> bool {
    record.body.kind == "presentation" && record.body.by.as_deref() == Some(BY_FACE)
}

/// Who gets in by face stood before that camera himself, once for each showing.
pub(super) fn judge_faces(lines: &[Line], ledger: &Ledger, verdict: &mut Verdict) {
    let showings = showings(lines);
    let alone = || showings.iter().filter(|one| one.card.is_none());
    let genuine = |one: &&Showing| one.alive && one.act.person.is_some();
    verdict.face_presentations = count(&alone().filter(genuine).collect::<Vec<_>>());
    verdict.face_impostor_attempts =
        count(&alone().filter(|one| !genuine(one)).collect::<Vec<_>>());
    let mut used = vec![false; showings.len()];
    for record in ledger.records.iter().filter(|record| is_by_face(record)) {
        let granted = record.body.result.as_deref() == Some("granted");
        let mut places = showings.iter().zip(&mut used);
        match places.find(|(one, used)| !**used && one.explains(record, ledger)) {
            Some((_, used)) => {
                *used = true;
                verdict.face_granted += u64::from(granted);
            }
            None if granted => verdict.face_wrongly_granted += 1,
            None => verdict.duplicated += 1,
        }
    }
    let kept_out = showings.iter().filter(|one| one.kept_out(ledger));
    verdict.card_face_mismatch_kept_out = count(&kept_out.collect::<Vec<_>>());
}

/// Each stands there until he goes, or until somebody else steps up.
fn showings(lines: &[Line]) -> Vec<Showing> {
    let mut showings = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(act) = line.as_act(&["face_shown"]) else {
            continue;
        };
        let here = |other: &&Line| {
            other.lane.as_ref() == Some(&act.lane) && other.direction == Some(act.direction)
        };
        let rest = lines.get(index + 1..).unwrap_or_default();
        let ends = |other: &&Line| matches!(other.act.as_str(), "face_shown" | "face_gone");
        let to = rest.iter().filter(here).find(ends);
        let to = to.map_or(i64::MAX, |line| line.wall_ms);
        let card = rest
            .iter()
            .filter(here)
            .filter_map(|line| line.as_act(&["read_ok"]))
            .find(|read| read.at <= to.saturating_add(CLOCK_SLACK_MS));
        let alive = line.showing.as_deref() == Some("alive");
        showings.push(Showing {
            act,
            to,
            alive,
            card,
        });
    }
    showings
}

impl Showing {
    fn holds(&self, record: &Record) -> bool {
        let from = self.act.at.saturating_sub(CLOCK_SLACK_MS);
        record.body.lane.as_ref() == Some(&self.act.lane)
            && record.body.direction == Some(self.act.direction)
            && (from..=self.to.saturating_add(FACE_SLACK_MS)).contains(&record.body.at)
    }

    /// Whether this person may have made the record: alive, and the very worker.
    fn explains(&self, record: &Record, ledger: &Ledger) -> bool {
        self.alive
            && self.holds(record)
            && record.body.worker.is_some()
            && recorded(ledger, record) == who(ledger, &self.act)
    }

    /// Whether another one's card was refused because of this face, and its owner not let in.
    fn kept_out(&self, ledger: &Ledger) -> bool {
        let Some(card) = &self.card else { return false };
        let holder = who(ledger, card);
        if holder == who(ledger, &self.act) && holder != Who::Stranger {
            return false;
        }
        let records = || {
            let here = |record: &&Record| {
                record.body.kind == "presentation"
                    && self.holds(record)
                    && record.body.worker.is_some()
                    && recorded(ledger, record) == holder
                    && record.body.at >= card.at.saturating_sub(CARD_SLACK_MS)
            };
            ledger.records.iter().filter(here)
        };
        let reason = |record: &Record| record.body.reason.as_ref()?.as_str().map(str::to_owned);
        records().any(|record| reason(record).as_deref() == Some("face_differs"))
            && !records().any(|record| record.body.result.as_deref() == Some("granted"))
    }
}
