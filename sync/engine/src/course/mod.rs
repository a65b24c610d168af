//! One epoch on its way to the city: asking what the city has, sending the rest, and what to do
//! where the city has something else. The epoch that is written to and older ones are alike, but
//! that older ones grow no more and go by the bulk tier only.
//!
//! - [`desk`]: what all conversations share
//! - [`talk`]: one conversation
//! - [`doubt`]: asking anew what the city has
//! - [`differ`]: where the city has something else

mod desk;
mod talk;
mod doubt;
mod differ;

pub(crate) use desk::{Desk, Phase};
pub(crate) use talk::Course;
