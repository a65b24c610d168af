//! systemd's watchdog is fed by work that was really done, and by nothing else.

use std::fs;

use rusqlite::Connection;
use tests::{GateBox, Result, ServiceWatch, Site, eventually};

use crate::help::plan;

/// The box's own word for a watchdog that goes hungry; it comes again with each look.
const HUNGRY: &str = "the watchdog is not fed";

#[tokio::test]
async fn real_commits_and_real_turns_feed_the_watchdog_and_a_held_commit_starves_it() -> Result<()>
{
    let folder = tempfile::tempdir()?;
    let watch = ServiceWatch::bind(folder.path())?;
    let mut site = Site::prepare(folder.path(), &plan("one-gate")).await?;
    site.gate_box.up_watched(&watch).await?;
    assert_eq!(watch.count("READY=1"), 1);
    watch.is_fed().await?;
    let holder = hold_commits(&site.gate_box)?;
    goes_hungry(&mut site.gate_box).await?;
    let fed = watch.count("WATCHDOG=1");
    goes_hungry(&mut site.gate_box).await?;
    assert_eq!(watch.count("WATCHDOG=1"), fed, "fed without a commit");
    holder.execute_batch("ROLLBACK")?;
    watch.is_fed().await
}

/// Somebody else has the right to write: no commit comes through until it is let go.
fn hold_commits(gate_box: &GateBox) -> Result<Connection> {
    let key = fs::read_to_string(gate_box.folder().join("ledger.key"))?;
    let db = Connection::open(gate_box.folder().join("ledger.db"))?;
    db.execute_batch(&format!(
        "PRAGMA key = \"x'{}'\"; PRAGMA cipher_page_size = 2048; PRAGMA busy_timeout = 30000; \
         BEGIN IMMEDIATE",
        key.trim()
    ))?;
    Ok(db)
}

/// Waits until the box says twice more that nothing feeds the watchdog.
async fn goes_hungry(gate_box: &mut GateBox) -> Result<()> {
    let process = gate_box.process()?;
    let said = |log: String| log.matches(HUNGRY).count();
    let before = said(process.log());
    eventually("the watchdog goes hungry", async || {
        Ok((said(process.log()) >= before + 2).then_some(()))
    })
    .await
}
