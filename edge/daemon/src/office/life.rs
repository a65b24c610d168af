//! Signs of life, and the absences that are told from them.
//!
//! The sign of life rides on the watchdog's proof commit, which is made every eight seconds anyway:
//! one more column costs the disk nothing.

use std::path::PathBuf;
use std::time::Duration;

use edge_domain::{ClockQuality, Moment};
use edge_store::{Entry, PicturesToForget, Store, StoreError, Writer};
use serde::{Deserialize, Serialize};
use sync_mqtt::SyncStatus;
use sync_wire::Kind;
use sync_wire::record::{Gap, GapCause};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::clock::{Clock, ClockChange};
use crate::error::DaemonError;
use crate::people::Consents;
use crate::records;
use crate::systemd::{self, Proofs};
use crate::troubles::is_disk_short;

/// How often a small commit proves that the way to the disk works.
const PULSE: Duration = Duration::from_secs(8);
/// How often pictures whose time is up are deleted; they are not shown any more before that. So often
/// the room on the disk is looked at, too.
const FORGET: Duration = Duration::from_mins(10);
/// The machine slept if the clock that counts sleep ran ahead by so much of the one that does not.
const SLEPT_MS_MIN: u64 = 5_000;

/// The absence since the last sign of life, declared; nothing where the clock stands before it, and
/// nothing while it is unset: then nobody knows how long the box was off.
pub(crate) fn powered_off(alive_at: Option<i64>, now: &Moment) -> Option<Kind> {
    let knows = now.quality != ClockQuality::Unset;
    let from = alive_at.filter(|at| knows && *at < now.wall_ms)?;
    Some(absence(from, now.wall_ms))
}

fn absence(from: i64, to: i64) -> Kind {
    Kind::Gap(Gap {
        from,
        to,
        cause: GapCause::PoweredOff,
        reason: None,
    })
}

/// The setting that holds what a start with an unset clock left to be declared, as JSON.
const OFF_SINCE: &str = "box.off_since";

/// An absence of which the end is not known yet, because the clock was unset when the box started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OffSince {
    /// The last sign of life before, Unix ms.
    from: i64,
    /// The boot in which the box started, and when, ms since that boot.
    boot: u32,
    mono: u64,
}

impl OffSince {
    /// Its setting, name and text.
    pub(crate) fn setting(self) -> (String, String) {
        let text = serde_json::to_string(&self).unwrap_or_default();
        (OFF_SINCE.to_owned(), text)
    }

    /// The absence, now that the time is known in the boot in which it ended.
    fn declared(self, now: &Moment) -> Option<Kind> {
        if now.boot != self.boot || now.quality == ClockQuality::Unset {
            return None;
        }
        let since_ms = now.mono_ms.checked_sub(self.mono)?;
        let to = now.wall_ms.checked_sub_unsigned(since_ms)?;
        (self.from < to).then(|| absence(self.from, to))
    }
}

/// The absence before a start with an unset clock, to be declared when the time is known. A process
/// that follows another of the same boot goes on with what that one noted.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) fn off_since(store: &Store, now: &Moment) -> Result<Option<OffSince>, StoreError> {
    let facts = store.facts();
    if facts.last.is_some_and(|last| last.boot == now.boot) {
        let text = store.reader()?.setting(OFF_SINCE)?;
        let noted = text.and_then(|text| serde_json::from_str::<OffSince>(&text).ok());
        return Ok(noted.filter(|noted| noted.boot == now.boot));
    }
    let is_unset = now.quality == ClockQuality::Unset;
    Ok(facts.alive_at.filter(|_| is_unset).map(|from| OffSince {
        from,
        boot: now.boot,
        mono: now.mono_ms,
    }))
}

/// Writes down what becomes of the clock, and with the first proof after a start without a time how
/// long the box was off before that start.
pub(crate) async fn record_clock_changes(
    clock: Clock,
    writer: Writer,
    (mut changes, mut off_since): (mpsc::Receiver<ClockChange>, Option<OffSince>),
) {
    while let Some(change) = changes.recv().await {
        tracing::warn!(?change, "The clock changed");
        let now = clock.now();
        let is_proof = matches!(change, ClockChange::Synced { .. });
        let gap = off_since.filter(|_| is_proof);
        let gap = gap.and_then(|off_since| off_since.declared(&now));
        let is_declared = gap.is_some();
        match record_change(&writer, now, (change, gap)).await {
            Ok(()) if is_declared => off_since = None,
            Ok(()) => {}
            Err(error) => tracing::error!(%error, "Clock change not recorded"),
        }
    }
}

async fn record_change(
    writer: &Writer,
    now: Moment,
    (change, gap): (ClockChange, Option<Kind>),
) -> Result<(), DaemonError> {
    let is_declared = gap.is_some();
    let entries = std::iter::once(records::clock_changed(change))
        .chain(gap)
        .map(|kind| Ok(Entry::new(records::box_body(now, kind)?)))
        .collect::<Result<_, DaemonError>>()?;
    // Told once.
    let notes = is_declared.then(|| (OFF_SINCE.to_owned(), String::new()));
    let notes = notes.into_iter().collect();
    writer.append_and_note(entries, notes).await?;
    Ok(())
}

