//! The gate's thread: every lane of the site on a runtime of its own.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::{self, JoinHandle};

use drivers_link::{Jitter, LinkOpener, SystemLinks};
use edge_domain::Record;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

use crate::error::DaemonError;
use crate::lane::board_door::BoardDoor;
use crate::lane::face_line::FaceDesk;
use crate::lane::site::GateSite;
use crate::lane::start::{LanePlan, start};
use crate::lane::terminals::TerminalDesk;
use crate::people::random;

/// The gate's thread. It ends with what no ledger has.
pub(crate) type Gate = JoinHandle<Vec<Record>>;

/// Starts the lanes; returns when they have begun, with the ways to their gate boards. They end when
/// the site is told to stop.
///
/// # Errors
/// The system gives no thread or no event queue.
pub(crate) fn run_gate(
    site: GateSite,
    plans: Vec<LanePlan>,
    (mut faces, terminals): (Option<FaceDesk>, TerminalDesk),
) -> Result<(Gate, Vec<BoardDoor>), DaemonError> {
    let (began, wait_for_start) = sync_channel(1);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let gate = thread::Builder::new()
        .name("gate".to_owned())
        .spawn(move || {
            let local = LocalSet::new();
            local.block_on(&runtime, async move {
                let site = Rc::new(site);
                let opener: Arc<dyn LinkOpener> = Arc::new(SystemLinks::default());
                let lane = |plan| {
                    let desks = (faces.as_mut(), &terminals);
                    start(plan, &site, &opener, &jitter(), desks)
                };
                let (boards, lanes): (Vec<_>, Vec<_>) = plans.into_iter().map(lane).unzip();
                if let Some((line, _)) = faces {
                    tokio::task::spawn_local(line.run());
                }
                if began.send(boards.into_iter().flatten().collect()).is_err() {
                    tracing::error!("Nobody waits for the lanes");
                }
                let mut unrecorded = Vec::new();
                for lane in lanes {
                    unrecorded.extend(lane.await.unwrap_or_default());
                }
                site.stop.cancelled().await;
                unrecorded
            })
        })?;
    let boards = wait_for_start
        .recv()
        .map_err(|_| DaemonError::System(std::io::Error::other("gate thread")))?;
    Ok((gate, boards))
}

fn jitter() -> Jitter {
    Arc::new(|| random::<4>().map_or(0, u32::from_le_bytes))
}
