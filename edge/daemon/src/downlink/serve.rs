//! Takes in what comes down: commands at one desk, rosters at another, so that a file that cannot
//! be fetched delays no revocation.

use std::time::Duration;

use sync_mqtt::{Inbound, Outbound, no_room};
use sync_wire::Report;
use sync_wire::down::{Command, Down, ResultCode, RosterPointer, Series};
use sync_wire::roster::RosterLine;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::config::CityConfig;
use crate::downlink::answer::Refusal;
use crate::downlink::desk::{Desk, Office};
use crate::downlink::fetch::Fetcher;
use crate::downlink::transfer::{FetchError, Transfer};
use crate::error::DaemonError;
use crate::https::believed;
use crate::people::{DeskError, random};

/// Signed messages of a series, and results, that wait at most. Beyond, the city sends again.
pub(crate) const WAITING_MAX: usize = 16;
/// Pause before a file is tried again: the first, doubling to the longest, the later half of each
/// at random.
const RETRY_FIRST: Duration = Duration::from_secs(2);
const RETRY_MAX: Duration = Duration::from_mins(5);

/// Opens both desks.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) async fn start(
    office: &Office,
    city: &CityConfig,
    mut arrivals: mpsc::Receiver<Inbound>,
    results: mpsc::Sender<Outbound>,
) -> Result<(), DaemonError> {
    let roster_desk = Desk::open_for(office.clone(), Series::Roster).await;
    let command_desk = Desk::open_for(office.clone(), Series::Command).await;
    let unread = |error: DeskError| DaemonError::System(std::io::Error::other(error));
    let (rosters, for_rosters) = mpsc::channel(WAITING_MAX);
    let (commands, for_commands) = mpsc::channel(WAITING_MAX);
    let clerk = RosterClerk {
        desk: roster_desk.map_err(unread)?,
        fetcher: Fetcher::new(city.clone()),
        results: results.clone(),
    };
    tokio::task::spawn_local(clerk.serve(for_rosters));
    let command_desk = command_desk.map_err(unread)?;
    let (box_id, clock) = (office.box_id.clone(), office.clock.clone());
    tokio::task::spawn_local(serve_commands(command_desk, for_commands, results.clone()));
    tokio::spawn(async move {
        while let Some(Inbound { series, payload }) = arrivals.recv().await {
            let queue = match series {
                Series::Roster => &rosters,
                Series::Command => &commands,
            };
            if queue.try_send(payload).is_err() {
                tracing::warn!(
                    ?series,
                    "Too much comes down at once, the city sends it again"
                );
                let report = no_room(&box_id, series, clock.now().wall_ms);
                if results.try_send(Outbound::Report(report)).is_err() {
                    tracing::warn!(?series, "Nor is there room to say so");
                }
            }
        }
    });
    Ok(())
}

async fn serve_commands(
    mut desk: Desk,
    mut queue: mpsc::Receiver<Vec<u8>>,
    results: mpsc::Sender<Outbound>,
) {
    while let Some(payload) = queue.recv().await {
        let report = match desk.open(&payload) {
            Ok(down) => desk.obey(&down, &payload).await,
            Err(report) => report,
        };
        if results.send(Outbound::Report(report)).await.is_err() {
            return;
        }
    }
}

/// A roster whose file is on its way.
#[derive(Debug)]
struct Errand {
    down: Down,
    pointer: RosterPointer,
    transfer: Transfer,
    pause: Duration,
    next_at: Instant,
    /// The city was told that the file cannot be fetched.
    is_told: bool,
}

/// How a step of an errand ended.
#[derive(Debug)]
enum Step {
    /// The file is whole.
    Whole(Vec<RosterLine>),
    /// It is not the one that was signed, or no roster; or its time is over.
    Over(Refusal),
    /// Nothing of it can be fetched: said once.
    Cannot(Refusal),
}

/// Fetches and applies rosters, one after the other; a newer one takes the place of one that is on
/// its way.
struct RosterClerk {
    desk: Desk,
    fetcher: Fetcher,
    results: mpsc::Sender<Outbound>,
}

impl RosterClerk {
    async fn serve(mut self, mut queue: mpsc::Receiver<Vec<u8>>) {
        let mut errand: Option<Errand> = None;
        loop {
            let step = match &mut errand {
                None => None,
                // Whatever arrives interrupts the transfer, and loses nothing of it.
                Some(errand) => tokio::select! {
                    biased;
                    payload = queue.recv() => match payload {
                        None => return,
                        Some(payload) => Some(Err(payload)),
                    },
                    step = run(&self.fetcher, &self.desk, errand) => Some(Ok(step)),
                },
            };
            let answered = match (step, errand.take()) {
                (Some(Ok(step)), Some(on_its_way)) => {
                    self.step(step, on_its_way, &mut errand).await
                }
                (Some(Err(payload)), on_its_way) => {
                    errand = on_its_way;
                    self.arrived(&payload, &mut errand).await
                }
                (None | Some(Ok(_)), _) => match queue.recv().await {
                    None => return,
                    Some(payload) => self.arrived(&payload, &mut errand).await,
                },
            };
            if answered.is_none() {
                return;
            }
        }
    }

