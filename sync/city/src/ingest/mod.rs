//! Stores what arrives: a batch of messages, one commit, then the acknowledgements.
//!
//! `message` reads what came, outside of any transaction; `chain` is what a batch knows of one epoch;
//! `batch` loads that and decides; `write` puts it into the tables; `notary` checks and signs checkpoints, `digest` compares days; `waiting` is about records that
//! refer to others, `carried` about those that came from a fork, `days` about how much each day has; `answer` makes the acknowledgements; `redrive` tries parked records again; `worker`
//! is the thread that does all this; `greet` asks boxes for a hello.

mod message;
mod chain;
mod batch;
mod waiting;
mod carried;
mod days;
mod write;
mod notary;
mod digest;
mod answer;
mod redrive;
mod worker;
mod greet;

pub(crate) use greet::{greet, greet_page};
pub use message::{Answer, Incoming, Outgoing, is_understood};
pub use notary::forget_device_key;
pub use redrive::{Which, redrive};
pub(crate) use waiting::{Waiter, look_again};
pub use worker::{Ingest, Shared};
