//! What the files of a claim are called.

/// The city's authority.
pub(super) const AUTHORITY: &str = "ca.pem";
/// The box's certificate.
pub(super) const CERTIFICATE: &str = "box.pem";
/// The box's private key.
pub(super) const KEY: &str = "box.key";
/// The key with which the box signs its ledger.
pub(super) const DEVICE_KEY: &str = "device.key";
/// The key for which personal data is sealed.
pub(super) const SEAL_KEY: &str = "city.pub";
