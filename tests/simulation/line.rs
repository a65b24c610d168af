//! A box's way to the city: carries out what the engine wants, and what comes of forks.

use edge_daemon::epochs;
use edge_store::{Entry, NewEpoch, ParkedTold, StoredRecord};
use sync_engine::{Action, Alarm, Engine, Fork, Input, LedgerRecord, Now, OurHashes, Survey};
use sync_wire::record::{Carried, EpochBegan, EpochReason, PreviousEpoch};
use sync_wire::{Ack, Ctl, Kind, Record, Topic};

use super::fault::{Promise, Step};
use super::file::{self, wait};
use super::happening::{Cut, Disk};
use super::life::{LAST_FORK, Life, SITE, moment};
use super::site_box::{Court, Letter, SiteBox};

/// The cursor is written down at most this often, ms.
const CURSOR_MS: u64 = 2_000;
/// Records of one commit that carries over.
const CARRIED_MAX: u32 = 6;
/// Messages of the engine's windows together: live, bulk, older epochs.
const WINDOWS: usize = 8 + 3 + 4;
/// Actions of one moment, at most: more would never end.
const ACTIONS_MAX: u32 = 10_000;

impl SiteBox {
    /// The engine hears something, and everything that it wants is done.
    pub(super) fn engine(&mut self, input: Input, court: &mut Court<'_>) -> Step<()> {
        if let Some(life) = &mut self.life {
            life.inputs.push_back(input);
        }
        self.settle(court)
    }

    pub(super) fn settle(&mut self, court: &mut Court<'_>) -> Step<()> {
        for _ in 0..ACTIONS_MAX {
            let Some(life) = &mut self.life else {
                return Ok(());
            };
            if let Some(action) = life.engine.poll_action() {
                self.act(action, court)?;
            } else if let Some(input) = life.inputs.pop_front() {
                let now = self.now(court);
                if let Some(life) = &mut self.life {
                    life.engine.handle(now, input);
                }
            } else {
                return self.check_status(court);
            }
        }
        Promise::Other.broken("the engine never rests")
    }

    fn now(&self, court: &Court<'_>) -> Now {
        let (begun_ms, boot) = self
            .life
            .as_ref()
            .map_or((court.now_ms, 0), |life| (life.begun_ms, life.boot));
        let now = moment((begun_ms, court.now_ms), self.offset_ms, boot);
        Now {
            mono_ms: now.mono_ms,
            wall_ms: now.wall_ms,
            clock: file::quality(now.quality),
        }
    }

    /// What the city has acknowledged falls only where the city does, or where its answers come in another
    /// order; and then somebody is told.
    fn check_status(&mut self, court: &mut Court<'_>) -> Step<()> {
        let fell = self.city_fell;
        let told = std::mem::take(&mut self.fall_told);
        let Some(life) = &mut self.life else {
            return Ok(());
        };
        let now = (
            life.engine.epoch().to_owned(),
            life.engine.status().acked_through,
        );
        let falls = now.0 == life.acked.0 && now.1 < life.acked.1;
        let what = || format!("acknowledged through {now:?} after {:?}", life.acked);
        Promise::Lost.holds(!falls || fell || told, what)?;
        let stored = court.model.settled(&(self.name.clone(), now.0.clone()));
        let what = || format!("{now:?} counts as settled, the city has had {stored}");
        Promise::Lost.holds(now.1 <= stored || fell, what)?;
        life.acked = now;
        let on_the_way =
            |one: &&Letter| one.hello == self.hellos && !one.is_copy && one.topic != Topic::UpCtl;
        let waiting = self.up.iter().filter(on_the_way).count();
        let what = || format!("{waiting} messages are on their way");
        Promise::Other.holds(waiting <= WINDOWS, what)
    }

