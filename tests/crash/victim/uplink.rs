//! The engine over the ledger, and the model city at once at its other end.

use edge_store::{Reader, Store};
use sync_engine::{
    Action, Engine, EpochStart, Identity, Input, LedgerRecord, Link, Now, OurHashes, Settings,
    Start, Survey,
};
use sync_wire::record::ClockQuality;
use sync_wire::{Ack, Ctl, Topic};
use tests::Result;
use tests::outage::{BOX, Fact, SITE, World};

use crate::BEGIN_MS;
use crate::city::City;

/// Turns after which the engine has had every chance.
const TURNS_MAX: usize = 2_000;

/// The way to the city.
pub(crate) struct Uplink {
    engine: Engine,
    reader: Reader,
    city: City,
    mono_ms: u64,
}

impl Uplink {
    /// As after a start: from the cursor in the ledger's file.
    pub(crate) fn new(store: &Store, world: &World) -> Result<Self> {
        let reader = store.reader()?;
        let epoch = store.facts().epoch.clone();
        let cursor = reader.cursor(&epoch)?;
        let start = Start {
            current: EpochStart {
                head: reader.head(&epoch)?,
                epoch,
                through: cursor.through,
                ranges: cursor.ranges,
            },
            last_fork: None,
            roster_version: None,
        };
        let identity = Identity {
            site: SITE.to_owned(),
            box_name: BOX.to_owned(),
            device_key: None,
            software: "crash-victim".to_owned(),
        };
        Ok(Self {
            engine: Engine::new(identity, Settings::default(), &start),
            reader,
            city: City::of(world),
            mono_ms: 1,
        })
    }

    fn now(&self) -> Now {
        Now {
            mono_ms: self.mono_ms,
            wall_ms: BEGIN_MS.saturating_add_unsigned(self.mono_ms),
            clock: ClockQuality::Synced,
        }
    }

    /// Sends until the city has everything.
    pub(crate) async fn drain(
        &mut self,
        store: &Store,
        world: &mut World,
        mono_ms: u64,
    ) -> Result<()> {
        self.mono_ms = self.mono_ms.max(mono_ms);
        let head = *store.writer().head().borrow();
        self.engine.handle(self.now(), Input::Head(head));
        for _ in 0..TURNS_MAX {
            while let Some(action) = self.engine.poll_action() {
                if let Some(input) = self.carry_out(action, store, world).await? {
                    self.engine.handle(self.now(), input);
                }
            }
            let status = self.engine.status();
            if status.link == Link::Online && status.backlog == 0 {
                return Ok(());
            }
            let next = self.engine.poll_timeout().map_or(1, |(at, _)| at);
            self.mono_ms = self.mono_ms.max(next);
            self.engine.handle(self.now(), Input::Tick);
        }
        Err(format!("the city never has everything: {:?}", self.engine.status()).into())
    }

    async fn carry_out(
        &mut self,
        action: Action,
        store: &Store,
        world: &mut World,
    ) -> Result<Option<Input>> {
        Ok(match action {
            Action::Connect => Some(Input::Connected),
            Action::Publish { topic, payload, .. } => self.publish(topic, &payload, world)?,
            Action::Read {
                epoch,
                tier,
                from,
                records_max,
                bytes_max,
            } => {
                let most = u32::try_from(records_max)?;
                let found = self.reader.records(&epoch, from, most, bytes_max)?;
                let prev = self.reader.hash_at(&epoch, from - 1)?.ok_or("no hash")?;
                let records = found.into_iter().map(|one| LedgerRecord {
                    seq: one.seq,
                    body: one.body,
                    hash: one.hash,
                });
                Some(Input::Records {
                    epoch,
                    tier,
                    from,
                    prev,
                    records: records.collect(),
                })
            }
            Action::Hashes { epoch, seqs } => {
                let ours = self.ours(&epoch, &seqs)?;
                Some(Input::Hashes { epoch, ours })
            }
            Action::LookForOlder => Some(Input::Older(Vec::new())),
            Action::Survey => Some(Input::Survey(Survey::default())),
            Action::SaveCursor {
                epoch,
                through,
                ranges,
            } => {
                store
                    .writer()
                    .advance_cursor(&epoch, through, ranges)
                    .await?;
                None
            }
            Action::Alarm(alarm) => {
                let what = format!("{alarm:?}");
                world.add(Fact::Alarm { what })?;
                None
            }
            Action::CarryOver(fork) => {
                let what = format!("{fork:?}");
                world.add(Fact::Alarm { what })?;
                return Err("the city holds another ledger".into());
            }
            Action::Subscribe | Action::SaveParked { .. } => None,
        })
    }

    fn publish(
        &mut self,
        topic: Topic,
        payload: &[u8],
        world: &mut World,
    ) -> Result<Option<Input>> {
        let now = self.now().wall_ms;
        let ack = match topic {
            Topic::UpLive | Topic::UpBulk => {
                let epoch = self.city.take(payload, world)?;
                self.city.ack(&epoch, None, now)
            }
            Topic::UpCtl => match Ctl::decode(payload)? {
                Ctl::Hello(hello) => self.city.ack(&hello.epoch, Some(hello.number), now),
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some(self.heard(ack)?))
    }

    fn heard(&self, ack: Ack) -> Result<Input> {
        let ours = self.ours(&ack.epoch, &Engine::numbers_to_check(&ack))?;
        Ok(Input::Ack { ack, ours })
    }

    fn ours(&self, epoch: &str, seqs: &[u64]) -> Result<OurHashes> {
        let mut ours = OurHashes::new();
        for seq in seqs {
            if let Some(hash) = self.reader.hash_at(epoch, *seq)? {
                ours.insert(*seq, hash);
            }
        }
        Ok(ours)
    }
}
