//! Starts whole sites for the tests.
