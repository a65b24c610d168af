//! One file and one template for each screen; the file's name is its address.

mod error_page;
mod door;
mod layout;
mod form;
mod fragments;
mod audit;
pub(crate) mod claim_page;
pub(crate) mod login_page;
pub(crate) mod account_page;
pub(crate) mod accounts_page;
pub(crate) mod audit_page;
pub(crate) mod settings_page;
pub(crate) mod notice_page;
pub(crate) mod events;
pub(crate) mod site;
pub(crate) mod today_page;
pub(crate) mod desk;
pub(crate) mod corrections;
pub(crate) mod intake;
pub(crate) mod wages;
pub(crate) mod kiosk;

pub(crate) use error_page::{forbidden, not_found, too_slow};