    fn act(&mut self, action: Action, court: &mut Court<'_>) -> Step<()> {
        let Some(life) = &mut self.life else {
            return Ok(());
        };
        match action {
            Action::Connect => {
                life.connected = self.line;
                life.inputs.push_back(if self.line {
                    Input::Connected
                } else {
                    disconnected(court.now_ms)
                });
            }
            Action::Subscribe => {}
            Action::Publish { topic, payload, .. } => {
                court
                    .log
                    .push(format!("{} sends {topic:?} {}", self.name, payload.len()));
                if topic == Topic::UpCtl && matches!(Ctl::decode(&payload), Ok(Ctl::Hello(_))) {
                    self.hellos += 1;
                }
                self.up.push(Letter {
                    topic,
                    payload,
                    hello: self.hellos,
                    is_copy: false,
                });
            }
            Action::Read {
                epoch,
                tier,
                from,
                records_max,
                bytes_max,
            } => {
                let records_max = u32::try_from(records_max)?;
                let prev = life.reader.hash_at(&epoch, from - 1)?;
                let records = life.reader.records(&epoch, from, records_max, bytes_max)?;
                let records = records.into_iter().map(ledger_record).collect();
                life.inputs.push_back(match prev {
                    Some(prev) => Input::Records {
                        epoch,
                        tier,
                        from,
                        prev,
                        records,
                    },
                    None => Input::ReadFailed { epoch, tier },
                });
            }
            Action::Hashes { epoch, seqs } => {
                let ours = ours(life, &epoch, &seqs)?;
                life.inputs.push_back(Input::Hashes { epoch, ours });
            }
            Action::LookForOlder => {
                let mut older = epochs(&life.reader)?;
                older.pop();
                life.inputs.push_back(Input::Older(older));
            }
            Action::Survey => life.inputs.push_back(Input::Survey(Survey::default())),
            Action::CarryOver(fork) => self.carry_over(&fork, court)?,
            Action::SaveCursor {
                epoch,
                through,
                ranges,
            } => {
                life.cursors_due_ms.get_or_insert(court.now_ms + CURSOR_MS);
                life.cursors.insert(epoch, (through, ranges));
            }
            Action::SaveParked { epoch, .. } => {
                wait(life.writer.keep_parked(&epoch, ParkedTold::default()))?;
            }
            Action::Alarm(alarm) => self.raise(&alarm, court)?,
        }
        Ok(())
    }

    fn raise(&mut self, alarm: &Alarm, court: &mut Court<'_>) -> Step<()> {
        court.log.push(format!("{} alarm {alarm:?}", self.name));
        self.fall_told |= matches!(alarm, Alarm::CityWentBack { .. });
        let told = match alarm {
            Alarm::ForksTooOften { .. } => "1",
            Alarm::AgreesAgain => "0",
            Alarm::LedgerUnreadable { .. } => return Promise::Lost.broken(format!("{alarm:?}")),
            Alarm::Forked { .. } | Alarm::CityWentBack { .. } | Alarm::ForeignAck { .. } => {
                return Ok(());
            }
        };
        if let Some(life) = &self.life
            && let Some(text) = life.reader.setting(LAST_FORK)?
            && let Some((begin, _)) = text.rsplit_once(' ')
        {
            let text = format!("{begin} {told}");
            wait(life.writer.put_setting(LAST_FORK, &text))?;
        }
        Ok(())
    }

    /// The city holds another continuation: a new epoch begins, or an older one ends earlier.
    fn carry_over(&mut self, fork: &Fork, court: &mut Court<'_>) -> Step<()> {
        if self.disk != Disk::Works {
            return Ok(());
        }
        let Some(life) = &self.life else {
            return Ok(());
        };
        let now = moment((life.begun_ms, court.now_ms), self.offset_ms, life.boot);
        let (writer, last) = (life.writer.clone(), *life.writer.head().borrow());
        if life.epoch()?.name == fork.epoch {
            let name = self.next_epoch();
            let began = Kind::EpochBegan(EpochBegan {
                r#box: self.name.clone(),
                site: SITE.to_owned(),
                epoch: name.clone(),
                software: "menwei 0.1.0".to_owned(),
                reason: EpochReason::Forked,
                previous: Some(PreviousEpoch {
                    epoch: fork.epoch.clone(),
                    last: last.seq,
                    head: last.hash,
                }),
            });
            let body = file::own(now, began)?;
            let remembered = format!("{} {} 0", now.wall_ms, fork.pause_ms);
            wait(writer.begin_epoch(NewEpoch {
                name: name.clone(),
                first: vec![Entry::new(body.clone())],
                after: Some(last),
                forked: Some((fork.epoch.clone(), fork.common)),
                settings: vec![(LAST_FORK.to_owned(), remembered)],
            }))?;
            let of = (self.number, self.name.as_str());
            court.model.committed(of, (&name, 1), &[body])?;
        } else {
            wait(writer.fork(&fork.epoch, fork.common))?;
        }
        if self.cut == Some(Cut::AfterCommit) {
            self.die(court);
        }
        let Some(life) = &mut self.life else {
            return Ok(());
        };
        life.cursors.remove(&fork.epoch);
        life.head = *life.writer.head().borrow();
        let current = epochs(&life.reader)?.pop();
        life.inputs
            .extend(current.map(|current| Input::CarriedOver {
                epoch: fork.epoch.clone(),
                current,
            }));
        life.inputs.push_back(Input::Head(life.head));
        Ok(())
    }

