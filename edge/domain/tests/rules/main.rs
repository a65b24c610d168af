//! The rules of the gate, row by row and transition by transition, through the public interface.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test asks for one variant and fails on others"
)]

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod admission;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod ic_cards;
#[cfg(test)]
mod visits;
#[cfg(test)]
mod merge;
#[cfg(test)]
mod presence;
#[cfg(test)]
mod presenting;
#[cfg(test)]
mod faces;
#[cfg(test)]
mod gate_reports;
#[cfg(test)]
mod without_ledger;
#[cfg(test)]
mod any_sequence;
