//! Writes row changes, each with a statement prepared once for a batch.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use rusqlite::{Connection, OptionalExtension, Params, Statement, params};
use sync_wire::record::{
    Contract, CorrectionRequest, Direction, Employer, Entry, Exit, IdKind, Training, Worker,
};
use sync_wire::seal::{self, DataKey, Sex, Subject};

use crate::ledger;
use crate::model::fold::{Change, ClockShift, Decision, Movement, OfficeChange, utc_day};
use crate::model::stored;
use crate::model::visit_rows;
use crate::model::wage_rows;

/// Applies changes inside the caller's transaction.
pub(crate) struct RowWriter<'a> {
    db: &'a Connection,
    box_id: &'a str,
    prepared: BTreeMap<&'static str, Statement<'a>>,
}

impl<'a> RowWriter<'a> {
    pub(crate) const fn new(db: &'a Connection, box_id: &'a str) -> Self {
        Self {
            db,
            box_id,
            prepared: BTreeMap::new(),
        }
    }

    /// Applies one change that the record at `ledger_id` made.
    pub(crate) fn apply(&mut self, ledger_id: i64, change: Change) -> rusqlite::Result<()> {
        if change.is_about_people() {
            self.run(
                "INSERT INTO people_change (id, ledger_id) VALUES (1, ?1) \
                 ON CONFLICT (id) DO UPDATE SET ledger_id = excluded.ledger_id",
                params![ledger_id],
            )?;
        }
        match change {
            Change::Movement(movement) => self.movement(ledger_id, movement),
            Change::Clock(shift) => self.clock(ledger_id, shift),
            Change::Denied { at } => self.run(
                "INSERT INTO denial (utc_day, ledger_id, at) VALUES (?1, ?2, ?3)",
                params![utc_day(at), ledger_id, at],
            ),
            Change::BoardEvent { lane, event } => self.run(
                "INSERT INTO board_event (lane, uid, boot, seq) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (lane) DO UPDATE \
                 SET uid = excluded.uid, boot = excluded.boot, seq = excluded.seq",
                params![lane, event.uid, event.boot, event.seq],
            ),
            Change::Project(project) => self.run(
                "INSERT INTO project (id, code, name) VALUES (1, ?1, ?2) \
                 ON CONFLICT (id) DO UPDATE SET code = excluded.code, name = excluded.name",
                params![project.code, project.name],
            ),
            Change::Employer(employer) => self.employer(&employer),
            Change::Team(team) => self.run(
                "INSERT INTO team (team, employer, name) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (team) DO UPDATE \
                 SET employer = excluded.employer, name = excluded.name",
                params![team.team, team.employer, team.name],
            ),
            Change::Person(worker) => self.person(&worker),
            Change::Entered(entry) => self.entered(&entry),
            Change::Left(exit) => self.left(&exit),
            Change::Contract(contract) => self.contract(&contract),
            Change::Training(training) => self.training(ledger_id, &training),
            Change::HealthCertificate(paper) => self.run(
                "INSERT INTO worker (worker, health_certificate_until) VALUES (?1, ?2) \
                 ON CONFLICT (worker) DO UPDATE \
                 SET health_certificate_until = excluded.health_certificate_until",
                params![paper.worker, paper.until],
            ),
            Change::FaceConsent { .. }
            | Change::FaceMismatch { .. }
            | Change::TerminalEvent { .. } => self.face(ledger_id, change),
            Change::Blacklisted { worker, listed } => self.run(
                "INSERT INTO worker (worker, blacklisted) VALUES (?1, ?2) \
                 ON CONFLICT (worker) DO UPDATE SET blacklisted = excluded.blacklisted",
                params![worker, listed],
            ),
            Change::RosterVersion(version) => self.run(
                "INSERT INTO roster_state (id, version) VALUES (1, ?1) \
                 ON CONFLICT (id) DO UPDATE SET version = excluded.version",
                params![version],
            ),
            Change::Office(change) => self.office(ledger_id, &change),
            Change::Visit(change) => {
                let box_id = self.box_id;
                let key = self.visit_key(change.visit())?;
                visit_rows::apply(
                    &mut |sql, values| self.run(sql, values),
                    (box_id, key.as_ref()),
                    &change,
                )
            }
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "`apply` names every change; the rest is not about faces"
    )]
    fn face(&mut self, ledger_id: i64, change: Change) -> rusqlite::Result<()> {
        match change {
            Change::FaceConsent {
                worker,
                given,
                text,
            } => self.run(
                "INSERT INTO face_consent (worker, given, text) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (worker) DO UPDATE \
                 SET given = excluded.given, text = excluded.text",
                params![worker, given, text],
            ),
            Change::FaceMismatch { worker, at } => self.run(
                "INSERT INTO face_mismatch (ledger_id, worker, at) VALUES (?1, ?2, ?3)",
                params![ledger_id, worker, at],
            ),
            Change::TerminalEvent { terminal, seq } => self.run(
                "INSERT INTO terminal_event (ledger_id, terminal, seq) VALUES (?1, ?2, ?3)",
                params![ledger_id, terminal, i64::try_from(seq).unwrap_or(i64::MAX)],
            ),
            _ => Ok(()),
        }
    }

