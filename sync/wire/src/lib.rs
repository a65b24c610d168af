//! The contract between box and city: records, messages, hashes, sealing.
