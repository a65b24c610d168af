//! Questions of the page. Read-only, on a connection of its own.

use std::collections::BTreeMap;

use crate::db::{Place, Row, Session, Sql, Value};
use crate::error::CityError;
use crate::runs::Runs;
use crate::show::holes::{self, EpochRuns};

/// Boxes shown at most.
const BOXES_MAX: u32 = 500;
/// Boxes that somebody should look at, at most.
const TROUBLED_MAX: u32 = 200;
/// Alarms shown at most.
const ALARMS_MAX: u32 = 20;

/// The reading connection.
#[derive(Debug)]
pub struct Reader {
    session: Session,
}

/// What is shown of a box.
macro_rules! of_box {
    () => {
        concat!(
            "SELECT b.box, b.site, b.online, b.last_seen_at, ",
            crate::db::newest_epoch!(),
            ", (SELECT count(*) FROM epoch e WHERE e.box = b.box),
               (SELECT CAST(COALESCE(sum(last - first + 1), 0) AS BIGINT)
                  FROM span s WHERE s.box = b.box),
               (SELECT count(*) FROM parked p WHERE p.box = b.box),
               b.barred, b.ignored
             FROM box b "
        )
    };
}
const BOXES: Sql = Sql {
    step: "list boxes",
    text: concat!(of_box!(), "ORDER BY b.site, b.box LIMIT ?1"),
};
const TROUBLED: Sql = Sql {
    step: "list boxes that need somebody",
    text: concat!(
        of_box!(),
        "WHERE b.barred = 1 OR b.last_seen_at < ?2
           OR EXISTS (SELECT 1 FROM span s WHERE s.box = b.box AND s.first > 1)
           OR abs(COALESCE((SELECT h.skew_ms FROM heartbeat h WHERE h.box = b.box
                ORDER BY h.received_at DESC LIMIT 1), 0)) > ?3
         ORDER BY CASE WHEN b.barred = 1 OR b.last_seen_at = 0 THEN 2
                       WHEN b.last_seen_at < ?2 THEN 0 ELSE 1 END, b.last_seen_at DESC, b.box
         LIMIT ?1"
    ),
};
const RECENT: Sql = Sql {
    step: "list records",
    text: "SELECT r.box, r.epoch, r.seq, r.body, r.received_at, p.message, r.status
           FROM (SELECT no, box, epoch, first, last FROM arrival ORDER BY no DESC LIMIT ?1) a
           JOIN record r ON r.box = a.box AND r.epoch = a.epoch
             AND r.seq BETWEEN a.first AND a.last
           LEFT JOIN parked p ON p.box = r.box AND p.epoch = r.epoch AND p.seq = r.seq
           ORDER BY a.no DESC, r.seq DESC LIMIT ?1",
};
const ALARMS: Sql = Sql {
    step: "list alarms",
    text: "SELECT box, epoch, seq, code, message, last_at, times
           FROM alarm ORDER BY last_at DESC, no DESC LIMIT ?1",
};
const WORKER: Sql = Sql {
    step: "look for a worker",
    text: "WITH RECURSIVE line (epoch, depth) AS (
             SELECT CAST(?2 AS TEXT), 0
             UNION ALL
             SELECT e.previous, depth + 1 FROM line
             JOIN epoch e ON e.box = ?1 AND e.epoch = line.epoch
             WHERE e.previous IS NOT NULL AND depth < 1000)
           SELECT r.body FROM line
           JOIN known k ON k.box = ?1 AND k.epoch = line.epoch AND k.what = 'worker' AND k.no = ?3
           JOIN record r ON r.box = ?1 AND r.epoch = k.epoch AND r.seq = k.seq
           ORDER BY depth LIMIT 1",
};
const ACKED: Sql = Sql {
    step: "read an acknowledgement",
    text: "SELECT through, beyond FROM ack WHERE box = ?1 AND epoch = ?2",
};
const BEAT: Sql = Sql {
    step: "read a heartbeat",
    text: "SELECT received_at, backlog, skew_ms FROM heartbeat WHERE box = ?1
           ORDER BY received_at DESC LIMIT 1",
};
const NEWEST: Sql = Sql {
    step: "read the newest record",
    text: "SELECT received_at FROM record WHERE box = ?1 AND epoch = ?2 AND seq = ?3",
};

