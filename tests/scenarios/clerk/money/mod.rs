//! `wages` from days to a paid sheet · `funds` the project's money.

mod wages;
mod funds;
