//! The gates of a box: what lanes hear and want, and the judgment of each opening.

use edge_domain::{
    Act, ClockQuality, Direction, GateReport, LaneEffect, LaneInput, PresentationResult, Record,
};

use super::board::Board;
use super::fault::{Promise, Step};
use super::happening::Disk;
use super::life::{BEGIN_MS, Life, lane_name, moment};
use super::model::Model;
use super::people::Who;
use super::site_box::{Court, SiteBox};

/// So long after a failure of the ledger, something may still open without it, ms: a commit's patience,
/// and how long one waits for the passage before.
const WITHOUT_MS: u64 = 15_000;

impl SiteBox {
    /// Somebody presents.
    pub(super) fn present(
        &mut self,
        gate: usize,
        (direction, who): (Direction, Who),
        court: &mut Court<'_>,
    ) -> Step<()> {
        let input = LaneInput::Presented {
            direction,
            credential: who.credential()?,
            person_tag: None,
        };
        let Some(life) = &self.life else {
            return Ok(());
        };
        let version = life.roster_version;
        let effects = self.feed(gate, input, court)?;
        for effect in &effects {
            if let LaneEffect::Record { record, .. } = effect
                && let Act::Presentation(one) = &record.act
            {
                let busy = one
                    .reason
                    .is_some_and(|reason| reason.code() == "lane_busy");
                if one.result != PresentationResult::Repeated && !busy {
                    let granted = one.result == PresentationResult::Granted;
                    court.model.decided(version, (who, direction), granted)?;
                }
            }
        }
        self.carry_out(gate, effects, court)?;
        self.pump(court)
    }

    pub(super) fn feed(
        &mut self,
        gate: usize,
        input: LaneInput,
        court: &mut Court<'_>,
    ) -> Step<Vec<LaneEffect>> {
        let Some(life) = &mut self.life else {
            return Ok(Vec::new());
        };
        let now = moment((life.begun_ms, court.now_ms), self.offset_ms, life.boot);
        court
            .log
            .push(format!("{} gate {gate} < {input:?}", self.name));
        Ok(life.step(gate, now, input))
    }

    pub(super) fn tell(
        &mut self,
        gate: usize,
        input: LaneInput,
        court: &mut Court<'_>,
    ) -> Step<()> {
        let effects = self.feed(gate, input, court)?;
        self.carry_out(gate, effects, court)
    }

    pub(super) fn carry_out(
        &mut self,
        gate: usize,
        effects: Vec<LaneEffect>,
        court: &mut Court<'_>,
    ) -> Step<()> {
        for effect in effects {
            let Some(life) = &mut self.life else {
                return Ok(());
            };
            court
                .log
                .push(format!("{} gate {gate} > {effect:?}", self.name));
            match effect {
                LaneEffect::Record { ticket, record } => {
                    judge_time(&self.boards[gate], &record)?;
                    life.lanes[gate].waiting.push((ticket, record));
                }
                LaneEffect::OpenGate { token, direction } => {
                    self.open(gate, (token, direction), court)?;
                }
                LaneEffect::Acknowledge { event } => {
                    let uid = sync_wire::chain::hex(&event.uid);
                    let fails = self.ledger_fails(court.now_ms);
                    let name = (uid, event.boot, event.seq);
                    let place = (self.number, gate);
                    court.model.acknowledged(place, name, fails)?;
                    self.boards[gate].forget(event.boot, event.seq);
                }
                LaneEffect::WakeAt { mono_ms, .. } => {
                    let at = life.begun_ms + mono_ms;
                    let wake = &mut life.lanes[gate].wake_at_ms;
                    *wake = Some(wake.map_or(at, |before| before.min(at)));
                }
                LaneEffect::Alarm { what } => return Promise::Other.broken(what),
                LaneEffect::Show(_)
                | LaneEffect::LookAtFace { .. }
                | LaneEffect::KeepPictures { .. } => {}
            }
        }
        Ok(())
    }

    fn ledger_fails(&self, now_ms: u64) -> bool {
        let lately = |life: &Life| life.failed_ms.is_some_and(|at| at + WITHOUT_MS >= now_ms);
        self.disk != Disk::Works || self.life.as_ref().is_some_and(lately)
    }

    /// The arm is to open: only for a record that stands in the file, since this boot and never twice; or
    /// counted, while the ledger fails.
    fn open(
        &mut self,
        gate: usize,
        (token, direction): (u32, Direction),
        court: &mut Court<'_>,
    ) -> Step<()> {
        let Some(life) = &self.life else {
            return Ok(());
        };
        if token & 0x8000_0000 != 0 {
            let may = direction == Direction::Out || self.number == 1;
            let fails = self.ledger_fails(court.now_ms);
            let what = || format!("{direction:?} opened without a record");
            Promise::OpenedWithoutRecord.holds(may && fails, what)?;
            court
                .model
                .opened_without_record((self.number, gate), token);
        } else {
            let found = court.model.record(self.number, token);
            let opens = |body: &[u8]| Model::opens(body, &lane_name(gate), direction, life.boot);
            let known = found.filter(|(_, _, body)| opens(body.as_slice()));
            let Some((epoch, seq, body)) = known else {
                let what = format!("token {token} rests on {found:?}");
                return Promise::OpenedWithoutRecord.broken(what);
            };
            let there = life.reader.records(epoch, seq, 1, 1 << 20)?;
            let is_there = there
                .first()
                .is_some_and(|one| one.seq == seq && one.body == *body);
            let what = || format!("record {seq} of {epoch} is not in the file");
            Promise::OpenedWithoutRecord.holds(is_there, what)?;
        }
        let turned = turn(token, life.salt);
        let (mut report, moved) = self.boards[gate].open((turned, direction), court.now_ms);
        Promise::Duplicated.holds(moved <= 1, || format!("token {token} opened {moved} times"))?;
        restore_token(&mut report, token);
        self.tell(gate, LaneInput::Gate(report), court)
    }
}

/// A passage is booked when it happened, not when the box heard of it.
fn judge_time(board: &Board, record: &Record) -> Step<()> {
    let Act::Passage(one) = &record.act else {
        return Ok(());
    };
    let event = one.board.and_then(|name| board.event(name.boot, name.seq));
    let (Some(event), ClockQuality::Synced) = (event, record.at.quality) else {
        return Ok(());
    };
    let at_ms = BEGIN_MS.saturating_add_unsigned(event.at_ms);
    let what = || format!("{event:?} is booked at {:?}, not {at_ms}", record.at);
    Promise::Other.holds(record.at.wall_ms == at_ms, what)
}

/// The board's token for the lane's, and the lane's for the board's: epochs count from 1 again, and a
/// board remembers tokens.
fn turn(token: u32, salt: u32) -> u32 {
    if token < 0x8000_0000 {
        token ^ salt
    } else {
        token
    }
}

pub(super) fn turn_token(report: &mut GateReport, salt: u32) {
    if let GateReport::Passed { token, .. } | GateReport::TimedOut { token, .. } = report {
        *token = token.map(|token| turn(token, salt));
    }
}

fn restore_token(report: &mut GateReport, known: u32) {
    if let GateReport::Opened { token } | GateReport::OpenRefused { token, .. } = report {
        *token = known;
    }
}
