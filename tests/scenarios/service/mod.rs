//! The box as a service: its disk, its watchdog, its troubles told.

mod damage;
mod full_disk;
mod watchdog;
