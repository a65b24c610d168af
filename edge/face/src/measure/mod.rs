//! How good the models are on given pictures, and how fast.

mod pairs;
mod rates;
mod plot;
mod robust;
mod report;
mod bench;

pub(crate) use bench::{BenchPlan, bench};
pub(crate) use report::{ReportPlan, report};
