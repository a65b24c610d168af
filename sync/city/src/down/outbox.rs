//! Signed messages and what became of them. One goes out again after every hello of its box, and
//! every minute while the box is online, until its result arrives.

use sync_wire::ctl::ReportTopic;
use sync_wire::down::Series;
use sync_wire::{Report, ResultCode};

use super::numbers::Numbers;
use crate::db::{Row, Session, Sql, Tx, Value};
use crate::error::CityError;

/// How often a message gets a new number because the old one was overtaken.
const AGAIN_MAX: u32 = 3;
/// A box that is online and has not answered for so long gets a message again, ms.
const ANSWER_MS: i64 = 60_000;
/// Messages that one look sends.
const LETTERS_MAX: u32 = 500;

const SEEN: Sql = Sql {
    step: "read the numbers of a box",
    text: "SELECT COALESCE(max(CASE WHEN series = 'roster' THEN number END), 0),
             COALESCE(max(CASE WHEN series = 'cmd' THEN number END), 0),
             COALESCE(max(CASE WHEN what = 'roster' THEN version END), 0),
             COALESCE(max(CASE WHEN what = 'policy' THEN version END), 0)
           FROM down WHERE box = ?1",
};
const KNOWN: Sql = Sql {
    step: "look for a box",
    text: "SELECT 1 FROM box WHERE box = ?1",
};
const OVERTAKE: Sql = Sql {
    step: "overtake a message",
    text: "UPDATE down SET state = 'overtaken' WHERE box = ?1 AND what = ?2
             AND state IN ('pending', 'rebase', 'again')",
};
const ADD: Sql = Sql {
    step: "store a signed message",
    text: "INSERT INTO down (box, series, number, what, version, detail, message, issued_at,
             expires_at, again) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
};
const DUE: Sql = Sql {
    step: "list signed messages",
    text: "SELECT box, series, number, message FROM down
           WHERE box = ?1 AND state = 'pending' AND expires_at > ?2 ORDER BY series, number",
};
const UNSENT: Sql = Sql {
    step: "list signed messages to send",
    // A box takes numbers in their order only: with one go all of its series that wait before it.
    text: "SELECT d.box, d.series, d.number, d.message FROM down d
           WHERE d.state = 'pending' AND d.expires_at > ?1 AND EXISTS
             (SELECT 1 FROM down s WHERE s.box = d.box AND s.series = d.series
                AND s.number >= d.number AND s.state = 'pending' AND s.expires_at > ?1
                AND (s.sent_at IS NULL OR (s.sent_at < ?3 AND EXISTS
                  (SELECT 1 FROM box b WHERE b.box = s.box
                     AND b.online = 1 AND b.last_seen_at >= ?3 AND b.barred = 0))))
           ORDER BY d.box, d.series, d.number LIMIT ?2",
};
const SENT: Sql = Sql {
    step: "note that a message went out",
    text: "UPDATE down SET sent_at = ?4, times = times + 1
           WHERE box = ?1 AND series = ?2 AND number = ?3",
};
const SETTLE: Sql = Sql {
    step: "note a result",
    text: "UPDATE down SET code = ?5, said = ?6, said_at = ?7,
             state = CASE WHEN ?4 = 'again' AND (again >= ?8 OR what = 'revoke') THEN 'refused'
               ELSE ?4 END
           WHERE box = ?1 AND series = ?2 AND number = ?3 AND state = 'pending'",
};
const EXPIRE: Sql = Sql {
    step: "note that messages expired",
    text: "UPDATE down SET state = 'expired' WHERE state = 'pending' AND expires_at <= ?1",
};
const WAITING: Sql = Sql {
    step: "list messages that must be signed anew",
    text: "SELECT box, series, number, state, message, issued_at, expires_at, version, again
           FROM down WHERE state IN ('again', 'rebase') ORDER BY box, series, number LIMIT ?1",
};
const REPLACED: Sql = Sql {
    step: "note that a message was signed anew",
    text: "UPDATE down SET state = ?4 WHERE box = ?1 AND series = ?2 AND number = ?3",
};

