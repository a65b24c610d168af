//! Visitors: let in for some hours, never counted as attendance.

mod visit;

pub use visit::{VISIT_H_MAX, VISIT_WORDS_MAX, Visit, VisitCard, VisitFault, Visitor};
