//! Simulated readers, gate boards and people, speaking the real bytes.
