//! The one thread that writes: what waits goes into one commit, and only then is anyone answered.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use rusqlite::{Connection, Statement};
use sync_wire::Head;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use crate::carry;
use crate::connection::{self, WriteLock};
use crate::daily::keeper::{DailyState, Keeper};
use crate::daily::shelf::Seal;
use crate::epoch::{self, Epoch, NewEpoch};
use crate::error::StoreError;
use crate::ledger::{Appended, Appender};
use crate::model::read_model::ReadModel;
use crate::proof::head_file::HeadFile;
use crate::screen::import;
use crate::write::order::{Done, Order, QUEUE_ORDERS_MAX, Stop, answer, refuse, refuse_all, reply};
use crate::write::seal::{self, NewCheckpoint};
use crate::write::small_act;

/// Quiet time after which the read models catch up where that is worth a commit, in ms.
const QUIET_MS: u64 = 500;

/// Quiet time after which they catch up in any case, in ms. Readers do not wait for it: they add
/// the few records not folded yet themselves. A fold touches five pages, and a card swiped every
/// few seconds must not pay them alone.
const LONG_QUIET_MS: u64 = 10_000;

/// Records that are worth a commit of the read models.
const FOLD_RECORDS_MIN: u64 = 32;

/// Records after which the read models catch up even without quiet time.
const FOLD_RECORDS_MAX: u64 = 256;

/// Commits after which the write-ahead log is copied into the file.
const CHECKPOINT_COMMITS_MAX: u32 = 400;

/// How long the writer stays awake for an append that was announced: a reader's line of 115,200
/// baud takes 112 ms for the rest of a card.
const EXPECTED: Duration = Duration::from_millis(150);

/// Pause between two turns in which the daily files catch up with a long ledger, in ms.
const DAILY_PAUSE_MS: u64 = 20;

/// Turns of the daily files for which a clean stop waits at most.
const DAILY_TURNS_AT_STOP: u32 = 100;

/// What the thread owns besides the connection.
pub(crate) struct LoopParts {
    pub(crate) box_id: String,
    pub(crate) epoch: Epoch,
    pub(crate) head: Head,
    pub(crate) orders: Receiver<Order>,
    pub(crate) room: Arc<Semaphore>,
    pub(crate) heads: watch::Sender<Head>,
    pub(crate) epochs: watch::Sender<u32>,
    pub(crate) lock: WriteLock,
    /// Where the records are kept a second time.
    pub(crate) daily: Option<DailyParts>,
}

/// What the daily files need.
pub(crate) struct DailyParts {
    pub(crate) folder: PathBuf,
    pub(crate) seal: Seal,
    /// Whether they can be written.
    pub(crate) states: watch::Sender<DailyState>,
}

/// Runs until told to stop, or until nobody can give orders any more.
pub(crate) fn run(db: Connection, parts: LoopParts) {
    let room = Arc::clone(&parts.room);
    let stop = match CommitLoop::new(&db, &parts) {
        Ok(mut work) => work.run(&parts),
        Err(error) => refuse_all(&parts.orders, &parts.room, &error),
    };
    // Nobody may wait for room that will never come.
    room.close();
    let result = match stop {
        Some((true, done)) => Some((connection::close_clean(db), done)),
        Some((false, done)) => {
            drop(db);
            Some((Ok(()), done))
        }
        None => None,
    };
    drop(parts.lock);
    if let Some((result, done)) = result {
        answer(done, result);
    }
}

fn daily_files<'db>(
    db: &'db Connection,
    parts: &LoopParts,
) -> Result<Option<Keeper<'db>>, StoreError> {
    let keeper = parts.daily.as_ref().map(|daily| {
        let (seal, states) = (daily.seal.clone(), daily.states.clone());
        Keeper::new(db, &daily.folder, seal, states)
    });
    keeper.transpose()
}

