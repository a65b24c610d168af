//! Memory maps and linker arguments of program and boot loader.

use gate_layout::{Handlers, STM32F103};

fn main() {
    gate_layout::link_program("gate-stm32f103", &STM32F103, Handlers::InLibrary);
    gate_layout::link_boot_loader("boot-stm32f103", &STM32F103, Handlers::InLibrary);
}
