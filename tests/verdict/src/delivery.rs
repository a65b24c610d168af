//! Whether the city has a box's ledger: every record once, in its place, unaltered.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::VerdictError;

/// The comparison. Every count but the first two must be 0.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Delivery {
    /// Nothing was lost, doubled, moved or invented.
    pub ok: bool,
    /// Records of the ledger.
    pub ledger_records: u64,
    /// Rows of the city for that box.
    pub city_records: u64,
    /// Records that the city does not have anywhere.
    pub lost: u64,
    /// Rows with a record that another row has already.
    pub duplicated: u64,
    /// Rows with a record of the ledger that stands elsewhere there.
    pub reordered: u64,
    /// Rows with a record that the ledger does not have.
    pub invented: u64,
    /// Whether the ledger's own numbers run from 1 without a hole.
    pub ledger_whole: bool,
}

/// A line of `menwei export`. The body is not needed: its hash is recomputed from the city's copy.
#[derive(Debug, Deserialize)]
struct Line {
    epoch: String,
    seq: u64,
    hash: String,
}

type Name = (String, u64);

/// Compares the lines that `menwei export` wrote with the city's rows of that box. A row is a record
/// of the ledger where the hash of its own body, after the ledger's hash before it, is the ledger's.
pub fn compare(export: &Path, city_db: &Path, id: &str) -> Result<Delivery, VerdictError> {
    let ledger = read_export(export)?;
    let conn = Connection::open_with_flags(city_db, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut rows = conn.prepare("SELECT epoch, seq, body, hash FROM record WHERE box = ?1")?;
    let rows = rows.query_map([id], |row| {
        Ok((
            (row.get::<_, String>(0)?, row.get::<_, i64>(1)?),
            row.get::<_, Vec<u8>>(2)?,
            row.get::<_, Vec<u8>>(3)?,
        ))
    })?;
    let places: BTreeMap<&str, &Name> = ledger
        .iter()
        .map(|(name, hash)| (hash.as_str(), name))
        .collect();
    let mut found: BTreeMap<&Name, u64> = BTreeMap::new();
    let mut delivery = Delivery {
        ledger_records: u64::try_from(ledger.len()).unwrap_or(u64::MAX),
        ledger_whole: is_whole(&ledger),
        ..Delivery::default()
    };
    for row in rows {
        let ((epoch, seq), body, stored) = row?;
        let name = (epoch, u64::try_from(seq).unwrap_or(0));
        delivery.city_records += 1;
        let place = places.get(hex(&stored).as_str()).copied();
        match place.filter(|place| is_that_record(&ledger, id, place, &body)) {
            Some(place) => {
                delivery.reordered += u64::from(*place != name);
                *found.entry(place).or_default() += 1;
            }
            None => delivery.invented += 1,
        }
    }
    delivery.lost = delivery.ledger_records - u64::try_from(found.len()).unwrap_or(0);
    delivery.duplicated = found.values().map(|times| times - 1).sum();
    let Delivery {
        lost,
        duplicated,
        reordered,
        invented,
        ..
    } = delivery;
    delivery.ok = delivery.ledger_whole && [lost, duplicated, reordered, invented] == [0; 4];
    Ok(delivery)
}

fn read_export(path: &Path) -> Result<BTreeMap<Name, String>, VerdictError> {
    let failed = |source| VerdictError::ReadFile {
        path: path.to_owned(),
        source,
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut ledger = BTreeMap::new();
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let line: Line = serde_json::from_str(&line.map_err(failed)?).map_err(|source| {
            VerdictError::JournalLine {
                line: index + 1,
                source,
            }
        })?;
        ledger.insert((line.epoch, line.seq), line.hash);
    }
    Ok(ledger)
}

fn is_whole(ledger: &BTreeMap<Name, String>) -> bool {
    let mut before: Option<&Name> = None;
    ledger.keys().all(|name| {
        let expected = match before {
            Some(last) if last.0 == name.0 => last.1 + 1,
            Some(_) | None => 1,
        };
        before = Some(name);
        name.1 == expected
    })
}

fn is_that_record(
    ledger: &BTreeMap<Name, String>,
    id: &str,
    (epoch, seq): &Name,
    body: &[u8],
) -> bool {
    let name = |seq| (epoch.clone(), seq);
    let before = match seq {
        1 => Some(Sha256::digest(format!("menwei/1/{id}/{epoch}")).to_vec()),
        _ => ledger.get(&name(seq - 1)).and_then(|hash| unhex(hash)),
    };
    before.is_some_and(|before| {
        let hash = Sha256::new()
            .chain_update(before)
            .chain_update(body)
            .finalize();
        ledger.get(&name(*seq)) == Some(&hex(&hash))
    })
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a text cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}
