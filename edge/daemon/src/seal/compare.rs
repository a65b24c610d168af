//! The daily comparison with the city: what is due, and what is told where both differ.

use edge_store::{Reader, StoreError};
use edge_web::Remedy;
use sync_engine::{DigestRun, RUN_RECORDS};
use sync_wire::ctl::PARTS_MAX;

/// The lamp of records that the city has otherwise.
pub(crate) const COMPARED: &str = "逐日核对";
/// Its code, also in the record.
pub(crate) const DIFFERS_CODE: &str = "E-DB-09";
/// The setting that holds the civil day of China of which nothing is left to compare, counted from
/// 1970-01-01.
pub(crate) const COMPARED_DAY: &str = "compared_day";
/// Numbers that the lamp names.
const NAMED_MAX: usize = 5;

/// What is to be compared on this day, and whether nothing is left for it then. The first day of a box
/// compares nothing: what is new today is compared tomorrow.
pub(crate) fn due(reader: &Reader, day: i64) -> Result<(Option<DigestRun>, bool), StoreError> {
    let over = reader.setting(COMPARED_DAY)?;
    let Some(over) = over.and_then(|text| text.parse::<i64>().ok()) else {
        return Ok((None, true));
    };
    if over == day {
        return Ok((None, false));
    }
    let found = reader.to_compare((RUN_RECORDS, PARTS_MAX))?;
    let is_last = found.as_ref().is_none_or(|found| found.records.is_none());
    let run = found.map(|found| DigestRun {
        epoch: found.epoch,
        records: found.records,
        unsigned: found.unsigned,
    });
    Ok((run, is_last))
}

/// The city has these records otherwise.
pub(crate) fn differs(epoch: &str, seqs: &[u64]) -> Remedy {
    let named: Vec<String> = seqs.iter().take(NAMED_MAX).map(u64::to_string).collect();
    let more = if seqs.len() > NAMED_MAX { " 等" } else { "" };
    Remedy {
        code: DIFFERS_CODE.to_owned(),
        cause: format!(
            "账本 {epoch} 第 {}{more} 条与平台的不同：本机或平台有一边的记录被改过",
            named.join("、")
        ),
        effect: "闸机照常，新的打卡照记、照传；这几条的真假要查清，算工资前先核对".to_owned(),
        advice: "不要删除文件；用 menwei verify 核对本机（完好则是平台一边被改），并把编号告诉平台"
            .to_owned(),
    }
}
