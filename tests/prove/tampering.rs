//! A forger with the database's key, and flipped bits: who notices.

use serde_json::json;
use tests::{Found, Result, Tampering, flip_bytes, tamper};

use crate::part::{Facts, Share};

/// Changes, and flipped bits, that are tried in any case.
const TRIALS: u64 = 1_000;

pub(crate) fn prove(share: &Share) -> Result<Facts> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let go_on = |what: &'static str| {
        move |trial: u64| {
            if trial.is_multiple_of(100) {
                share.tell(&format!("{what} {trial} / {TRIALS}"));
            }
            true
        }
    };
    let asked = (share.seed, TRIALS);
    let edits = runtime.block_on(tamper(&share.folder, asked, go_on("edits")))?;
    let flips = runtime.block_on(flip_bytes(&share.folder, asked, go_on("flips")))?;
    for missed in edits.missed.iter().chain(&flips.missed) {
        share.tell(&format!("seed {}: nobody noticed {missed}", share.seed));
    }
    let all = |told: &Tampering| told.count(Found::Box) + told.count(Found::City);
    for ((sort, by), count) in &edits.found {
        share.tell(&format!("{sort}: {count} found by {by:?}"));
    }
    let facts = json!({
        "edits": all(&edits),
        "edits_found_by_box": edits.count(Found::Box),
        "edits_found_by_city": edits.count(Found::City),
        "flips": all(&flips),
        "undetected_edits": edits.missed.len() + flips.missed.len(),
    });
    match facts {
        serde_json::Value::Object(facts) => Ok(facts),
        _ => Err("no facts".into()),
    }
}
