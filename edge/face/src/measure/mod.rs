//! How good the models are on given pictures.

mod pairs;
mod rates;
mod plot;
mod report;

pub(crate) use report::{ReportPlan, report};