    fn movement(&mut self, ledger_id: i64, movement: Movement) -> rusqlite::Result<()> {
        let Movement {
            worker,
            at,
            is_in,
            unset_boot,
            request,
        } = movement;
        let unset_in = unset_boot.map(|boot| unset_in(ledger_id, boot));
        // Who is inside is for the gate to know.
        if request.is_none() {
            self.run(
                "INSERT INTO presence (worker, is_inside, at, unset_in) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (worker) DO UPDATE SET is_inside = excluded.is_inside, \
                 at = excluded.at, unset_in = excluded.unset_in",
                params![worker, is_in, at, unset_in],
            )?;
        }
        self.run(
            "INSERT INTO attendance (utc_day, worker, ledger_id, at, is_in, unset_in, request) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![utc_day(at), worker, ledger_id, at, is_in, unset_in, request],
        )
    }

    /// Moves what the boot wrote with an unset clock in this epoch; a proof makes it certain.
    fn clock(&mut self, ledger_id: i64, shift: ClockShift) -> rusqlite::Result<()> {
        let unset_in = unset_in(ledger_id, shift.boot);
        let after = (!shift.is_proof).then_some(unset_in);
        self.run(
            "UPDATE presence SET at = max(at + ?2, 0), unset_in = ?3 WHERE unset_in = ?1",
            params![unset_in, shift.by_ms, after],
        )?;
        self.run(
            "UPDATE attendance SET at = max(at + ?2, 0), \
             utc_day = max(at + ?2, 0) / 86400000, unset_in = ?3 WHERE unset_in = ?1",
            params![unset_in, shift.by_ms, after],
        )
    }

    fn employer(&mut self, employer: &Employer) -> rusqlite::Result<()> {
        self.run(
            "INSERT INTO employer (employer, uscc, name, type) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (employer) DO UPDATE \
             SET uscc = excluded.uscc, name = excluded.name, type = excluded.type",
            params![
                employer.employer,
                employer.uscc,
                employer.name,
                employer.r#type
            ],
        )
    }

