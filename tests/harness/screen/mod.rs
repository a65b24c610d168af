//! Whoever stands before the clerk's screen: a real browser, or a clerk who needs none.

pub(crate) mod browser;
mod clerk;

pub use browser::Browser;
pub use clerk::Clerk;
