//! Whole sites, real programs, real bytes.

mod help;
mod old_files;
mod script;
mod absence;
mod admission;
mod bad_config;
mod boards;
mod clerk;
mod delivery;
mod ic_cards;
mod kiosk;
mod kill_between_commit_and_open;
mod kill_city_before_ack;
mod line_trouble;
mod offline_box;
mod service;
mod tampering;
mod terminals;
mod verify_finds_tampering;
mod wrong_key_newer_file_second_process;
