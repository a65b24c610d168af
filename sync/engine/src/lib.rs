//! Pure: what to send next and what an acknowledgement means.
