//! Whole sites, real programs, real bytes.

mod help;
mod old_files;
mod script;
mod absence;
mod admission;
mod another_city;
mod bad_config;
mod clerk_screen;
mod clerk_pages;
mod full_disk;
mod kill_between_commit_and_open;
mod kill_city_before_ack;
mod kills_during_drain;
mod line_trouble;
mod offline_box;
mod relay_gate;
mod verify_finds_tampering;
mod wrong_key_newer_file_second_process;
