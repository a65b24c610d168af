//! A view of the two effects that must not change places: the commit and the acknowledgement.
//!
//! The program passes [`Silent`]. A test passes an observer of its own and so sees the order, or
//! ends the city at exactly one point of it.

/// An effect on the world outside.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effect {
    /// The transaction of a batch is made durable.
    Commit,
    /// An acknowledgement is handed to the broker's connection.
    Acknowledge,
}

/// What an observer says to an effect that is about to happen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Let it happen.
    Go,
    /// End the city now, as if its power had been cut.
    Die,
}

/// Sees every effect before and after it happens.
pub trait Observer: Send + Sync {
    /// Called before the effect.
    fn before(&self, effect: Effect) -> Verdict;
    /// Called after it.
    fn after(&self, effect: Effect);
}

/// Sees nothing and lets everything happen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn before(&self, _effect: Effect) -> Verdict {
        Verdict::Go
    }

    fn after(&self, _effect: Effect) {}
}