/// Proves again and again that the writer answers, leaves the time as the sign of life, declares what
/// the machine slept, and passes on that the sync loop turns.
pub(crate) async fn pulse(
    writer: Writer,
    clock: Clock,
    proofs: watch::Sender<Proofs>,
    sync: Option<watch::Receiver<SyncStatus>>,
) {
    let mut beat = tokio::time::interval(systemd::pace(PULSE));
    let mut commits = 0;
    let mut last = (clock.now(), Instant::now());
    loop {
        beat.tick().await;
        let (now, awake) = (clock.now(), Instant::now());
        let awake_ms = u64::try_from(awake.duration_since(last.1).as_millis()).unwrap_or(u64::MAX);
        if let Some(slept) = slept(&last.0, &now, awake_ms) {
            record(&writer, now, slept).await;
        }
        last = (now, awake);
        let answer = writer.pulse(now.wall_ms).await;
        if let Err(error) = &answer {
            tracing::error!(%error, "The proof commit failed");
        }
        // A disk that refuses is no better in another process, which could not even start.
        if answer.map_or_else(|error| error.is_disk(), |_| true) {
            commits += 1;
            proofs.send_replace(Proofs {
                commits,
                sync_turns: sync.as_ref().map(|status| status.borrow().turns),
            });
        }
    }
}

/// The time that the machine slept between two moments of one boot, of which it was awake so long.
fn slept(before: &Moment, now: &Moment, awake_ms: u64) -> Option<Kind> {
    let passed_ms = now.mono_ms.saturating_sub(before.mono_ms);
    let slept_ms = passed_ms.saturating_sub(awake_ms);
    let from = now.wall_ms.checked_sub_unsigned(slept_ms)?;
    (slept_ms >= SLEPT_MS_MIN).then(|| absence(from, now.wall_ms))
}

/// Deletes pictures of faces for ever: in time, of whoever takes his consent back at once, and what
/// the city has the records of where the ledger's disk is short.
pub(crate) async fn forget_pictures(
    (writer, ledger): (Writer, PathBuf),
    clock: Clock,
    mut consents: Option<watch::Receiver<Consents>>,
) {
    let mut look = tokio::time::interval(FORGET);
    loop {
        tokio::select! {
            _ = look.tick() => {}
            () = changed(&mut consents) => {}
        }
        // A box without faces keeps nobody's.
        let signed = consents
            .as_mut()
            .map(|known| known.borrow_and_update().clone())
            .unwrap_or_default();
        let what = PicturesToForget {
            now_ms: clock.now().wall_ms,
            signed: signed.doubts,
            leaving: signed.uploads,
            make_room: is_disk_short(&ledger),
        };
        match writer.forget_pictures(what).await {
            Ok(0) => {}
            Ok(pictures) => tracing::info!(pictures, "Pictures of faces are deleted"),
            Err(error) => tracing::error!(%error, "Pictures of faces are not deleted"),
        }
    }
}

async fn changed(consents: &mut Option<watch::Receiver<Consents>>) {
    if let Some(known) = consents
        && known.changed().await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}

async fn record(writer: &Writer, now: Moment, kind: Kind) {
    match records::box_body(now, kind) {
        Ok(body) => {
            if let Err(error) = writer.append(vec![Entry::new(body)]).await {
                tracing::error!(%error, "Absence not recorded");
            }
        }
        Err(error) => tracing::error!(%error, "An absence has no body"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(wall_ms: i64, mono_ms: u64) -> Moment {
        Moment {
            wall_ms,
            boot: 1,
            mono_ms,
            quality: ClockQuality::Holdover,
        }
    }

    #[test]
    fn an_absence_needs_a_clock_that_went_on() {
        let now = moment(9_000, 1_000);
        assert_eq!(powered_off(None, &now), None);
        assert_eq!(powered_off(Some(9_000), &now), None);
        assert_eq!(powered_off(Some(7_000), &now), Some(absence(7_000, 9_000)));
        let unset = Moment {
            quality: ClockQuality::Unset,
            ..now
        };
        assert_eq!(powered_off(Some(7_000), &unset), None);
    }

    #[test]
    fn sleep_is_what_only_the_boot_clock_counts() {
        let before = moment(1_000_000, 50_000);
        let after = moment(1_068_000, 118_000);
        let slept_for_a_minute = Some(absence(1_008_000, 1_068_000));
        assert_eq!(slept(&before, &after, 8_000), slept_for_a_minute);
        assert_eq!(
            slept(&before, &after, 64_000),
            None,
            "a late beat is no sleep"
        );
        assert_eq!(slept(&before, &after, 90_000), None);
    }
}
