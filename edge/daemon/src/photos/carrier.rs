//! HTTPS with the certificate that the box has for its city: asks for a photo, brings a photo.
//!
//! The protocol has no part of a photo: at most 50 KiB, whole, named by its digest. So one that broke
//! off begins anew, and again is as good as once.

use std::time::Duration;

use reqwest::{Client, Method, Request, StatusCode, Url};
use sync_mqtt::{Believed, Credentials};

use crate::config::CityConfig;
use crate::https::{Https, causes};
use crate::photos::queue::{End, Errand};

/// Longest time of a request: the city gives a body 30 s.
const REQUEST_MAX: Duration = Duration::from_secs(40);

/// HTTPS with the files of the settings, read anew for every attempt.
#[derive(Debug, Clone)]
pub(super) struct Carrier {
    city: CityConfig,
    address: (String, u16),
}

impl Carrier {
    /// To the city's address for photos; `None` where the settings name none.
    pub(super) fn new(city: &CityConfig) -> Option<Self> {
        Some(Self {
            address: city.photo_address.clone()?,
            city: city.clone(),
        })
    }

    /// Brings a photo, unless the city has it; certificates are judged by this time.
    pub(super) async fn carry(&self, errand: &Errand, photo: Vec<u8>, time: Believed) -> End {
        let name = &errand.photo.sha256;
        if errand.ask_first {
            match self.send((Method::HEAD, name), None, time).await {
                Ok(StatusCode::OK) => return End::There,
                Ok(StatusCode::NOT_FOUND) => {}
                Ok(status) => return answered(status),
                Err(end) => return end,
            }
        }
        match self.send((Method::PUT, name), Some(photo), time).await {
            Ok(status) => answered(status),
            Err(end) => end,
        }
    }

    async fn send(
        &self,
        (method, name): (Method, &str),
        photo: Option<Vec<u8>>,
        time: Believed,
    ) -> Result<StatusCode, End> {
        let (host, port) = &self.address;
        let url = Url::parse(&format!("https://{host}:{port}/photo/{name}"));
        let url = url.map_err(|error| unreached(&causes(&error)))?;
        let credentials = Credentials::read(&self.city.tls_files());
        let credentials = credentials.map_err(|error| unreached(&causes(&error)))?;
        let builder = Client::builder().timeout(REQUEST_MAX);
        let opened = Https::open(&url, (credentials, time), self.city.proxy.clone(), builder);
        let mut https = opened.await.map_err(|error| unreached(&causes(&error)))?;
        let mut request = Request::new(method, https.url.clone());
        *request.body_mut() = photo.map(Into::into);
        match https.client.execute(request).await {
            Ok(answer) => Ok(answer.status()),
            Err(error) => Err(unreached(&https.why(&error).await)),
        }
    }
}

/// No answer came; why, for the log.
fn unreached(why: &str) -> End {
    tracing::warn!(why, "A photo did not get to the city");
    End::Later(
        "连不上平台收照片的地址，稍后自动再传。请检查网络、证书和 city.photo_address".to_owned(),
    )
}

fn answered(status: StatusCode) -> End {
    if status.is_success() {
        return End::There;
    }
    tracing::warn!(%status, "The city does not take a photo");
    let later = |why: &str| End::Later(why.to_owned());
    match status.as_u16() {
        400 | 413 | 415 | 422 => End::Never(format!(
            "平台不收这张照片（答复 {status}），不再重传",
            status = status.as_u16()
        )),
        403 => later("平台不认本机的证书，请联系平台核实；稍后自动再传"),
        404 => later("这个地址不收照片，请核对 city.photo_address；稍后自动再传"),
        507 => later("本机在平台的照片已经存满，请联系平台；稍后自动再传"),
        code => End::Later(format!("平台没有收下（答复 {code}），稍后自动再传")),
    }
}
