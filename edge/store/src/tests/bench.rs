//! Measurements, run by hand: `cargo test --release -p edge-store -- --ignored --nocapture`.