/// A signed message that goes to the broker.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The box that it is for.
    pub id: String,
    /// On which topic.
    pub series: Series,
    /// The signed bytes.
    pub payload: Vec<u8>,
}

/// A signed message as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    pub(super) letter: &'a Letter,
    pub(super) number: u64,
    /// `roster`, `policy` or `revoke`.
    pub(super) what: &'static str,
    /// Version of the roster or policy, or 0.
    pub(super) version: u64,
    /// What it is, for people.
    pub(super) detail: &'a str,
    pub(super) issued_at: i64,
    pub(super) expires_at: i64,
    /// How often it was signed anew.
    pub(super) again: u32,
}

/// A message whose box asked for another in its place.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub(super) letter: Letter,
    pub(super) number: u64,
    /// The box does not have the version that a change of the roster is based on.
    pub(super) is_rebase: bool,
    pub(super) issued_at: i64,
    pub(super) expires_at: i64,
    pub(super) version: u64,
    pub(super) again: u32,
}

impl Waiting {
    /// Which one it is, for the log.
    pub(crate) fn name(&self) -> String {
        let series = word(self.letter.series);
        format!("{}, {series}, number {}", self.letter.id, self.number)
    }
}

/// The numbers that the database has seen of a box; none for a box that nobody knows.
pub(super) fn seen(session: &mut Session, id: &str) -> Result<Option<Numbers>, CityError> {
    if session.row(KNOWN, &[id.into()])?.is_none() {
        return Ok(None);
    }
    let row = session.row(SEEN, &[id.into()])?;
    let numbers = |row: Row| {
        Ok::<_, CityError>(Numbers {
            roster: row.count(0)?,
            cmd: row.count(1)?,
            roster_version: row.count(2)?,
            policy_version: row.count(3)?,
        })
    };
    row.map(numbers).transpose()
}

/// Stores a message. A roster or policy overtakes those that still wait for their box.
pub(super) fn add(tx: &mut Tx<'_>, entry: &Entry<'_>) -> Result<(), CityError> {
    let id: Value = entry.letter.id.as_str().into();
    if entry.version > 0 {
        tx.run(OVERTAKE, &[id.clone(), entry.what.into()])?;
    }
    let values = [
        id,
        word(entry.letter.series).into(),
        entry.number.into(),
        entry.what.into(),
        entry.version.into(),
        entry.detail.into(),
        entry.letter.payload.as_slice().into(),
        entry.issued_at.into(),
        entry.expires_at.into(),
        entry.again.into(),
    ];
    tx.run(ADD, &values).map(|_| ())
}

/// Takes what these boxes have not answered yet.
pub(crate) fn due(tx: &mut Tx<'_>, boxes: &[&str], now: i64) -> Result<Vec<Letter>, CityError> {
    let asked: Vec<Vec<Value>> = boxes
        .iter()
        .map(|id| vec![(*id).into(), now.into()])
        .collect();
    let rows: Vec<Row> = tx.rows_each(DUE, &asked)?.into_iter().flatten().collect();
    sent(tx, &rows, now)
}

/// Takes what never went out, and what a box that is online has not answered for long: it may have
/// been lost on the way, or the box could not store it.
pub(crate) fn unsent(session: &mut Session, now: i64) -> Result<Vec<Letter>, CityError> {
    let before = now.saturating_sub(ANSWER_MS);
    let asked = [now.into(), LETTERS_MAX.into(), before.into()];
    let rows = session.rows(UNSENT, &asked)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut tx = session.begin()?;
    let letters = sent(&mut tx, &rows, now)?;
    tx.commit()?;
    Ok(letters)
}

