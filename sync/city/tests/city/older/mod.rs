//! A city's database of schema 3, with rows as the program writes them, is taken over as it is, and the
//! work goes on in it. `schema-3.sql` is that database, frozen: no later change of the schema reaches it.

use std::process::Command;
use std::sync::Arc;

use crate::common::database::{Store, ask, on_both_databases};
use crate::common::{EPOCH, Ledger, Peer, Site, state};
use rusqlite::Connection;
use rusqlite::types::Value;
use sync_city::Silent;
use sync_city::db::{Place, Session};
use sync_wire::{ParkCode, Topic};

const ROWS: &str = include_str!("schema-3.sql");
/// Every table of schema 3 with its columns.
const TABLES: [(&str, &str); 16] = [
    (
        "box",
        "box, site, first_seen_at, last_seen_at, online, online_at, roster_version, software, site_due, barred",
    ),
    ("epoch", "no, box, epoch, previous, seen_at"),
    ("record", "box, epoch, seq, body, hash, received_at, status"),
    ("arrival", "no, box, epoch, first, last, at"),
    ("span", "box, epoch, first, last"),
    ("parked", "box, epoch, seq, code, message"),
    ("need", "box, epoch, seq, what, no"),
    ("known", "box, epoch, what, no, seq"),
    ("code", "tab, code, name"),
    ("ack", "box, epoch, through, beyond, made_at"),
    ("heartbeat", "box, received_at, backlog, skew_ms, body"),
    (
        "alarm",
        "no, box, epoch, seq, code, message, first_at, last_at, times",
    ),
    ("day", "box, day, records, counted"),
    ("gap", "box, from_at, to_at, cause"),
    ("carried", "box, from_epoch, from_seq, digest, epoch, seq"),
    (
        "down",
        "box, series, number, what, version, detail, message, issued_at, expires_at, sent_at, times, again, state, code, said, said_at",
    ),
];

/// The same database, looked at without the city's program.
struct Aside(Place);

fn psql(url: &str, script: &str) -> String {
    let mut command = Command::new("psql");
    command.args(["-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", url]);
    let done = command.args(["-c", script]).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).unwrap()
}

impl Aside {
    fn write(&self) {
        match &self.0 {
            Place::File(file, _) => {
                let tables = ROWS.replace("IDENTITY", "INTEGER PRIMARY KEY");
                Connection::open(file)
                    .unwrap()
                    .execute_batch(&tables)
                    .unwrap();
            }
            Place::Server(url) => {
                let identity = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY";
                let tables = ROWS
                    .replace("IDENTITY", identity)
                    .replace("INTEGER", "BIGINT")
                    .replace("BLOB", "BYTEA")
                    .replace("X'", "'\\x");
                psql(url, &tables);
            }
        }
    }

    /// Everything that schema 3 has, as text.
    fn rows(&self) -> Vec<String> {
        let read = |(table, columns): (&str, &str)| {
            let text = format!("SELECT {columns} FROM {table} ORDER BY 1, 2, 3");
            let file = match &self.0 {
                Place::File(file, _) => file,
                Place::Server(url) => return format!("{table}: {}", psql(url, &text)),
            };
            let database = Connection::open(file).unwrap();
            let mut asked = database.prepare(&text).unwrap();
            let count = asked.column_count();
            let rows = asked.query_map([], |row| {
                let values = (0..count).map(|column| row.get::<_, Value>(column));
                values.collect::<Result<Vec<_>, _>>()
            });
            let rows: Result<Vec<_>, _> = rows.unwrap().collect();
            format!("{table}: {:?}", rows.unwrap())
        };
        TABLES.into_iter().map(read).collect()
    }
}

/// The ledger of which the city of then had records 1 to 8, 11 and 12.
fn ledger() -> Ledger {
    let mut ledger = Ledger::new("box-1");
    for (at, rest) in (1_795_301_924_000_i64..).step_by(1_000).zip(RECORDS) {
        ledger.push_at(at, rest);
    }
    ledger
}

