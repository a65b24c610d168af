//! Ledgers that forked or went back, each for itself: which box, from where on, and what became of it.

use serde::Serialize;

use crate::clock;
use crate::db::{Row, Sql};
use crate::error::CityError;
use crate::show::facts::Reader;

/// Forks shown.
const FORKS_MAX: u32 = 100;

const FORKS: Sql = Sql {
    step: "list forks",
    text: "SELECT a.box, b.site, a.epoch, a.seq, a.code, a.first_at, a.last_at, a.times,
             (SELECT min(n.epoch) FROM epoch n WHERE n.box = a.box AND n.previous = a.epoch)
           FROM alarm a JOIN box b ON b.box = a.box
           WHERE a.code IN ('fork', 'went_back', 'city_went_back')
           ORDER BY a.last_at DESC, a.no DESC LIMIT ?1",
};

/// A ledger that forked or went back.
#[derive(Clone, Debug, Serialize)]
pub struct ForkRow {
    /// Box id.
    pub id: String,
    /// Its site.
    pub site: String,
    /// The epoch.
    pub epoch: String,
    /// From which record on, 0 where that is not known.
    pub seq: u64,
    /// What happened, in words.
    pub what: &'static str,
    /// What became of it, in words.
    pub after: String,
    /// When it was seen first, in words.
    pub first: String,
    /// When it was seen last, in words.
    pub last: String,
    /// How often.
    pub times: u64,
    /// Color: good, bad or warn.
    pub tone: &'static str,
}

impl ForkRow {
    /// Those seen last first. Bounded.
    pub(super) fn list(reader: &mut Reader) -> Result<Vec<Self>, CityError> {
        let rows = reader.rows(FORKS, &[FORKS_MAX.into()])?;
        rows.iter().map(Self::new).collect()
    }

    fn new(row: &Row) -> Result<Self, CityError> {
        let next = row.maybe_text(8)?;
        let (what, after, tone) = match (row.text(4)?.as_str(), next) {
            ("city_went_back", _) => (
                "平台的数据比确认过的少",
                "盒子已自动补传缺的记录".to_owned(),
                "good",
            ),
            ("went_back", Some(next)) => (
                "盒子的数据回退",
                format!("盒子已另起编号段 {next}，平台原有的保留"),
                "good",
            ),
            ("went_back", None) => (
                "盒子的数据回退",
                "等待盒子另起编号段；一天后还没有，请联系运维".to_owned(),
                "warn",
            ),
            (_, Some(next)) => (
                "同一序号有两份不同记录",
                format!("盒子已另起编号段 {next}，两份都保留"),
                "warn",
            ),
            (_, None) => (
                "同一序号有两份不同记录",
                "平台保留先到的，后到的未入库；请核对盒子是否被复制或恢复过".to_owned(),
                "bad",
            ),
        };
        Ok(Self {
            id: row.text(0)?,
            site: row.text(1)?,
            epoch: row.text(2)?,
            seq: row.count(3)?,
            what,
            after,
            first: clock::show(row.int(5)?),
            last: clock::show(row.int(6)?),
            times: row.count(7)?,
            tone,
        })
    }
}
