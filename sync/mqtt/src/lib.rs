//! The MQTT shell of the sync engine.