    /// Carries some of what a fork left, in one commit.
    pub(super) fn carry_some(&mut self, court: &mut Court<'_>) -> Step<bool> {
        let Some(life) = &self.life else {
            return Ok(false);
        };
        let Some(next) = life.reader.next_to_carry()? else {
            return Ok(false);
        };
        if self.disk != Disk::Works {
            return Ok(true);
        }
        let reader = &life.reader;
        let mut page = reader.records(&next.epoch, next.first, CARRIED_MAX, 1 << 20)?;
        page.retain(|record| record.seq <= next.last);
        let Some(through) = page.last().map(|record| record.seq) else {
            return Promise::Lost.broken(format!("nothing stands at {next:?}"));
        };
        let now = moment((life.begun_ms, court.now_ms), self.offset_ms, life.boot);
        let wrap = |record| wrapped(&next.epoch, record, now);
        let bodies: Vec<Vec<u8>> = page.into_iter().map(wrap).collect::<Step<_>>()?;
        if self.cut == Some(Cut::BeforeCommit) {
            self.die(court);
            return Ok(false);
        }
        let entries = bodies.iter().cloned().map(Entry::new).collect();
        let epoch = life.epoch()?.name;
        let appended = wait(
            life.writer
                .carry(entries, (&next.epoch, next.first, through)),
        )?;
        let of = (self.number, self.name.as_str());
        let place = (epoch.as_str(), appended.first_seq);
        court.model.committed(of, place, &bodies)?;
        if self.cut == Some(Cut::AfterCommit) {
            self.die(court);
            return Ok(false);
        }
        self.grown()?;
        self.settle(court)?;
        Ok(true)
    }

    /// Writes down what the city has.
    pub(super) fn save_cursors(&mut self, court: &mut Court<'_>) -> Step<()> {
        let Some(life) = &mut self.life else {
            return Ok(());
        };
        if life.cursors_due_ms.is_none_or(|due| due > court.now_ms) {
            return Ok(());
        }
        life.cursors_due_ms = None;
        for (epoch, (through, ranges)) in std::mem::take(&mut life.cursors) {
            if self.disk == Disk::Works {
                wait(life.writer.advance_cursor(&epoch, through, ranges))?;
            }
        }
        Ok(())
    }

    /// An acknowledgement arrives.
    pub(super) fn hear(&mut self, ack: Ack, court: &mut Court<'_>) -> Step<()> {
        let Some(life) = self.life.as_ref().filter(|life| life.connected) else {
            return Ok(());
        };
        court.log.push(format!("{} hears {ack:?}", self.name));
        let ours = if life.engine.knows(&ack.epoch) {
            ours(life, &ack.epoch, &Engine::numbers_to_check(&ack))?
        } else {
            OurHashes::new()
        };
        self.engine(Input::Ack { ack, ours }, court)
    }

    /// The connection breaks, where there is one.
    pub(super) fn break_line(&mut self, court: &mut Court<'_>) -> Step<()> {
        self.down.clear();
        let Some(life) = &mut self.life else {
            return Ok(());
        };
        if !std::mem::take(&mut life.connected) {
            return Ok(());
        }
        self.engine(disconnected(court.now_ms), court)
    }
}

/// Chance for the wait, out of what everybody knows.
fn disconnected(now_ms: u64) -> Input {
    let jitter = u32::try_from(crate::Dice::new(now_ms).any() >> 32).unwrap_or(0);
    Input::Disconnected { jitter }
}

fn ledger_record(record: StoredRecord) -> LedgerRecord {
    LedgerRecord {
        seq: record.seq,
        body: record.body,
        hash: record.hash,
    }
}

fn ours(life: &Life, epoch: &str, seqs: &[u64]) -> Step<OurHashes> {
    let mut hashes = OurHashes::new();
    for seq in seqs {
        let hash = life.reader.hash_at(epoch, *seq)?;
        hashes.extend(hash.map(|hash| (*seq, hash)));
    }
    Ok(hashes)
}

/// The record as it goes on; one that was carried over before keeps its origin.
fn wrapped(epoch: &str, record: StoredRecord, now: edge_domain::Moment) -> Step<Vec<u8>> {
    let carried = match Record::from_body(&record.body).map(|one| one.kind) {
        Ok(Kind::Carried(origin)) => origin,
        _ => Carried {
            epoch: epoch.to_owned(),
            seq: record.seq,
            body: record.body,
        },
    };
    file::own(now, Kind::Carried(carried))
}
