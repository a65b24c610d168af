//! How many rows of a file came to what.

use edge_store::{ImportCount, ImportJob, Reader};

use crate::error::SourceError;
use crate::intake::{Fate, Stage};

/// Rows by what became of them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    pub(super) new: u32,
    pub(super) changed: u32,
    pub(super) same: u32,
    pub(super) refused: u32,
    pub(super) undone: u32,
    pub(super) stands: u32,
    /// Rows that the present stage deals with, and how many of them it has.
    pub(super) whole: u32,
    pub(super) done: u32,
}

impl Counted {
    pub(super) fn of(reader: &Reader, job: &ImportJob) -> Result<Self, SourceError> {
        let counts = reader.import_counts(job.job)?;
        let find = |fate: Fate| -> (u32, u32) {
            let found = counts
                .iter()
                .find(|one: &&ImportCount| one.word == fate.code());
            found.map_or((0, 0), |one| (one.rows, one.done))
        };
        let acted = [Fate::New, Fate::Changed, Fate::Undone, Fate::Stands].map(find);
        Ok(Self {
            new: find(Fate::New).0,
            changed: find(Fate::Changed).0,
            same: find(Fate::Same).0,
            refused: find(Fate::Refused).0,
            undone: find(Fate::Undone).0,
            stands: find(Fate::Stands).0,
            whole: acted.iter().map(|(rows, _)| rows).sum(),
            done: acted.iter().map(|(_, done)| done).sum(),
        })
    }

    /// In a list of files, in one line.
    pub(super) fn text(&self, stage: Stage) -> String {
        match stage {
            Stage::Ready => format!(
                "待导入：新增 {}，更新 {}，有错 {}",
                self.new, self.changed, self.refused
            ),
            Stage::Saving => format!("正在导入 {} / {}", self.done, self.whole),
            Stage::Saved => format!(
                "已导入：新增 {}，更新 {}，有错 {}",
                self.new, self.changed, self.refused
            ),
            Stage::Undoing => format!("正在撤销 {} / {}", self.done, self.whole),
            Stage::Undone => format!("已撤销 {} 人，保留 {} 人", self.undone, self.stands),
        }
    }
}
