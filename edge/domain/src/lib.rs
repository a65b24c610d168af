//! The rules: who may pass, what is recorded, what counts as a day.