struct CommitLoop<'db> {
    db: &'db Connection,
    begin: Statement<'db>,
    commit: Statement<'db>,
    appender: Appender<'db>,
    read_model: ReadModel,
    epoch: Epoch,
    head: Head,
    unfolded: u64,
    commits: u32,
    awake_until: Option<Instant>,
    daily: Option<Keeper<'db>>,
    note: Option<HeadFile>,
}

impl<'db> CommitLoop<'db> {
    fn new(db: &'db Connection, parts: &LoopParts) -> Result<Self, StoreError> {
        let step = "prepare the writer";
        Ok(Self {
            db,
            begin: db
                .prepare("BEGIN IMMEDIATE")
                .map_err(|e| StoreError::database(step, e))?,
            commit: db
                .prepare("COMMIT")
                .map_err(|e| StoreError::database(step, e))?,
            appender: Appender::prepare(db)?,
            read_model: ReadModel::new(&parts.box_id),
            epoch: parts.epoch.clone(),
            head: parts.head,
            unfolded: 0,
            commits: 0,
            awake_until: None,
            daily: daily_files(db, parts)?,
            note: None,
        })
    }

    fn run(&mut self, parts: &LoopParts) -> Option<Stop> {
        loop {
            let is_behind = self.daily.as_ref().is_some_and(Keeper::is_behind);
            let quiet_ms = match self.unfolded {
                _ if is_behind => DAILY_PAUSE_MS,
                0 => u64::MAX,
                FOLD_RECORDS_MIN.. => QUIET_MS,
                _ => LONG_QUIET_MS,
            };
            let quiet = Duration::from_millis(quiet_ms);
            let first = match self.next_order(&parts.orders, quiet) {
                Ok(order) => order,
                Err(RecvTimeoutError::Timeout) => {
                    if is_behind {
                        self.keep_daily(1);
                    } else {
                        self.fold_quietly();
                    }
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return None,
            };
            let mut waiting = VecDeque::from([first]);
            waiting.extend(parts.orders.try_iter().take(QUEUE_ORDERS_MAX));
            parts.room.add_permits(waiting.len());
            let stop = self.serve(waiting, parts);
            if stop.is_some() {
                return stop;
            }
            self.keep_daily(1);
            if self.unfolded >= FOLD_RECORDS_MAX {
                self.fold_quietly();
            }
            if self.commits >= CHECKPOINT_COMMITS_MAX {
                self.commits = 0;
                self.sync_daily();
                connection::checkpoint(self.db);
            }
        }
    }

    /// Waits for an order; without sleeping while one is expected.
    fn next_order(
        &mut self,
        orders: &Receiver<Order>,
        quiet: Duration,
    ) -> Result<Order, RecvTimeoutError> {
        if let Some(until) = self.awake_until.take() {
            while Instant::now() < until {
                match orders.try_recv() {
                    Ok(order) => return Ok(order),
                    Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
                    Err(TryRecvError::Empty) => std::thread::yield_now(),
                }
            }
        }
        orders.recv_timeout(quiet)
    }

    /// Writes what was committed into the daily file, in at most so many turns.
    fn keep_daily(&mut self, turns_max: u32) {
        let Some(daily) = &mut self.daily else { return };
        for _ in 0..turns_max {
            if daily.has(self.epoch.no, self.head.seq) {
                return;
            }
            daily.keep();
        }
    }

    /// Before the write-ahead log is copied into the file: from then on the log is begun anew.
    fn sync_daily(&mut self) {
        if let Some(daily) = &mut self.daily {
            daily.sync();
        }
    }

    /// Goes the way of a commit without one. That it fails is for the commit itself to tell.
    fn expect(&mut self) {
        if self.begin.execute([]).is_ok() {
            connection::roll_back(self.db);
        }
        self.awake_until = Some(Instant::now() + EXPECTED);
    }

    /// Serves what waits, in order; neighboring writes share a commit.
    fn serve(&mut self, waiting: VecDeque<Order>, parts: &LoopParts) -> Option<Stop> {
        let heads = &parts.heads;
        let mut group = Vec::new();
        let mut stop = None;
        for order in waiting {
            match order {
                Order::Expect => self.expect(),
                Order::Append(..) | Order::Small(..) => group.push(order),
                Order::BeginEpoch(new, reply) => {
                    self.write(std::mem::take(&mut group), heads);
                    answer(reply, self.begin_epoch(&new, parts));
                }
                Order::Fold(reply) => {
                    self.write(std::mem::take(&mut group), heads);
                    answer(reply, self.fold());
                }
                // After whoever waits has his answer: nobody stands before a signature.
                Order::Checkpoint(new, reply) => {
                    self.write(std::mem::take(&mut group), heads);
                    answer(reply, self.checkpoint(&new, heads));
                }
                Order::KeepHead(file, reply) => {
                    self.write(std::mem::take(&mut group), heads);
                    self.note = Some(file);
                    self.seal(true);
                    answer(reply, Ok(()));
                }
                Order::Stop { clean, done } => {
                    self.write(std::mem::take(&mut group), heads);
                    if clean {
                        self.fold_quietly();
                        self.keep_daily(DAILY_TURNS_AT_STOP);
                        self.sync_daily();
                    }
                    self.seal(true);
                    stop = Some((clean, done));
                    break;
                }
            }
        }
        self.write(group, heads);
        stop
    }

    /// One commit for the whole group. Where it fails, each order is tried alone, so that one that
    /// cannot be does not take the others with it.
    fn write(&mut self, group: Vec<Order>, heads: &watch::Sender<Head>) {
        if group.is_empty() {
            return;
        }
        match self.transact(&group) {
            // First the head: whoever is answered finds his record under it.
            Ok(done) => {
                heads.send_replace(self.head);
                for (order, done) in group.into_iter().zip(done) {
                    reply(order, done);
                }
            }
            Err(StoreError::DiskFull { .. })
                if self.daily.as_mut().is_some_and(Keeper::make_room) =>
            {
                self.write(group, heads);
            }
            Err(error) => match <[Order; 1]>::try_from(group) {
                Ok([order]) => refuse(order, &error),
                Err(group) => {
                    for order in group {
                        self.write(vec![order], heads);
                    }
                }
            },
        }
    }

    fn transact(&mut self, group: &[Order]) -> Result<Vec<Result<Done, StoreError>>, StoreError> {
        let step = "commit";
        self.begin
            .execute([])
            .map_err(|e| StoreError::database(step, e))?;
        let mut head = self.head;
        let worked = group
            .iter()
            .map(|order| self.act(order, &mut head))
            .collect::<Result<Vec<_>, _>>()
            .and_then(|done| {
                self.commit
                    .execute([])
                    .map_err(|e| StoreError::database(step, e))?;
                Ok(done)
            });
        match worked {
            Ok(done) => {
                self.unfolded = self
                    .unfolded
                    .saturating_add(head.seq.saturating_sub(self.head.seq));
                self.commits = self.commits.saturating_add(1);
                self.head = head;
                Ok(done)
            }
            Err(error) => {
                connection::roll_back(self.db);
                Err(error)
            }
        }
    }

    /// Does one order inside the open transaction. The outer error fails the commit, the inner one
    /// only this order.
    fn act(
        &mut self,
        order: &Order,
        head: &mut Head,
    ) -> Result<Result<Done, StoreError>, StoreError> {
        match order {
            Order::Append(entries, notes, _) => {
                if let Some((epoch, part)) = &notes.carried
                    && !carry::done(self.db, epoch::number(self.db, epoch)?, *part)?
                {
                    return Ok(Err(StoreError::Overtaken));
                }
                small_act::put_settings(self.db, &notes.settings)?;
                if let Some(step) = &notes.import {
                    import::step(self.db, step)?;
                }
                let appended = self.appender.append(self.epoch.no, *head, entries)?;
                *head = appended.head;
                Ok(Ok(Done::Appended(appended)))
            }
            Order::Small(act, _) => match small_act::perform(self.db, act) {
                Ok(number) => Ok(Ok(Done::Number(number))),
                Err(error) if error.is_refusal() => Ok(Err(error)),
                Err(error) => Err(error),
            },
            Order::BeginEpoch(..)
            | Order::Fold(_)
            | Order::Checkpoint(..)
            | Order::KeepHead(..)
            | Order::Expect
            | Order::Stop { .. } => Ok(Err(StoreError::Closed)),
        }
    }

    fn checkpoint(
        &mut self,
        new: &NewCheckpoint,
        heads: &watch::Sender<Head>,
    ) -> Result<Option<Appended>, StoreError> {
        let step = "commit a checkpoint";
        self.begin
            .execute([])
            .map_err(|e| StoreError::database(step, e))?;
        let name = (self.read_model.box_id(), &self.epoch);
        let work = (self.db, &mut self.appender);
        let made = seal::append(work, name, self.head, new).and_then(|made| {
            self.commit
                .execute([])
                .map_err(|e| StoreError::database(step, e))?;
            Ok(made)
        });
        match made {
            Ok(made) => {
                if let Some(appended) = &made {
                    self.unfolded = self.unfolded.saturating_add(1);
                    self.commits = self.commits.saturating_add(1);
                    self.head = appended.head;
                    heads.send_replace(self.head);
                    self.seal(true);
                }
                Ok(made)
            }
            Err(error) => {
                connection::roll_back(self.db);
                Err(error)
            }
        }
    }

    fn seal(&mut self, sync: bool) {
        seal::note(self.note.as_mut(), &self.epoch.name, self.head, sync);
    }

    fn begin_epoch(&mut self, new: &NewEpoch, parts: &LoopParts) -> Result<Epoch, StoreError> {
        let step = "begin an epoch";
        if new.after.is_some_and(|after| after != self.head) {
            return Err(StoreError::Overtaken);
        }
        self.fold()?;
        self.begin
            .execute([])
            .map_err(|e| StoreError::database(step, e))?;
        let begun = self.write_epoch(new).and_then(|begun| {
            self.commit
                .execute([])
                .map_err(|e| StoreError::database(step, e))?;
            Ok(begun)
        });
        match begun {
            Ok((epoch, head)) => {
                self.unfolded = head.seq;
                self.head = head;
                self.epoch = epoch.clone();
                parts.epochs.send_replace(epoch.no);
                parts.heads.send_replace(self.head);
                self.seal(true);
                Ok(epoch)
            }
            Err(error) => {
                connection::roll_back(self.db);
                Err(error)
            }
        }
    }

    fn write_epoch(&mut self, new: &NewEpoch) -> Result<(Epoch, Head), StoreError> {
        let epoch = epoch::begin(self.db, &new.name)?;
        if let Some((forked, common)) = &new.forked
            && let Some(forked) = epoch::named(self.db, forked)?
        {
            carry::fork(self.db, &forked, *common)?;
        }
        small_act::put_settings(self.db, &new.settings)?;
        let genesis = Head::genesis(self.read_model.box_id(), &epoch.name);
        let appended = self.appender.append(epoch.no, genesis, &new.first)?;
        Ok((epoch, appended.head))
    }

    fn fold(&mut self) -> Result<(), StoreError> {
        self.read_model.catch_up(self.db)?;
        self.unfolded = 0;
        Ok(())
    }

    /// Folding may fail without harm: the ledger has the records, and the next turn tries again.
    fn fold_quietly(&mut self) {
        if let Err(error) = self.fold() {
            tracing::warn!(
                error = crate::error::chain(&error),
                "Read models fall behind"
            );
            // Not again before there is something new to fold.
            self.unfolded = 0;
        }
        self.seal(false);
    }
}
