//! What is missing between stored records, of every epoch of a box.

use std::collections::BTreeMap;

use crate::db::{Row, Sql};
use crate::error::CityError;
use crate::runs::{Runs, Span};

/// What the city has of every epoch of a box.
pub(super) const RUNS: Sql = Sql {
    step: "read runs",
    text: "SELECT s.epoch, s.first, s.last, e.closed_last FROM span s
           JOIN epoch e ON e.box = s.box AND e.epoch = s.epoch WHERE s.box = ?1",
};

/// How many records holes have.
pub(super) fn count(holes: &[Span]) -> u64 {
    let sizes = holes.iter();
    let sizes = sizes.map(|hole| hole.last.saturating_sub(hole.first).saturating_add(1));
    sizes.sum()
}

/// What the city has of one epoch of a box.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EpochRuns {
    /// The stored runs.
    pub runs: Runs,
    /// The last record that the box has, where it writes to the epoch no more.
    pub closed_last: Option<u64>,
}

impl EpochRuns {
    /// Whether nothing of what is missing is at the box either.
    pub fn is_lost(&self) -> bool {
        self.closed_last
            .is_some_and(|last| self.runs.through() >= last)
    }

    /// The holes that the box may fill.
    pub fn open(&self) -> Vec<Span> {
        if self.is_lost() {
            return Vec::new();
        }
        self.runs.gaps()
    }

    /// The holes that nobody can fill.
    pub fn lost(&self) -> Vec<Span> {
        if self.is_lost() {
            return self.runs.gaps();
        }
        Vec::new()
    }
}

/// Every epoch of a box, from rows of [`RUNS`].
pub(super) fn epochs(rows: &[Row]) -> Result<BTreeMap<String, EpochRuns>, CityError> {
    let mut spans: BTreeMap<String, (Vec<Span>, Option<u64>)> = BTreeMap::new();
    for row in rows {
        let closed = row.maybe_int(3)?.map(|_| row.count(3)).transpose()?;
        let (runs, last) = spans.entry(row.text(0)?).or_default();
        runs.push(Span {
            first: row.count(1)?,
            last: row.count(2)?,
        });
        *last = closed;
    }
    let epoch = |(epoch, (spans, closed_last))| {
        let runs = Runs::new(spans);
        (epoch, EpochRuns { runs, closed_last })
    };
    Ok(spans.into_iter().map(epoch).collect())
}
