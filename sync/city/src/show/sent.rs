//! What went down to boxes and what they answered.

use serde::Serialize;

use crate::clock;
use crate::db::{Row, Sql};
use crate::error::CityError;
use crate::show::facts::Reader;

const SENT: Sql = Sql {
    step: "list what was sent",
    text: "SELECT box, number, detail, issued_at, times, state, said FROM down
           ORDER BY issued_at DESC, number DESC LIMIT ?1",
};

/// A signed message as stored.
#[derive(Clone, Debug)]
struct SentFacts {
    id: String,
    number: u64,
    detail: String,
    issued_at: i64,
    times: u64,
    state: String,
    said: String,
}

/// A signed message on the page.
#[derive(Clone, Debug, Serialize)]
pub struct SentRow {
    /// Box id.
    pub id: String,
    /// Its number on its topic.
    pub number: u64,
    /// What it is, in words.
    pub detail: String,
    /// When it was signed, in words.
    pub at: String,
    /// What became of it, in words.
    pub state: String,
    /// What the box said last.
    pub said: String,
    /// Color: good, bad, warn or plain.
    pub tone: &'static str,
}

impl SentRow {
    /// What was signed last, newest first.
    pub fn list(reader: &mut Reader, limit: u32) -> Result<Vec<Self>, CityError> {
        let facts = |row: &Row| {
            Ok(SentFacts {
                id: row.text(0)?,
                number: row.count(1)?,
                detail: row.text(2)?,
                issued_at: row.int(3)?,
                times: row.count(4)?,
                state: row.text(5)?,
                said: row.text(6)?,
            })
        };
        let rows = reader.rows(SENT, &[limit.into()])?;
        rows.iter().map(|row| facts(row).map(Self::new)).collect()
    }

    /// In words.
    fn new(facts: SentFacts) -> Self {
        let (state, tone) = match facts.state.as_str() {
            "pending" if facts.times == 0 => ("等待下发", "warn"),
            "pending" => ("已下发，等待盒子答复", "warn"),
            "done" => ("已执行", "good"),
            "overtaken" => ("已被新内容取代", "plain"),
            "expired" => ("过期未答复", "bad"),
            "again" | "rebase" => ("正在重新签发", "warn"),
            _ => ("未执行", "bad"),
        };
        Self {
            id: facts.id,
            number: facts.number,
            detail: facts.detail,
            at: clock::show(facts.issued_at),
            state: state.to_owned(),
            said: facts.said,
            tone,
        }
    }
}
