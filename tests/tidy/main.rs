//! The house rules, checked.

mod arrows;
mod documents;
mod modules;
mod sizes;
mod tree;
mod words;