fn sent(tx: &mut Tx<'_>, rows: &[Row], now: i64) -> Result<Vec<Letter>, CityError> {
    let name = |row: &Row| {
        Ok(vec![
            row.text(0)?.into(),
            row.text(1)?.into(),
            row.count(2)?.into(),
            now.into(),
        ])
    };
    let names = rows
        .iter()
        .map(name)
        .collect::<Result<Vec<_>, CityError>>()?;
    tx.run_each(SENT, &names)?;
    rows.iter().map(|row| letter(row, 3)).collect()
}

fn letter(row: &Row, message: usize) -> Result<Letter, CityError> {
    Ok(Letter {
        id: row.text(0)?,
        series: match row.text(1)?.as_str() {
            "roster" => Series::Roster,
            _ => Series::Command,
        },
        payload: row.bytes(message)?,
    })
}

/// Notes what boxes answered; says which answers are to no message that waits.
pub(crate) fn settle<'a>(
    tx: &mut Tx<'_>,
    reports: &[(&'a str, &'a Report)],
    now: i64,
) -> Result<Vec<(&'a str, &'a Report)>, CityError> {
    let set = |(id, report): &(&str, &Report)| -> Vec<Value> {
        let code = report.code.map(code_word).unwrap_or_default();
        let said = report.message.clone().unwrap_or_default();
        vec![
            (*id).into(),
            match report.topic {
                ReportTopic::Roster => "roster".into(),
                ReportTopic::Cmd => "cmd".into(),
            },
            report.number.unwrap_or(0).into(),
            state_after(report).into(),
            code.into(),
            said.chars().take(200).collect::<String>().into(),
            now.into(),
            AGAIN_MAX.into(),
        ]
    };
    let sets: Vec<_> = reports.iter().map(set).collect();
    let changed = tx.run_each(SETTLE, &sets)?;
    let strange = reports.iter().zip(changed).filter(|(_, rows)| *rows == 0);
    Ok(strange.map(|(report, _)| *report).collect())
}

/// What a message is after this answer.
fn state_after(report: &Report) -> &'static str {
    match report.code {
        _ if report.ok => "done",
        // It goes on trying, and the answer that counts comes later.
        Some(ResultCode::CannotFetch | ResultCode::NotStored) => "pending",
        Some(ResultCode::Repeated) => "done",
        // A revocation is never signed again: where the city's database was restored it may be one of
        // long ago, and bar whom an operator has freed since. `SETTLE` refuses it, people decide.
        Some(ResultCode::OldNumber) => "again",
        Some(ResultCode::WrongBase) => "rebase",
        _ => "refused",
    }
}

fn code_word(code: ResultCode) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "other".to_owned(),
    }
}

/// What nobody follows any more is not sent any more.
pub(crate) fn expire(session: &mut Session, now: i64) -> Result<(), CityError> {
    let mut tx = session.begin()?;
    tx.run(EXPIRE, &[now.into()])?;
    tx.commit()
}

/// Messages in whose place another is needed.
pub(crate) fn waiting(session: &mut Session) -> Result<Vec<Waiting>, CityError> {
    let rows = session.rows(WAITING, &[LETTERS_MAX.into()])?;
    let read = |row: &Row| {
        Ok(Waiting {
            letter: letter(row, 4)?,
            number: row.count(2)?,
            is_rebase: row.text(3)? == "rebase",
            issued_at: row.int(5)?,
            expires_at: row.int(6)?,
            version: row.count(7)?,
            again: u32::try_from(row.count(8)?).unwrap_or(u32::MAX),
        })
    };
    rows.iter().map(read).collect()
}

/// Another message stands in the place of this one.
pub(super) fn replaced(
    tx: &mut Tx<'_>,
    one: &Waiting,
    state: &'static str,
) -> Result<(), CityError> {
    let values = [
        one.letter.id.as_str().into(),
        word(one.letter.series).into(),
        one.number.into(),
        state.into(),
    ];
    tx.run(REPLACED, &values).map(|_| ())
}

fn word(series: Series) -> &'static str {
    match series {
        Series::Roster => "roster",
        Series::Command => "cmd",
    }
}
