//! Dies before, in and after every effect of a short day.

use serde_json::Value;
use tests::Result;
use tests::outage::crash_at_every_effect;

use crate::part::{Facts, Share};

/// All effects, however long it takes: it ends where a day survives.
pub(crate) fn prove(share: &Share) -> Result<Facts> {
    let all = crash_at_every_effect(&share.folder, (1, 1), |effect| {
        if effect % 100 == 0 {
            share.tell(&format!("effect {effect}"));
        }
        true
    })?;
    let mut facts = all.found.facts();
    facts.insert("crash_points".to_owned(), Value::from(all.points));
    facts.insert("crash_effects".to_owned(), Value::from(all.effects));
    Ok(facts)
}
