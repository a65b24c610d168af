//! What a page shows: owned data, ready to be rendered.

mod health;
mod masked_name;
mod today;

pub use health::{
    ClockView, DeviceLamp, DownRefusal, HealthView, LampState, LedgerView, LinkView, PhotosView,
    Remedy, SyncView,
};
pub use masked_name::MaskedName;
pub use today::{PassageRow, TodayView, Verdict, Way};
