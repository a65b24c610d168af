//! What the city has: per epoch, all records up to one, and ranges beyond it.

use rusqlite::{Connection, OptionalExtension, params};

use crate::error::StoreError;

/// What the city has acknowledged of one epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Every record up to this one is stored at the city; 0 when none is.
    pub through: u64,
    /// Records beyond `through` that the city has too: first and last of each run, in order.
    pub ranges: Vec<(u64, u64)>,
}

impl Cursor {
    /// The same knowledge in one form: sorted, joined, nothing at or below `through`.
    #[must_use]
    pub fn normal(mut through: u64, mut ranges: Vec<(u64, u64)>) -> Self {
        ranges.sort_unstable();
        let mut joined: Vec<(u64, u64)> = Vec::new();
        for (from, to) in ranges {
            if to < from || to <= through {
                continue;
            }
            if from <= through.saturating_add(1) {
                through = to;
                continue;
            }
            match joined.last_mut() {
                Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        Self {
            through,
            ranges: joined,
        }
    }

    /// The same knowledge of the records up to `last`.
    #[must_use]
    pub(crate) fn up_to(&self, last: u64) -> Self {
        let ranges = self.ranges.iter().filter(|(from, _)| *from <= last);
        let ranges = ranges.map(|(from, to)| (*from, last.min(*to))).collect();
        Self::normal(self.through.min(last), ranges)
    }

    /// Whether the city has this record.
    pub fn holds(&self, seq: u64) -> bool {
        let beyond = |(from, to): &(u64, u64)| (*from..=*to).contains(&seq);
        seq <= self.through || self.ranges.iter().any(beyond)
    }

    /// How many records up to `last` the city does not have.
    pub fn waiting(&self, last: u64) -> u64 {
        let beyond: u64 = self
            .ranges
            .iter()
            .map(|(from, to)| to.saturating_sub(*from).saturating_add(1))
            .sum();
        last.saturating_sub(self.through).saturating_sub(beyond)
    }
}

/// Reads the cursor of an epoch; nothing stored means nothing acknowledged.
pub(crate) fn read(db: &Connection, epoch_no: u32) -> Result<Cursor, StoreError> {
    let step = "read the cursor";
    let row: Option<(u64, String)> = db
        .query_row(
            "SELECT through, ranges FROM cursor WHERE epoch_no = ?1",
            [epoch_no],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .map_err(|e| StoreError::database(step, e))?;
    let Some((through, ranges)) = row else {
        return Ok(Cursor::default());
    };
    let ranges = serde_json::from_str(&ranges).map_err(|e| StoreError::Damaged {
        what: format!("the cursor's ranges: {e}"),
    })?;
    Ok(Cursor { through, ranges })
}

/// Stores the cursor of an epoch, forwards or backwards: the city knows best what it has.
pub(crate) fn write(db: &Connection, epoch_no: u32, cursor: &Cursor) -> Result<(), StoreError> {
    let ranges = cursor
        .ranges
        .iter()
        .map(|(from, to)| format!("[{from},{to}]"))
        .collect::<Vec<_>>()
        .join(",");
    db.execute(
        "INSERT INTO cursor (epoch_no, through, ranges) VALUES (?1, ?2, ?3) \
         ON CONFLICT (epoch_no) DO UPDATE SET through = excluded.through, ranges = excluded.ranges",
        params![epoch_no, cursor.through, format!("[{ranges}]")],
    )
    .map_err(|e| StoreError::database("store the cursor", e))?;
    Ok(())
}