const RECORDS: [&str; 13] = [
    r#""kind":"epoch_began","box":"box-1","site":"示范工地","epoch":"00112233aabbccdd","software":"0.1.0","reason":"first_start""#,
    r#""kind":"employer","employer":1,"uscc":"91349900MA8N0TE00Y","name":"皖城劳务有限公司","type":"006""#,
    r#""kind":"team","team":2,"employer":1,"name":"钢筋一班""#,
    r#""kind":"worker","worker":17,"sealed":"oKGio6Sl","wraps":[]"#,
    r#""kind":"entry","worker":17,"team":2,"trade":"020","role":"20","on":"2026-11-01""#,
    r#""kind":"presentation","lane":"east-1","direction":"in","by":"005","worker":17,"document":"resident","result":"granted","counted":true,"policy":1"#,
    r#""kind":"retina_scan","worker":17"#,
    r#""kind":"gap","from":1795298524000,"to":1795301924500,"cause":"powered_off""#,
    r#""kind":"clock","change":"synced","before":1795301933750,"after":1795301934000"#,
    r#""kind":"device","device":"reader-east-in","lane":"east-1","state":"online""#,
    r#""kind":"carried","epoch":"8899aabbccddeeff","seq":4712,"body":{"at":1795298520000,"boot":2,"mono":86400123,"clock":"synced","kind":"presentation","lane":"east-1","direction":"out","by":"005","worker":17,"document":"resident","result":"granted","counted":true,"policy":1}"#,
    r#""kind":"team","team":3,"employer":8,"name":"木工一班""#,
    r#""kind":"gate","lane":"east-1","event":"held","board":{"boot":9,"seq":413}"#,
];

on_both_databases!(a_database_of_schema_3_is_taken_over_as_it_is);

async fn a_database_of_schema_3_is_taken_over_as_it_is(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let place = site.settings().place;
    let aside = Aside(place.clone());
    aside.write();
    let before = aside.rows();
    assert!(before.iter().all(|rows| rows.len() > 20), "an empty table");

    let opened = place.clone();
    std::thread::spawn(move || drop(Session::open(&opened).unwrap()))
        .join()
        .unwrap();
    assert_eq!(aside.rows(), before);
    let added = "SELECT (SELECT number FROM schema_version), (SELECT count(*) FROM epoch WHERE greeted_at IS NULL),
                        (SELECT count(*) FROM span WHERE hole_at = 0), (SELECT max(ignored) FROM box)";
    let added = &ask(&place, added, Vec::new())[0];
    let added: Vec<_> = (0..4).map(|column| added.int(column).unwrap()).collect();
    assert_eq!(added, [5, 2, 3, 0]);

    // The work goes on where it was: the same cursor, hole, parked records and order.
    let city = site.city(Arc::new(Silent)).await;
    let ledger = ledger();
    let mut peer = Peer::connect(&site, "box-1").await;
    let ack = peer.greet().await;
    assert_eq!((ack.through, ack.head), (8, ledger.hashes[8]));
    let beyond: Vec<_> = ack
        .ranges
        .iter()
        .map(|run| (run.from, run.to, run.head))
        .collect();
    assert_eq!(beyond, [(11, 12, ledger.hashes[12])]);
    let parked: Vec<_> = ack.parked.iter().map(|one| (one.seq, one.code)).collect();
    assert_eq!(
        parked,
        [
            (4, ParkCode::CannotUnseal),
            (5, ParkCode::UnknownReference),
            (7, ParkCode::UnknownKind)
        ]
    );
    let order = peer.next(Topic::DownCmd).await;
    let stored = ask(&place, "SELECT message FROM down", Vec::new());
    assert_eq!(stored[0].bytes(0).unwrap(), order);
    peer.send(Topic::UpBulk, ledger.bulk(9, 10)).await;
    peer.ack_where(|ack| ack.through == 12).await;
    peer.send(Topic::UpLive, ledger.live(13, 13)).await;
    let ack = peer.ack_where(|ack| ack.through == 13).await;
    assert_eq!(ack.head, ledger.hashes[13]);
    let shown = state(&city).await;
    let alarms = shown["alarms"].as_array().unwrap();
    assert!(alarms.iter().any(|one| one["code"] == "fork"), "{shown}");
    let newest = format!("SELECT count(*) FROM epoch WHERE greeted_at > 0 AND epoch = '{EPOCH}'");
    let newest = ask(&place, Box::leak(newest.into_boxed_str()), Vec::new());
    assert_eq!(newest[0].count(0).unwrap(), 1);
    city.stop().await.unwrap();
}
