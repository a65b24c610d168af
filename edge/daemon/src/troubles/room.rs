//! Whether the ledger's disk is short.

use std::path::Path;

/// With less room than this, bytes, nothing is kept that the ledger could do without: some 60,000
/// records.
const ROOM_MIN: u64 = 64 * 1024 * 1024;

/// Whether the disk of the ledger's file is so full that records must come first. A disk that does
/// not answer is not said to be short: who writes to it hears what is wrong.
pub(crate) fn is_disk_short(ledger: &Path) -> bool {
    match rustix::fs::statvfs(ledger) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize) < ROOM_MIN,
        Err(error) => {
            tracing::debug!(%error, "The room on the disk is not known");
            false
        }
    }
}