    /// `None` where nobody hears results any more.
    async fn arrived(&mut self, payload: &[u8], errand: &mut Option<Errand>) -> Option<()> {
        let down = match self.desk.open(payload) {
            Ok(down) => down,
            Err(report) => return self.send(report).await,
        };
        let held = errand.as_ref().map_or(0, |errand| errand.down.number);
        if down.number == held {
            // The retained pointer again, after a new connection.
            return Some(());
        }
        let named = Some((down.number, down.command.word().to_owned()));
        if down.number < held {
            let refusal = Refusal::bare(ResultCode::OldNumber);
            let report = self.desk.refuse(named, &refusal);
            return self.send(report).await;
        }
        let Command::Roster(pointer) = down.command.clone() else {
            let refusal = Refusal::bare(ResultCode::UnknownType);
            let report = self.desk.refuse(named, &refusal);
            return self.send(report).await;
        };
        let wanted = self.desk.wants(&pointer).await;
        let begun = wanted.and_then(|()| {
            Transfer::begin(&pointer, &self.desk.office.box_id)
                .map_err(|error| Refusal::bad_file(&error))
        });
        let overtaken = match begun {
            Err(ref refusal) if refusal.code == ResultCode::NotStored => None,
            Ok(_) | Err(_) => errand.take(),
        };
        if let Some(overtaken) = overtaken {
            // Its file is fetched no further: a newer one takes its place.
            let word = overtaken.down.command.word().to_owned();
            let refusal = Refusal::bare(ResultCode::OldNumber);
            let report = self
                .desk
                .refuse(Some((overtaken.down.number, word)), &refusal);
            self.send(report).await?;
        }
        match begun {
            Ok(transfer) => {
                *errand = Some(Errand {
                    down,
                    pointer,
                    transfer,
                    pause: RETRY_FIRST,
                    next_at: Instant::now(),
                    is_told: false,
                });
                Some(())
            }
            Err(refusal) if refusal.code == ResultCode::NotStored => {
                let report = self.desk.refuse(named, &refusal);
                self.send(report).await
            }
            Err(refusal) => {
                let report = self.desk.settle(&down, refusal).await;
                self.send(report).await
            }
        }
    }

    async fn step(
        &mut self,
        step: Step,
        on_its_way: Errand,
        errand: &mut Option<Errand>,
    ) -> Option<()> {
        let Errand { down, pointer, .. } = &on_its_way;
        let report = match step {
            Step::Whole(lines) => {
                let report = self.desk.apply(down, pointer, lines).await;
                if report.ok {
                    let applied = Outbound::RosterApplied(pointer.version);
                    self.results.send(applied).await.ok()?;
                }
                report
            }
            Step::Over(refusal) => self.desk.settle(down, refusal).await,
            Step::Cannot(refusal) => {
                let named = Some((down.number, down.command.word().to_owned()));
                let report = self.desk.refuse(named, &refusal);
                *errand = Some(on_its_way);
                report
            }
        };
        self.send(report).await
    }

    async fn send(&self, report: Report) -> Option<()> {
        self.results.send(Outbound::Report(report)).await.ok()
    }
}

/// Tries until there is something to tell. Dropping it at any point loses nothing.
async fn run(fetcher: &Fetcher, desk: &Desk, errand: &mut Errand) -> Step {
    loop {
        sleep_until(errand.next_at).await;
        let now = desk.office.clock.now();
        if now.wall_ms >= errand.down.expires_at {
            return Step::Over(Refusal::bare(ResultCode::Expired));
        }
        let before = errand.transfer.received();
        let why = match fetcher.fetch(&mut errand.transfer, believed(now)).await {
            Ok(()) => return finish(desk, errand),
            Err(FetchError::Bad(error)) => return Step::Over(Refusal::bad_file(&error)),
            Err(FetchError::Later(why)) => why,
        };
        let received = errand.transfer.received();
        tracing::warn!(why, received, "The roster file is not fetched yet");
        if received > before {
            errand.pause = RETRY_FIRST;
        }
        errand.next_at = Instant::now() + jittered(errand.pause);
        errand.pause = errand.pause.saturating_mul(2).min(RETRY_MAX);
        if received <= before && !errand.is_told {
            errand.is_told = true;
            return Step::Cannot(Refusal::bare(ResultCode::CannotFetch));
        }
    }
}

fn finish(desk: &Desk, errand: &mut Errand) -> Step {
    let anew = Transfer::begin(&errand.pointer, &desk.office.box_id);
    let whole = anew.and_then(|anew| std::mem::replace(&mut errand.transfer, anew).finish());
    match whole {
        Ok(lines) => Step::Whole(lines),
        Err(error) => Step::Over(Refusal::bad_file(&error)),
    }
}

/// Between half of a pause and all of it: boxes that wait for the same server do not come together.
fn jittered(pause: Duration) -> Duration {
    let random = random::<1>().map_or(0, |[byte]| u32::from(byte));
    pause / 2 + pause * random / 512
}
