//! Certificates from files.

use std::path::Path;

use native_tls::{Certificate, Identity, TlsConnector};
use rumqttc::{TlsConfiguration, Transport};

use crate::error::MqttError;
use crate::settings::TlsFiles;

/// What the files say: all of it in a row. `None` where one cannot be read.
pub(crate) fn contents(files: Option<&TlsFiles>) -> Option<Vec<u8>> {
    let files = files?;
    let mut contents = Vec::new();
    for path in [&files.ca, &files.certificate, &files.key] {
        contents.extend(std::fs::read(path).ok()?);
    }
    Some(contents)
}

/// The transport: TLS that trusts the given authority and nobody else, or plain TCP.
///
/// # Errors
/// [`MqttError::File`], [`MqttError::Certificate`].
pub fn transport(files: Option<&TlsFiles>) -> Result<Transport, MqttError> {
    let Some(files) = files else {
        return Ok(Transport::tcp());
    };
    let ca = Certificate::from_pem(&read(&files.ca)?)
        .map_err(|source| unusable(&files.ca, "certificate authority", source))?;
    let identity = Identity::from_pkcs8(&read(&files.certificate)?, &read(&files.key)?)
        .map_err(|source| unusable(&files.certificate, "certificate with its key", source))?;
    let connector = TlsConnector::builder()
        .disable_built_in_roots(true)
        .add_root_certificate(ca)
        .identity(identity)
        .build()
        .map_err(|source| unusable(&files.certificate, "client identity", source))?;
    Ok(Transport::tls_with_config(
        TlsConfiguration::NativeConnector(connector),
    ))
}

fn read(path: &Path) -> Result<Vec<u8>, MqttError> {
    std::fs::read(path).map_err(|source| MqttError::File {
        path: path.to_owned(),
        source,
    })
}

fn unusable(path: &Path, what: &'static str, source: native_tls::Error) -> MqttError {
    MqttError::Certificate {
        path: path.to_owned(),
        what,
        source,
    }
}
