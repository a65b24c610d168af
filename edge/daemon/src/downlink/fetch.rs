//! Fetches a roster file over HTTPS, with the certificate that the box has for its city.

use std::time::Duration;

use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Identity};

use crate::config::CityConfig;
use crate::downlink::transfer::{FetchError, Head, Transfer};

const CONNECT_MAX: Duration = Duration::from_secs(20);
/// Longest silence within a transfer.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// HTTPS with the files of the settings, read anew for every attempt.
#[derive(Debug, Clone)]
pub(super) struct Fetcher {
    city: CityConfig,
}

impl Fetcher {
    /// Shows the box's certificate, and trusts the city's authority only.
    pub(super) fn new(city: CityConfig) -> Self {
        Self { city }
    }

    /// Receives what is missing. Dropping it between two pieces loses nothing.
    pub(super) async fn fetch(&self, transfer: &mut Transfer) -> Result<(), FetchError> {
        let mut request = self.client()?.get(transfer.url());
        if transfer.received() > 0 {
            request = request.header(RANGE, format!("bytes={}-", transfer.received()));
        }
        let mut response = request.send().await.map_err(|error| later(&error))?;
        let range = response.headers().get(CONTENT_RANGE);
        let head = Head {
            status: response.status().as_u16(),
            length: response.content_length(),
            range: range.and_then(|value| value.to_str().ok()),
        };
        transfer.meet(head)?;
        while let Some(piece) = response.chunk().await.map_err(|error| later(&error))? {
            transfer.push(&piece)?;
        }
        if transfer.is_whole() {
            return Ok(());
        }
        Err(FetchError::Later("the file broke off".to_owned()))
    }

    fn client(&self) -> Result<Client, FetchError> {
        let read = |file| std::fs::read(file).map_err(|error| FetchError::Later(error.to_string()));
        let authority = Certificate::from_pem(&read(&self.city.ca_file)?);
        let (certificate, key) = (
            read(&self.city.certificate_file)?,
            read(&self.city.key_file)?,
        );
        let identity = Identity::from_pkcs8_pem(&certificate, &key);
        let builder = Client::builder()
            .https_only(true)
            .redirect(Policy::none())
            .tls_certs_only([authority.map_err(|error| later(&error))?])
            .identity(identity.map_err(|error| later(&error))?)
            .connect_timeout(CONNECT_MAX)
            .read_timeout(SILENCE_MAX);
        let builder = match &self.city.proxy {
            None => builder.no_proxy(),
            Some(proxy) => {
                let address = format!("http://{}:{}", proxy.host, proxy.port);
                let through = reqwest::Proxy::all(address).map_err(|error| later(&error))?;
                builder.proxy(match &proxy.login {
                    None => through,
                    Some((user, password)) => through.basic_auth(user, password),
                })
            }
        };
        builder.build().map_err(|error| later(&error))
    }
}

fn later(error: &reqwest::Error) -> FetchError {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    FetchError::Later(text)
}
