//! A backlog drains over a bad line (64 kbit/s with loss, cuts, resets), and box, city and broker die
//! meanwhile.

use std::time::Duration;

use serde_json::Value;
use tests::{Result, SitePlan, Toil, repository, soak};

use crate::line::ZEROS;
use crate::part::{Facts, Share};

/// Rounds that are tried in any case: every kind of bad line this many times over.
const ROUNDS: u64 = 4 * 8;
const TOIL: Toil = Toil {
    backlog: 3_000,
    round_max: Duration::from_secs(15),
};

pub(crate) fn prove(share: &Share) -> Result<Facts> {
    let plan = SitePlan {
        site_day: repository().join("tests/scenarios/site-days/one-gate.toml"),
        ..SitePlan::of("one-gate")
    };
    let goes_on = |rounds| {
        share.tell(&format!("{rounds} rounds"));
        rounds < ROUNDS || share.has_time()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let found = soak(&share.folder, &plan, (share.seed, TOIL), goes_on);
    let Value::Object(mut facts) = runtime.block_on(found)? else {
        return Err("the judge gave no object".into());
    };
    // How many records ledger and city have is told by the part `kills`.
    facts.retain(|name, value| {
        value.is_boolean() || name.starts_with("soak_") || ZEROS.contains(&name.as_str())
    });
    Ok(facts)
}
