//! The gate board's driver.
