//! What the writer may be asked to do, and how whoever asked is answered.

use std::sync::mpsc::Receiver;

use tokio::sync::{Semaphore, oneshot};

use crate::epoch::{Epoch, NewEpoch};
use crate::error::StoreError;
use crate::ledger::{Appended, Entry};
use crate::proof::head_file::HeadFile;
use crate::screen::import::ImportStep;
use crate::write::seal::NewCheckpoint;
use crate::write::small_act::SmallAct;

/// Orders that may wait for the writer before a caller has to.
pub(crate) const QUEUE_ORDERS_MAX: usize = 64;

pub(crate) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What is stored in the same commit as records.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Settings by name.
    pub(crate) settings: Vec<(String, String)>,
    /// An epoch of which these records carry over what was next: first and last of them.
    pub(crate) carried: Option<(String, (u64, u64))>,
    /// How far a file of the clerk's is with these records.
    pub(crate) import: Option<ImportStep>,
}

/// What the writer may be asked to do.
#[derive(Debug)]
pub(crate) enum Order {
    Append(Vec<Entry>, Notes, Reply<Appended>),
    Small(SmallAct, Reply<u64>),
    BeginEpoch(NewEpoch, Reply<Epoch>),
    Fold(Reply<()>),
    Checkpoint(NewCheckpoint, Reply<Option<Appended>>),
    /// Where the last record is noted from now on.
    KeepHead(HeadFile, Reply<()>),
    Expect,
    Stop {
        clean: bool,
        done: Reply<()>,
    },
}

pub(crate) type Stop = (bool, Reply<()>);

/// What an order came to, not yet told to anyone.
#[derive(Debug)]
pub(crate) enum Done {
    Appended(Appended),
    Number(u64),
}

/// Answers every order with `error`, until told to stop or until nobody can give orders any more.
pub(crate) fn refuse_all(
    orders: &Receiver<Order>,
    room: &Semaphore,
    error: &StoreError,
) -> Option<Stop> {
    while let Ok(order) = orders.recv() {
        room.add_permits(1);
        if let Order::Stop { done, .. } = order {
            return Some((false, done));
        }
        refuse(order, error);
    }
    None
}

pub(crate) fn reply(order: Order, done: Result<Done, StoreError>) {
    match (order, done) {
        (Order::Append(_, _, reply), Ok(Done::Appended(appended))) => answer(reply, Ok(appended)),
        (Order::Small(_, reply), Ok(Done::Number(number))) => answer(reply, Ok(number)),
        (order, Err(error)) => refuse(order, &error),
        (order, Ok(_)) => refuse(order, &StoreError::Closed),
    }
}

pub(crate) fn refuse(order: Order, error: &StoreError) {
    match order {
        Order::Append(_, _, reply) => answer(reply, Err(error.clone())),
        Order::Small(_, reply) => answer(reply, Err(error.clone())),
        Order::BeginEpoch(_, reply) => answer(reply, Err(error.clone())),
        Order::Fold(reply) | Order::KeepHead(_, reply) | Order::Stop { done: reply, .. } => {
            answer(reply, Err(error.clone()));
        }
        Order::Checkpoint(_, reply) => answer(reply, Err(error.clone())),
        Order::Expect => {}
    }
}

/// Who asked may have gone away; what was committed stays committed.
pub(crate) fn answer<T>(reply: Reply<T>, result: Result<T, StoreError>) {
    drop(reply.send(result));
}
