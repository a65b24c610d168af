//! Box, city and broker die at random moments of a drain.

use tests::{Result, kill_during_drain};

use crate::help::plan;

/// `./dev prove` does the same 200 times.
#[tokio::test]
async fn ten_random_kills_during_a_drain_lose_double_and_move_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let found = kill_during_drain(folder.path(), &plan("one-gate"), (10, 10), |_| {}).await?;
    assert_eq!(found["ok"], true, "{found}");
    assert_eq!(found["kills"], 10, "{found}");
    for victim in ["box_kills", "city_kills", "broker_kills"] {
        assert!(found[victim].as_u64() > Some(1), "{found}");
    }
    assert_eq!(found["ledger_intact"], true, "{found}");
    assert!(found["city_records"].as_u64() > Some(20_000), "{found}");
    for zero in ["lost", "duplicated", "reordered", "invented"] {
        assert_eq!(found[zero], 0, "{found}");
    }
    Ok(())
}
