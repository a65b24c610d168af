//! Whole sites, real programs, real bytes.
