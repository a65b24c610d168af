//! Box, city and broker are killed (kill -9) again and again while a backlog drains.

use serde_json::Value;
use tests::{Result, SitePlan, kill_during_drain, repository};

use crate::part::{Facts, Share};

pub(crate) fn prove(share: &Share) -> Result<Facts> {
    let plan = SitePlan {
        site_day: repository().join("tests/scenarios/site-days/one-gate.toml"),
        ..SitePlan::of("one-gate")
    };
    let kills = share.kills;
    let tell = |kill| {
        if kill % 10 == 0 {
            share.tell(&format!("{kill} / {kills}"));
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let found = kill_during_drain(&share.folder, &plan, (share.seed, kills), tell);
    match runtime.block_on(found)? {
        Value::Object(facts) => Ok(facts),
        other => Err(format!("the judge gave {other}").into()),
    }
}
