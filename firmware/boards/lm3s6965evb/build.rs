//! Memory map and linker arguments.

fn main() {
    gate_layout::link_program_alone("gate-lm3s6965evb");
}
