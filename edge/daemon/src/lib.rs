//! The box: wiring, tasks, clock, configuration.
