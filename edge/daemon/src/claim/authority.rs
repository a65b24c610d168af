//! Whom the box takes for its city before it has a certificate.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use openssl::hash::MessageDigest;
use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
use openssl::x509::X509;
use reqwest::Url;

use super::key::failed;
use crate::error::DaemonError;

/// Longest wait for each step.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// How the city's authority is recognized.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Trust {
    /// By its certificate in a file.
    File(PathBuf),
    /// By the SHA-256 of its certificate.
    Fingerprint([u8; 32]),
}

impl Trust {
    /// As it was typed: a file, or the 64 hexadecimal digits that the city's operator was shown;
    /// colons do not matter.
    pub(crate) fn of(file: Option<&Path>, fingerprint: Option<&str>) -> Result<Self, DaemonError> {
        let digits = match (file, fingerprint) {
            (Some(file), _) => return Ok(Self::File(file.to_owned())),
            (None, digits) => digits.unwrap_or_default().replace(':', ""),
        };
        sync_wire::chain::from_hex(&digits.to_ascii_lowercase())
            .map(Self::Fingerprint)
            .ok_or_else(|| {
                let told = "--ca-fingerprint 应为 64 个十六进制字符，请照平台给的填写";
                DaemonError::Refused(told.to_owned())
            })
    }

    /// The authority's certificate.
    pub(super) fn authority(&self, url: &Url) -> Result<X509, DaemonError> {
        match self {
            Self::File(file) => {
                let pem = std::fs::read(file).map_err(|source| DaemonError::File {
                    file: file.clone(),
                    source,
                })?;
                X509::from_pem(&pem).map_err(|_| DaemonError::Content {
                    file: file.clone(),
                    detail: "不是 PEM 格式的 CA 证书".to_owned(),
                })
            }
            Self::Fingerprint(wanted) => found(url, wanted),
        }
    }
}

/// Looks for the authority in the chain that the server shows. Nothing is said on this connection.
fn found(url: &Url, wanted: &[u8; 32]) -> Result<X509, DaemonError> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(443);
    let unreachable = || {
        DaemonError::Refused(format!(
            "连不上平台 {host}:{port}：请检查网络，并核对 --city 的地址和端口"
        ))
    };
    let mut addresses = (host, port).to_socket_addrs().map_err(|_| unreachable())?;
    let stream = addresses
        .find_map(|address| TcpStream::connect_timeout(&address, WAIT_MAX).ok())
        .ok_or_else(unreachable)?;
    stream.set_read_timeout(Some(WAIT_MAX))?;
    stream.set_write_timeout(Some(WAIT_MAX))?;
    let mut connector = SslConnector::builder(SslMethod::tls_client()).map_err(failed)?;
    // Whom to trust is what is asked for here; everything else goes over another connection.
    connector.set_verify(SslVerifyMode::NONE);
    let settings = connector.build().configure().map_err(failed)?;
    let shaken = settings.verify_hostname(false).connect(host, stream);
    let shown = shaken.map_err(|_| unreachable())?;
    let chain = shown.ssl().peer_cert_chain().into_iter().flatten();
    let is_wanted = |one: &X509| {
        let digest = one.digest(MessageDigest::sha256());
        digest.is_ok_and(|digest| &*digest == wanted)
    };
    let authority = chain.map(ToOwned::to_owned).find(is_wanted);
    authority.ok_or_else(|| {
        DaemonError::Refused(
            "平台出示的证书与 --ca-fingerprint 不符，可能连错了地址或被人冒充，没有发送开通码：\
             请向平台核对指纹"
                .to_owned(),
        )
    })
}
