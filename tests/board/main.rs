//! The firmware's real image, booted on a Cortex-M3 in QEMU behind the box's own driver. Whatever
//! these tests see was done by the machine code that would be flashed.

#[cfg(test)]
mod people;

#[cfg(test)]
mod alarms;

#[cfg(test)]
mod trouble;

#[cfg(test)]
mod cards;

#[cfg(test)]
mod updates;
