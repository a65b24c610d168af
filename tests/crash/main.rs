//! Outages in short: a fixed part of what `./dev prove crash power_cut` shows at length.

use tests::Result;
use tests::outage::{Found, Left, crash_at_every_effect, record_day};

#[test]
fn a_day_that_dies_at_any_effect_goes_on_where_it_stands() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let all = crash_at_every_effect(folder.path(), (1, 37), |_| true)?;
    assert_eq!(all.found, Found::default());
    assert!(all.points > 30, "{all:?}");
    Ok(())
}

/// The proof can fail: a box that does not sync its log loses what it vouched for.
#[test]
fn a_sync_that_is_missing_is_found() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let day = record_day(folder.path(), 1)?.without_syncs_of("-wal");
    let cut = day.cut("cut", |at, _| {
        let is_time = at % 40 == 0;
        is_time.then_some(Left::Nothing).into_iter().collect()
    });
    if let Ok((points, found)) = cut {
        assert!(found.lost > 0, "{points} points, {found:?}");
    }
    Ok(())
}

#[test]
fn a_power_cut_leaves_every_record_that_was_vouched_for() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let day = record_day(folder.path(), 2)?;
    let moments = day.moments();
    let (points, found) = day.cut("cut", |at, _| match at % 29 {
        0 => vec![Left::Nothing, Left::Any(at as u64)],
        11 => vec![Left::All, Left::Torn],
        _ => Vec::new(),
    })?;
    assert_eq!(found, Found::default());
    assert!(points > 50, "{points} of {moments} moments");
    Ok(())
}
