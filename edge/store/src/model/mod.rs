//! Read models: tables folded from the ledger, never written by anything else.

pub(crate) mod fold;
pub(crate) mod origin;
pub(crate) mod stored;
pub(crate) mod wage_rows;
pub(crate) mod visit_rows;
pub(crate) mod rows;
pub(crate) mod read_model;
pub(crate) mod unfolded;
