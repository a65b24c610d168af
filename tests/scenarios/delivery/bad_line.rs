//! A drain over a bad line, with deaths.

use std::time::Duration;

use tests::{Result, Toil, soak};

use crate::help::plan;

/// Three of the four kinds of bad line once; `./dev prove soak` goes on for longer.
#[tokio::test]
async fn a_line_that_chokes_loses_is_cut_and_reset_loses_doubles_and_moves_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let toil = Toil {
        backlog: 1_500,
        round_max: Duration::from_millis(2_800),
    };
    let found = soak(folder.path(), &plan("one-gate"), (4, toil), |done| done < 3).await?;
    for yes in ["ok", "ledger_intact", "all_arrived"] {
        assert_eq!(found[yes], true, "{found}");
    }
    for zero in ["lost", "duplicated", "reordered", "invented"] {
        assert_eq!(found[zero], 0, "{found}");
    }
    for some in [
        "rounds_with_progress",
        "resets",
        "cuts",
        "city_kills",
        "broker_kills",
    ] {
        let some = format!("soak_{some}");
        assert!(found[&some].as_u64() > Some(0), "{found}");
    }
    assert!(found["city_records"].as_u64() >= Some(1_500), "{found}");
    Ok(())
}
