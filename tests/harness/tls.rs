//! The broker's door for a test's own connection.

use std::fs;
use std::path::Path;

use rumqttc::{TlsConfiguration, Transport};

use crate::Result;

/// TLS with the certificate `{name}.pem` and its key from a folder that has the `ca.pem` too.
pub fn tls_as(folder: &Path, name: &str) -> Result<Transport> {
    let read = |file: &str| fs::read(folder.join(file));
    let connector = native_tls::TlsConnector::builder()
        .disable_built_in_roots(true)
        .add_root_certificate(native_tls::Certificate::from_pem(&read("ca.pem")?)?)
        .identity(native_tls::Identity::from_pkcs8(
            &read(&format!("{name}.pem"))?,
            &read(&format!("{name}.key"))?,
        )?)
        .build()?;
    Ok(Transport::tls_with_config(
        TlsConfiguration::NativeConnector(connector),
    ))
}
