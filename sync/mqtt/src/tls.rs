//! Certificates from files, and a handshake that judges by the time that the box believes.
//!
//! The libraries for MQTT and HTTP let OpenSSL ask the machine's clock. Where that stands in 1970,
//! every certificate would be one of the future, and the box would be shut out of the very network
//! that sets its clock.

use std::fmt;
use std::path::Path;
use std::pin::Pin;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode, SslVersion};
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::{X509, X509VerifyResult};
use sync_engine::Now;
use sync_wire::record::ClockQuality;
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use crate::error::{MqttError, Unshaken};
use crate::settings::TlsFiles;

/// `X509_V_ERR_CERT_NOT_YET_VALID` of OpenSSL.
const NOT_YET_VALID: i32 = 9;

/// What the box believes of the time while it looks at a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Believed {
    /// Unix ms.
    pub at_ms: i64,
    /// The clock is not to be believed, and this is its floor: it is that late, or later. So a
    /// certificate that has ended by then is no good, and one that begins after it may well be.
    pub is_floor: bool,
}

impl Believed {
    pub(crate) fn of(now: Now) -> Self {
        Self {
            at_ms: now.wall_ms,
            is_floor: now.clock == ClockQuality::Unset,
        }
    }
}

/// What the files say: all of it in a row. `None` where one cannot be read.
pub(crate) fn contents(files: Option<&TlsFiles>) -> Option<Vec<u8>> {
    let files = files?;
    let mut contents = Vec::new();
    for path in [&files.ca, &files.certificate, &files.key] {
        contents.extend(std::fs::read(path).ok()?);
    }
    Some(contents)
}

/// Whom the box trusts, which is one authority and nobody else, and what it shows of itself.
pub struct Credentials {
    authority: X509,
    own: Option<Own>,
}

struct Own {
    certificate: X509,
    chain: Vec<X509>,
    key: PKey<Private>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credentials")
            .finish_non_exhaustive()
    }
}

impl Credentials {
    /// Shows nothing.
    pub fn trusting(authority: X509) -> Self {
        Self {
            authority,
            own: None,
        }
    }

    /// Reads the files; the key must be the certificate's.
    ///
    /// # Errors
    /// [`MqttError::File`], [`MqttError::Certificate`].
    pub fn read(files: &TlsFiles) -> Result<Self, MqttError> {
        let authority = X509::from_pem(&read(&files.ca)?)
            .map_err(|source| unusable(&files.ca, "certificate authority", source))?;
        let ours = |source| unusable(&files.certificate, "certificate with its key", source);
        let pem = read(&files.certificate)?;
        let certificate = X509::from_pem(&pem).map_err(ours)?;
        let chain = X509::stack_from_pem(&pem).map_err(ours)?;
        let key = PKey::private_key_from_pem(&read(&files.key)?).map_err(ours)?;
        let whole = Self {
            authority,
            own: Some(Own {
                certificate,
                chain: chain.into_iter().skip(1).collect(),
                key,
            }),
        };
        let any_time = Believed {
            at_ms: 0,
            is_floor: true,
        };
        whole.connector(any_time).map_err(ours)?;
        Ok(whole)
    }

    fn connector(&self, time: Believed) -> Result<SslConnector, ErrorStack> {
        let mut connector = SslConnector::builder(SslMethod::tls_client())?;
        connector.set_min_proto_version(Some(SslVersion::TLS1_2))?;
        let mut trusted = X509StoreBuilder::new()?;
        trusted.add_cert(self.authority.clone())?;
        connector.set_cert_store(trusted.build());
        if let Some(own) = &self.own {
            connector.set_certificate(&own.certificate)?;
            connector.set_private_key(&own.key)?;
            connector.check_private_key()?;
            for one in &own.chain {
                connector.add_extra_chain_cert(one.clone())?;
            }
        }
        connector
            .verify_param_mut()
            .set_time(time.at_ms.div_euclid(1_000));
        if time.is_floor {
            connector.set_verify_callback(SslVerifyMode::PEER, |is_good, chain| {
                let is_only_early = !is_good && chain.error().as_raw() == NOT_YET_VALID;
                if is_only_early {
                    chain.set_error(X509VerifyResult::OK);
                }
                is_good || is_only_early
            });
        }
        Ok(connector.build())
    }

    /// The handshake with `host` on a connection to it.
    pub(crate) async fn shake(
        &self,
        (host, time): (&str, Believed),
        stream: TcpStream,
    ) -> Result<SslStream<TcpStream>, Unshaken> {
        let session = self.connector(time)?.configure()?.into_ssl(host)?;
        let mut stream = SslStream::new(session, stream)?;
        match Pin::new(&mut stream).connect().await {
            Ok(()) => Ok(stream),
            Err(source) => Err(Unshaken::Refused {
                judgement: judgement(stream.ssl().verify_result()),
                source,
            }),
        }
    }
}

/// What there is to say against the other side's certificate.
fn judgement(certificate: X509VerifyResult) -> &'static str {
    if certificate == X509VerifyResult::OK {
        "the handshake failed"
    } else {
        certificate.error_string()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, MqttError> {
    std::fs::read(path).map_err(|source| MqttError::File {
        path: path.to_owned(),
        source,
    })
}

fn unusable(path: &Path, what: &'static str, source: ErrorStack) -> MqttError {
    MqttError::Certificate {
        path: path.to_owned(),
        what,
        source,
    }
}
