//! The national code tables with their Chinese names.
