//! Memory maps and linker arguments of program and boot loader.

use gate_layout::{Handlers, MPS2AN385};

fn main() {
    gate_layout::link_program("gate-mps2an385", &MPS2AN385, Handlers::InTable);
    gate_layout::link_boot_loader("boot-mps2an385", &MPS2AN385, Handlers::InTable);
}