    /// Opens the sealed data with the worker's key. Where the key is destroyed or does not fit, the
    /// worker keeps his number and loses his name.
    fn person(&mut self, worker: &Worker) -> rusqlite::Result<()> {
        let key = self.key_of(worker.worker)?;
        let subject = Subject {
            r#box: self.box_id,
            worker: worker.worker,
        };
        let opened = key.and_then(|key| seal::unseal(&worker.sealed, &key, subject).ok());
        let one = opened.as_ref();
        let card = one.and_then(|p| p.wage_card.as_ref());
        let contact = one.and_then(|p| p.contact.as_ref());
        let certificates = one.and_then(|p| stored::certificates(&p.certificates));
        self.run(
            "INSERT INTO worker (worker, name, id_kind, id_number, sex, born, nation, phone, \
             valid_to, photo_sha256, ic_card, wage_bank, wage_account, wage_social, \
             certificates, contact_name, contact_kinship, contact_phone) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18) \
             ON CONFLICT (worker) DO UPDATE SET name = excluded.name, \
             id_kind = excluded.id_kind, id_number = excluded.id_number, sex = excluded.sex, \
             born = excluded.born, nation = excluded.nation, phone = excluded.phone, \
             valid_to = excluded.valid_to, photo_sha256 = excluded.photo_sha256, \
             ic_card = excluded.ic_card, wage_bank = excluded.wage_bank, \
             wage_account = excluded.wage_account, wage_social = excluded.wage_social, \
             certificates = excluded.certificates, contact_name = excluded.contact_name, \
             contact_kinship = excluded.contact_kinship, contact_phone = excluded.contact_phone",
            params![
                worker.worker,
                one.map(|p| &p.name),
                one.map(|p| id_kind_code(p.id_kind)),
                one.map(|p| &p.id_number),
                one.map(|p| sex_code(p.sex)),
                one.map(|p| &p.born),
                one.and_then(|p| p.nation.as_ref()),
                one.and_then(|p| p.phone.as_ref()),
                one.and_then(|p| p.valid_to.as_ref()),
                one.and_then(|p| p.photo_sha256.as_ref()),
                one.and_then(|p| p.ic_card.as_ref()),
                card.map(|card| &card.bank),
                card.map(|card| &card.account),
                card.map(|card| card.social),
                certificates,
                contact.map(|contact| &contact.name),
                contact.map(|contact| &contact.kinship),
                contact.map(|contact| &contact.phone),
            ],
        )
    }

    fn entered(&mut self, entry: &Entry) -> rusqlite::Result<()> {
        self.run(
            "INSERT INTO worker (worker, team, trade, role, entered_on) \
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (worker) DO UPDATE SET \
             team = excluded.team, trade = excluded.trade, role = excluded.role, \
             entered_on = excluded.entered_on, left_on = NULL",
            params![entry.worker, entry.team, entry.trade, entry.role, entry.on],
        )
    }

    fn left(&mut self, exit: &Exit) -> rusqlite::Result<()> {
        self.run(
            "INSERT INTO worker (worker, left_on) VALUES (?1, ?2) \
             ON CONFLICT (worker) DO UPDATE SET left_on = excluded.left_on",
            params![exit.worker, exit.on],
        )
    }

    fn contract(&mut self, contract: &Contract) -> rusqlite::Result<()> {
        self.run(
            "INSERT INTO worker (worker, contract_signed_on, contract_until) VALUES (?1, ?2, ?3) \
             ON CONFLICT (worker) DO UPDATE SET \
             contract_signed_on = excluded.contract_signed_on, \
             contract_until = excluded.contract_until",
            params![contract.worker, contract.signed_on, contract.until],
        )
    }

