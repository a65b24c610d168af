//! What the city sends down, signed: rosters, policies, revocations.
//!
//! `numbers` that only grow stand beside the key; `outbox` holds every message until its box has
//! answered; `rosters` are the files that pointers name; `policy` reads an operator's
//! numbers; `press` signs and publishes.

mod numbers;
mod outbox;
mod rosters;
mod policy;
mod press;

pub use outbox::{Letter, Waiting};
pub(crate) use outbox::{due, expire, settle, unsent, waiting};
pub use policy::policy_of;
pub use press::{Press, Published};
pub use rosters::{file_of, people_of};
