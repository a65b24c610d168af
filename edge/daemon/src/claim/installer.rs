//! The claim from its first step to what the installer is told.

use std::path::Path;

use super::ask::{address, ask};
use super::authority::Trust;
use super::folder::Folder;
use super::{key, welcome};
use crate::config::SiteConfig;
use crate::error::DaemonError;

/// What an installer typed.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    /// Where the city gives out certificates, `https://host:port`.
    pub(crate) city: &'a str,
    /// The code of the city's operator.
    pub(crate) code: &'a str,
    /// How the city is recognized.
    pub(crate) trust: Trust,
    /// Where the files go.
    pub(crate) out: &'a Path,
    /// The settings, which may not be there yet.
    pub(crate) config: &'a Path,
    /// Whether what is there may be replaced.
    pub(crate) replace: bool,
}

/// Claims the certificate; what the installer is told.
pub(crate) fn claim(claim: &Claim<'_>) -> Result<String, DaemonError> {
    let folder = Folder::open(claim.out, claim.replace)?;
    let url = address(claim.city)?;
    let authority = claim.trust.authority(&url)?;
    let key = folder.pending_key()?;
    let settings = SiteConfig::load(claim.config).ok();
    let named = settings.map(|settings| settings.ledger.device_key_file);
    let (device_key, new_file) = folder.device_key(named.as_deref())?;
    let request = (claim.code, key::request(&key)?, &device_key);
    let answer = ask(&url, &authority, request)?;
    let welcome = welcome::check(&answer, &authority, &key)?;
    folder.keep(&authority, &welcome)?;
    Ok(welcome.tell(claim.out, new_file.as_deref()))
}
