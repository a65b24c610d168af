//! What the fuzzer runs.

/// A decoder with everything that a fuzzer must know of it.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// Longest input; beyond it nothing new is to be found, and every input takes longer.
    pub bytes_max: usize,
    /// Inputs to begin with, made of the project's own samples and encoders.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Takes an input in and says whether it was understood. It panics where the code under test
    /// does, or where something does not hold that must.
    pub run: fn(&[u8]) -> bool,
}
