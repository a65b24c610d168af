//! Fetches a roster file over HTTPS, with the certificate that the box has for its city.

use std::time::Duration;

use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Client, Url};
use sync_mqtt::{Believed, Credentials};

use crate::config::CityConfig;
use crate::downlink::transfer::{FetchError, Head, Transfer};
use crate::https::{Https, causes};

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

    /// Receives what is missing; certificates are judged by this time. Dropping it between two
    /// pieces loses nothing.
    pub(super) async fn fetch(
        &self,
        transfer: &mut Transfer,
        time: Believed,
    ) -> Result<(), FetchError> {
        let mut https = self.open(transfer.url(), time).await?;
        let mut request = https.client.get(https.url.clone());
        if transfer.received() > 0 {
            request = request.header(RANGE, format!("bytes={}-", transfer.received()));
        }
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Err(FetchError::Later(https.why(&error).await)),
        };
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

    async fn open(&self, url: &str, time: Believed) -> Result<Https, FetchError> {
        let url = Url::parse(url).map_err(|error| later(&error))?;
        let credentials =
            Credentials::read(&self.city.tls_files()).map_err(|error| later(&error))?;
        let builder = Client::builder().read_timeout(SILENCE_MAX);
        let opened = Https::open(&url, (credentials, time), self.city.proxy.clone(), builder);
        opened.await.map_err(|error| later(&error))
    }
}

fn later(error: &dyn std::error::Error) -> FetchError {
    FetchError::Later(causes(error))
}
