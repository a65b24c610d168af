//! Everything that writes: one thread, and the handle that gives it orders.

pub(crate) mod kept_file;
pub(crate) mod small_act;
pub(crate) mod seal;
pub(crate) mod order;
pub(crate) mod commit_loop;
pub(crate) mod writer;
