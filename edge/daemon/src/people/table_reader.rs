//! Reading of spreadsheets in a process of its own: a file that makes its reader panic, or take all
//! memory, costs nobody an opening at the gate.

use std::io::{self, Read as _, Write as _};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use crate::error::DaemonError;

/// What is typed after `menwei` for it.
const COMMAND: &str = "read-table";
/// This very program, also after an update has put another one in its place.
const OURSELVES: &str = "/proc/self/exe";
/// Longest reading; the page answers before its own time is over.
const READING_MAX: Duration = Duration::from_secs(10);

/// What became of a file; `None` where its reader died or took too long.
///
/// # Errors
/// The process cannot be started.
pub(crate) async fn read_apart(file: Vec<u8>) -> Result<Option<Vec<u8>>, DaemonError> {
    let mut child = Command::new(OURSELVES)
        .arg(COMMAND)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let mut pipe = child.stdin.take();
    let write = async move {
        if let Some(pipe) = &mut pipe {
            pipe.write_all(&file).await?;
        }
        // The pipe is shut here, so that the reader sees the end.
        drop(pipe);
        io::Result::Ok(())
    };
    let both = async { tokio::join!(write, child.wait_with_output()) };
    let Ok((_written, ended)) = timeout(READING_MAX, both).await else {
        tracing::warn!("The reading of a file took too long");
        return Ok(None);
    };
    let ended = ended?;
    if !ended.status.success() {
        tracing::warn!(status = %ended.status, "The reader of a file died");
        return Ok(None);
    }
    Ok(Some(ended.stdout))
}

/// The other end: a file on the standard input, its table on the standard output.
///
/// # Errors
/// One of the pipes is gone.
pub(crate) fn read_table() -> Result<(), DaemonError> {
    // Where memory runs out, this process goes and not the gate.
    std::fs::write("/proc/self/oom_score_adj", "1000").ok();
    let mut file = Vec::new();
    io::stdin().lock().read_to_end(&mut file)?;
    let answer = edge_web::read_table(&file).map_err(io::Error::other)?;
    io::stdout().lock().write_all(&answer)?;
    Ok(())
}
