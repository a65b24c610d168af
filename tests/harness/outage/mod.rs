//! Outages: a short day at a gate that dies at every effect, and a disk that forgets at every moment.
//!
//! The day runs in `crash-victim` (`tests/crash/victim`); `tests/outage/preload.rs` stands between it and
//! the system. `script` the day · `world` what outlives the box · `journal` the
//! effects as they were noted · `disk` what a power cut leaves of them · `victim` starts the day · `judge`
//! the promises after an outage · `crash` dies at the n-th effect · `power_cut` the disk after a cut.

mod script;
mod world;
mod journal;
mod disk;
mod victim;
mod judge;
mod crash;
mod power_cut;

pub use crash::{CrashPoints, crash_at_every_effect};
pub use disk::{Disk, Left};
pub use journal::{Act, Effect};
pub use judge::Found;
pub use power_cut::{PowerCuts, record_day};
pub use script::{Turn, Visitor, day};
pub use victim::{BOX, KEY, SITE};
pub use world::{Fact, World};
