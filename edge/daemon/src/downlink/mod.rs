//! What comes down from the city: rosters, policies, revocations, all of them signed.
//!
//! `translate` and `rules` from the wire's words to the rules' own · `own_rules` what the settings changed · `answer` how a message ended ·
//! `tally` what was refused · `transfer` a file on its way · `fetch` HTTPS · `effects` what a
//! message changes · `desk` opens one and carries it out · `serve` the two desks at work.

mod translate;
mod rules;
mod own_rules;
mod answer;
mod tally;
mod transfer;
mod fetch;
mod effects;
mod desk;
mod serve;

pub(crate) use desk::Office;
pub(crate) use own_rules::note_own_rules;
pub(crate) use rules::in_force;
pub(crate) use serve::{WAITING_MAX, start};
pub(crate) use tally::{Tally, keep_tally};

#[cfg(test)]
mod desk_test;
