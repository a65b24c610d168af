//! Where everything stands in the flash and the RAM of each board. Programs and boot loaders read it,
//! and so do their build scripts, with the feature `link`: no address stands twice.
#![no_std]

mod flash;
mod ram;
#[cfg(feature = "link")]
mod link;

pub use flash::{
    FlashMap, HEAD_BYTES, LM3S6965_FACTORY_AT, LM3S6965_MEMORY_AT, MPS2AN385, PAGE_BYTES, Part,
    STM32F103,
};
#[cfg(feature = "link")]
pub use link::{Handlers, link_boot_loader, link_program, link_program_alone};
