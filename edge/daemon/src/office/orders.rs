//! Carries out the orders that commands left.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use edge_store::{Entry, Key, Reader, StoreError, Writer};
use sync_wire::Kind;
use sync_wire::record::{Gap, GapCause};
use tokio::task::spawn_blocking;

use crate::advice::advice;
use crate::clock::Clock;
use crate::error::DaemonError;
use crate::lane::BoardDoor;
use crate::office::board_update::Plan;
use crate::office::desk::Office;
use crate::office::recover::Recovery;
use crate::office::supervise::{Part, keep_up};
use crate::orders::{Order, OrderFolder, Outcome, Waiting};
use crate::people::import::{self, BATCH_RECORDS, Import, RosterFile};
use crate::people::{Change, PeopleDesk};
use crate::records;

/// How often a long order says that it is still being carried out.
const STILL: Duration = Duration::from_secs(5);
/// Pause between two looks into the folder.
const LOOK: Duration = Duration::from_secs(1);

/// Carries out orders, those first that waited for the start.
pub(crate) async fn keep_orders(office: &Office<'_>) {
    keep_up(office.part("命令"), async |part| {
        take_orders(office, part).await
    })
    .await;
}

/// # Errors
/// The folder beside the ledger cannot be used.
async fn take_orders(office: &Office<'_>, part: &Part) -> Result<(), DaemonError> {
    let folder = OrderFolder::beside(&office.config.ledger.path);
    folder.prepare()?;
    let clerk = Clerk {
        writer: office.store.writer(),
        people: Arc::clone(office.people),
        clock: office.clock.clone(),
        boards: office.boards.to_vec(),
        ledger: office.config.ledger.path.clone(),
        key_file: office.config.ledger.key_file.clone(),
        box_id: office.config.box_id.clone(),
    };
    part.works().await;
    // A task of its own: an order that is being carried out goes on while the box stops.
    let ended = tokio::task::spawn_local(clerk.run(folder)).await;
    Ok(ended.map_err(std::io::Error::other)??)
}

struct Clerk {
    writer: Writer,
    people: Arc<PeopleDesk>,
    clock: Clock,
    boards: Vec<BoardDoor>,
    ledger: PathBuf,
    key_file: PathBuf,
    box_id: String,
}

impl Clerk {
    /// # Errors
    /// The folder cannot be used.
    async fn run(self, folder: OrderFolder) -> std::io::Result<()> {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            self.look(&folder).await?;
        }
    }

    async fn look(&self, folder: &OrderFolder) -> std::io::Result<()> {
        while let Some(waiting) = folder.next()? {
            let outcome = match &waiting.order {
                Ok(order) => self.carry_out(order, &waiting, folder).await,
                Err(why) => Err(why.clone()),
            };
            tracing::info!(order = ?waiting.order, ?outcome, "Order");
            folder.answer(&waiting, &outcome)?;
        }
        Ok(())
    }

    async fn carry_out(&self, order: &Order, waiting: &Waiting, folder: &OrderFolder) -> Outcome {
        match order {
            Order::Suspend { from, to, reason } => {
                let kind = Kind::Gap(Gap {
                    from: *from,
                    to: *to,
                    cause: GapCause::Suspended,
                    reason: Some(reason.clone()),
                });
                self.record(kind).await?;
                Ok("停工通知已记入账本，会上传平台".to_owned())
            }
            Order::ScreenCode { hash } => {
                let name = edge_web::CLAIM_CODE_SETTING;
                let stored = self.writer.put_setting(name, &hash.0).await;
                stored.map_err(|error| advice(&error))?;
                Ok("网页的开通码已换新，以前没用的作废".to_owned())
            }
            Order::UpdateBoard { lane, image } => {
                let plan = Plan::new(&self.boards, lane.as_deref(), image)?;
                let tell = |text: &str| {
                    if let Err(error) = folder.tell(waiting, text) {
                        tracing::warn!(%error, "How far the update is cannot be told");
                    }
                };
                let ended = plan.carry_out(tell).await;
                if let Some(kind) = ended.record {
                    self.record(kind).await?;
                }
                ended.outcome
            }
            Order::Recover { file } => self.recover(file).await,
            Order::Import { file } => {
                let tell = || {
                    let text = "正在写入花名册，闸机照常";
                    if let Err(error) = folder.tell(waiting, text) {
                        tracing::warn!(%error, "How far the import is cannot be told");
                    }
                };
                self.import(file, tell).await
            }
        }
    }

    /// Whom the file names passes as soon as this has ended; until then the gate goes on as before.
    async fn import(&self, file: &Path, tell: impl Fn()) -> Outcome {
        let path = file.to_owned();
        let loaded = spawn_blocking(move || RosterFile::load(&path)).await;
        let roster = loaded.map_err(|error| error.to_string())?;
        let roster = roster.map_err(|error| error.to_string())?;
        let made = self.people.carry_out(move |reader, at| {
            let import = Import::of(&roster, reader, at)?;
            let acts: Vec<_> = import.records.into_iter().map(|one| one.act).collect();
            let said = (acts.len(), import.refused);
            let batch = Some(BATCH_RECORDS);
            let change = Change {
                acts,
                batch,
                ..Change::default()
            };
            Ok((change, said))
        });
        tokio::pin!(made);
        let mut still = tokio::time::interval(STILL);
        let ended = loop {
            tokio::select! {
                ended = &mut made => break ended,
                _ = still.tick() => tell(),
            }
        };
        let (records, refused) = ended.map_err(|error| {
            let store = error.downcast_ref::<StoreError>();
            store.map_or_else(|| error.to_string(), advice)
        })?;
        let said = import::summary(records, &refused);
        if refused.is_empty() {
            return Ok(said);
        }
        Err(format!("{said}\n{}", refused.join("\n")))
    }

    async fn recover(&self, file: &Path) -> Outcome {
        let key = Key::from_file(&self.key_file).map_err(|error| advice(&error))?;
        let here = std::fs::canonicalize(&self.ledger);
        if here.is_ok_and(|here| here == file) {
            return Err("这就是现在用的账本，不用恢复".to_owned());
        }
        let reader = Reader::open(&self.ledger, &key, &self.box_id);
        let reader = reader.map_err(|error| advice(&error))?;
        let recovery = Recovery {
            reader: Arc::new(Mutex::new(reader)),
            writer: self.writer.clone(),
            clock: self.clock.clone(),
        };
        recovery.take((file, &key), &self.box_id).await
    }

    async fn record(&self, kind: Kind) -> Result<(), String> {
        let body = records::box_body(self.clock.now(), kind).map_err(|error| error.to_string())?;
        let appended = self.writer.append(vec![Entry::new(body)]).await;
        appended.map(drop).map_err(|error| advice(&error))
    }
}