/// What is known of a box.
#[derive(Clone, Debug)]
pub struct BoxFacts {
    /// Box id.
    pub id: String,
    /// Site that the box named, or empty.
    pub site: String,
    /// Whether its state topic said online last.
    pub online: bool,
    /// When anything came from it last, ms.
    pub last_seen_at: i64,
    /// When its newest record arrived, ms.
    pub last_record_at: Option<i64>,
    /// The epoch with which it said hello last.
    pub epoch: Option<String>,
    /// How many epochs it has.
    pub epochs: u64,
    /// What is stored of each epoch.
    pub ledgers: BTreeMap<String, EpochRuns>,
    /// Stored records, all epochs.
    pub records: u64,
    /// Parked records, all epochs.
    pub parked: u64,
    /// Whether its certificates are revoked.
    pub barred: bool,
    /// Control messages of types that this city does not know.
    pub ignored: u64,
    /// Its newest heartbeat.
    pub heartbeat: Option<HeartbeatFacts>,
}

/// A heartbeat as stored.
#[derive(Clone, Copy, Debug)]
pub struct HeartbeatFacts {
    /// When it arrived, ms.
    pub received_at: i64,
    /// Records that wait on the box.
    pub backlog: u64,
    /// City's time minus box's time, ms.
    pub skew_ms: i64,
}

/// A record as stored.
#[derive(Clone, Debug)]
pub struct RecordFacts {
    /// Box id.
    pub id: String,
    /// Epoch.
    pub epoch: String,
    /// Place in the epoch.
    pub seq: u64,
    /// The exact bytes.
    pub body: Vec<u8>,
    /// When it arrived, ms.
    pub received_at: i64,
    /// Why it was parked, in Chinese.
    pub parked: Option<String>,
    /// Whether it waits for what it refers to.
    pub waiting: bool,
}

/// An alarm as stored.
#[derive(Clone, Debug)]
pub struct AlarmFacts {
    /// Box id.
    pub id: String,
    /// Epoch or empty.
    pub epoch: String,
    /// Seq or 0.
    pub seq: u64,
    /// Code, for machines.
    pub code: String,
    /// Chinese sentence.
    pub message: String,
    /// When it was raised last, ms.
    pub last_at: i64,
    /// How often.
    pub times: u64,
}

impl Reader {
    /// Asks a question of another file.
    pub(super) fn rows(&mut self, sql: Sql, values: &[Value]) -> Result<Vec<Row>, CityError> {
        self.session.rows(sql, values)
    }

    /// A connection of its own.
    pub fn open(place: &Place) -> Result<Self, CityError> {
        Session::open(place).map(|session| Self { session })
    }

    /// Connects again if the database went away.
    pub fn refresh(&mut self) -> Result<(), CityError> {
        if self.session.is_lost() {
            self.session = self.session.again()?;
        }
        Ok(())
    }

    /// Every box, site by site. Bounded.
    pub fn boxes(&mut self) -> Result<Vec<BoxFacts>, CityError> {
        let rows = self.session.rows(BOXES, &[BOXES_MAX.into()])?;
        self.complete(&rows)
    }

    /// The boxes that somebody should look at, however many there are beside them: those that were not
    /// heard of since `away`, lack records, or whose clock is off by more than `skew_ms`. Bounded.
    pub fn troubled(&mut self, away: i64, skew_ms: i64) -> Result<Vec<BoxFacts>, CityError> {
        let asked = [TROUBLED_MAX.into(), away.into(), skew_ms.into()];
        let rows = self.session.rows(TROUBLED, &asked)?;
        self.complete(&rows)
    }

    /// The records that arrived last, newest first.
    pub fn recent(&mut self, limit: u32) -> Result<Vec<RecordFacts>, CityError> {
        let rows = self.session.rows(RECENT, &[limit.into()])?;
        let facts = |row: &Row| {
            Ok(RecordFacts {
                id: row.text(0)?,
                epoch: row.text(1)?,
                seq: row.count(2)?,
                body: row.bytes(3)?,
                received_at: row.int(4)?,
                parked: row.maybe_text(5)?,
                waiting: row.text(6)? == "waiting",
            })
        };
        rows.iter().map(facts).collect()
    }

