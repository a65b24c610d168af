//! Cuts the power at the moments of a day: evenly over all of it first, then at others while there is time.

use serde_json::Value;
use tests::Result;
use tests::outage::{Found, Left, record_day};

use crate::part::{Facts, Share};

/// Long enough for the log to be copied into the file, and begun anew, more than once.
const ROUNDS: usize = 60;
/// Moments of one pass over the day.
const MOMENTS: usize = 320;

pub(crate) fn prove(share: &Share) -> Result<Facts> {
    let day = record_day(&share.folder, ROUNDS)?;
    let [writes, syncs, others] = day.acts();
    share.tell(&format!(
        "{writes} writes, {syncs} syncs, {others} cuts and removals"
    ));
    let stride = (day.moments() / MOMENTS).max(1);
    let (mut points, mut found) = (0, Found::default());
    for pass in 0.. {
        let (done, one) = day.cut("cut", |at, _| {
            let wanted = at % stride == pass % stride && (pass == 0 || share.has_time());
            let any =
                |nth: u64| Left::Any(share.seed ^ (at as u64) << 20 ^ (pass as u64) << 4 ^ nth);
            let ways = [
                Left::Nothing,
                Left::All,
                Left::Names,
                Left::Torn,
                any(1),
                any(2),
            ];
            if wanted { ways.to_vec() } else { Vec::new() }
        })?;
        points += done;
        found.add(one);
        share.tell(&format!("{points} points"));
        if !share.has_time() {
            break;
        }
    }
    let mut facts = found.facts();
    // Of the others a ledger that was opened once tells nothing.
    facts.retain(|name, _| name == "lost" || name == "opened_without_record");
    facts.insert("power_cut_points".to_owned(), Value::from(points));
    Ok(facts)
}
