//! Tests on real files.

mod bench;
mod city;
mod clock;
mod compare;
mod crash;
mod daily;
mod day;
mod faces;
mod help;
mod imports;
mod models;
mod office;
mod wages;
mod opening;
mod tamper;
mod views;
mod writing;