    /// The alarms raised last, newest first.
    pub fn alarms(&mut self) -> Result<Vec<AlarmFacts>, CityError> {
        let rows = self.session.rows(ALARMS, &[ALARMS_MAX.into()])?;
        let facts = |row: &Row| {
            Ok(AlarmFacts {
                id: row.text(0)?,
                epoch: row.text(1)?,
                seq: row.count(2)?,
                code: row.text(3)?,
                message: row.text(4)?,
                last_at: row.int(5)?,
                times: row.count(6)?,
            })
        };
        rows.iter().map(facts).collect()
    }

    /// Body of the newest record of a worker, looked for in `epoch` and in the epochs
    /// whose numbers it continues.
    pub fn worker_body(
        &mut self,
        (id, epoch): (&str, &str),
        worker: u32,
    ) -> Result<Option<Vec<u8>>, CityError> {
        let values = [id.into(), epoch.into(), worker.into()];
        let row = self.session.row(WORKER, &values)?;
        row.map(|row| row.bytes(0)).transpose()
    }

    /// The last published acknowledgement: `through` and the runs beyond, as JSON.
    pub fn acked(&mut self, id: &str, epoch: &str) -> Result<Option<(u64, String)>, CityError> {
        let row = self.session.row(ACKED, &[id.into(), epoch.into()])?;
        row.map(|row| Ok((row.count(0)?, row.text(1)?))).transpose()
    }

    fn complete(&mut self, rows: &[Row]) -> Result<Vec<BoxFacts>, CityError> {
        let mut boxes = rows.iter().map(box_facts).collect::<Result<Vec<_>, _>>()?;
        let name = |one: &BoxFacts| vec![Value::from(one.id.as_str())];
        let names: Vec<_> = boxes.iter().map(name).collect();
        let beats = self.session.rows_each(BEAT, &names)?;
        let ledgers = self.session.rows_each(holes::RUNS, &names)?;
        for ((one, beats), ledgers) in boxes.iter_mut().zip(beats).zip(ledgers) {
            one.heartbeat = beats.first().map(heartbeat).transpose()?;
            one.ledgers = holes::epochs(&ledgers)?;
        }
        let newest = boxes.iter().map(|one| {
            let epoch = one.epoch.as_deref().unwrap_or_default();
            let last = one.newest().and_then(Runs::last).unwrap_or(0);
            vec![one.id.as_str().into(), epoch.into(), last.into()]
        });
        let newest = self
            .session
            .rows_each(NEWEST, &newest.collect::<Vec<_>>())?;
        for (one, rows) in boxes.iter_mut().zip(newest) {
            let at = rows.first().map(|row| row.maybe_int(0)).transpose()?;
            one.last_record_at = at.flatten();
        }
        Ok(boxes)
    }
}

impl BoxFacts {
    /// What is stored of the newest epoch.
    pub fn newest(&self) -> Option<&Runs> {
        let ledger = self.ledgers.get(self.epoch.as_ref()?)?;
        Some(&ledger.runs)
    }
}

fn heartbeat(row: &Row) -> Result<HeartbeatFacts, CityError> {
    Ok(HeartbeatFacts {
        received_at: row.int(0)?,
        backlog: row.count(1)?,
        skew_ms: row.int(2)?,
    })
}

fn box_facts(row: &Row) -> Result<BoxFacts, CityError> {
    Ok(BoxFacts {
        id: row.text(0)?,
        site: row.text(1)?,
        online: row.int(2)? != 0,
        last_seen_at: row.int(3)?,
        last_record_at: None,
        epoch: row.maybe_text(4)?,
        epochs: row.count(5)?,
        ledgers: BTreeMap::new(),
        records: row.count(6)?,
        parked: row.count(7)?,
        barred: row.int(8)? != 0,
        ignored: row.count(9)?,
        heartbeat: None,
    })
}