    fn training(&mut self, ledger_id: i64, training: &Training) -> rusqlite::Result<()> {
        self.run(
            "INSERT INTO training (worker, ledger_id, type, held_on, hours) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                training.worker,
                ledger_id,
                training.r#type,
                training.on,
                training.hours
            ],
        )
    }

    fn audited(&mut self, ledger_id: i64, is_dispute: bool) -> rusqlite::Result<()> {
        self.run(
            "INSERT INTO audit (ledger_id) VALUES (?1)",
            params![ledger_id],
        )?;
        if is_dispute {
            self.run(
                "INSERT INTO dispute_act (ledger_id) VALUES (?1)",
                params![ledger_id],
            )?;
        }
        Ok(())
    }

    fn office(&mut self, ledger_id: i64, change: &OfficeChange) -> rusqlite::Result<()> {
        match change {
            OfficeChange::Asked(asked, at) => self.correction_asked(asked, *at),
            OfficeChange::Decided(decision) => self.correction_decided(decision),
            OfficeChange::Audited { is_dispute } => self.audited(ledger_id, *is_dispute),
            OfficeChange::Wages(kind, at) => wage_rows::apply(
                &mut |sql, values| self.run(sql, values),
                ledger_id,
                kind,
                *at,
            ),
            OfficeChange::MonthClosed(one, at) => self.run(
                "INSERT INTO month_close (month, team, version, digest, account, at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (month, team, version) DO NOTHING",
                params![
                    one.month,
                    one.team,
                    one.version,
                    one.digest,
                    one.account,
                    at
                ],
            ),
        }
    }

    /// Opens the sealed evidence with the worker's key; where that is gone, the request stands without.
    fn correction_asked(&mut self, asked: &CorrectionRequest, at: i64) -> rusqlite::Result<()> {
        let key = self.key_of(asked.worker)?;
        let subject = Subject {
            r#box: self.box_id,
            worker: asked.worker,
        };
        let opened = key.and_then(|key| seal::unseal_evidence(&asked.sealed, &key, subject).ok());
        let one = opened.as_ref();
        self.run(
            "INSERT INTO correction (request, worker, is_in, moment, reason, requester, \
             requested_at, note, file, file_kind) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
             ON CONFLICT (request) DO NOTHING",
            params![
                asked.request,
                asked.worker,
                asked.direction == Direction::In,
                asked.moment,
                asked.reason,
                asked.requester,
                at,
                one.map(|evidence| &evidence.note),
                one.and_then(|evidence| evidence.file.as_ref()),
                one.and_then(|evidence| evidence.file_kind.as_ref()),
            ],
        )
    }

    /// The first decision holds.
    fn correction_decided(&mut self, decision: &Decision) -> rusqlite::Result<()> {
        let state = if decision.refused.is_some() { 2 } else { 1 };
        self.run(
            "UPDATE correction SET state = ?2, approver = ?3, decided_at = ?4, why = ?5 \
             WHERE request = ?1 AND state = 0",
            params![
                decision.request,
                state,
                decision.approver,
                decision.at,
                decision.refused
            ],
        )
    }

    fn key_of(&mut self, worker: u32) -> rusqlite::Result<Option<DataKey>> {
        self.statement("SELECT key FROM worker_key WHERE worker = ?1")?
            .query_row([worker], |row| row.get(0).map(DataKey::from_bytes))
            .optional()
    }

    fn visit_key(&mut self, visit: u32) -> rusqlite::Result<Option<DataKey>> {
        self.statement("SELECT key FROM visit_key WHERE visit = ?1")?
            .query_row([visit], |row| row.get(0).map(DataKey::from_bytes))
            .optional()
    }

    fn run(&mut self, sql: &'static str, values: impl Params) -> rusqlite::Result<()> {
        self.statement(sql)?.execute(values).map(drop)
    }

    fn statement(&mut self, sql: &'static str) -> rusqlite::Result<&mut Statement<'a>> {
        match self.prepared.entry(sql) {
            Slot::Occupied(slot) => Ok(slot.into_mut()),
            Slot::Vacant(slot) => Ok(slot.insert(self.db.prepare(sql)?)),
        }
    }
}

/// Names a boot within the epoch of a record.
fn unset_in(ledger_id: i64, boot: u32) -> i64 {
    ledger::epoch_no_of(ledger_id) << 32 | i64::from(boot)
}

const fn id_kind_code(kind: IdKind) -> &'static str {
    match kind {
        IdKind::Resident => "resident",
        IdKind::Hmt => "hmt",
        IdKind::Foreigner2017 => "foreigner_2017",
        IdKind::Foreigner2023 => "foreigner_2023",
    }
}

const fn sex_code(sex: Sex) -> &'static str {
    match sex {
        Sex::Male => "male",
        Sex::Female => "female",
        Sex::Unstated => "unstated",
    }
}
