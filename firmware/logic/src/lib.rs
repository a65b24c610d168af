//! The gate board's behaviour over embedded-hal pins.
