//! Updates against a flash that loses power in the middle of every write and every erasure. Images
//! are signed by another implementation of Ed25519 than the one that checks them.

#[cfg(test)]
mod flash;

#[cfg(test)]
mod site;

#[cfg(test)]
mod power_cuts;

#[cfg(test)]
mod worn_flash;

#[cfg(test)]
mod transfer;

#[cfg(test)]
mod images;
