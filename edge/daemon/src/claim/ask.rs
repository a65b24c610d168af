//! The one question to the city.

use std::time::Duration;

use openssl::x509::X509;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Url};
use serde::Deserialize;
use serde_json::json;

use super::key::failed;
use crate::app::office_runtime;
use crate::error::DaemonError;

const CONNECT_MAX: Duration = Duration::from_secs(20);
/// Longest wait for the whole answer.
const ANSWER_MAX: Duration = Duration::from_mins(1);
/// Largest answer, bytes: two certificates and a few keys.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Why the city refuses.
#[derive(Debug, Deserialize)]
struct Refusal {
    code: String,
    message: String,
}

/// Reads `https://host:port`.
pub(super) fn address(text: &str) -> Result<Url, DaemonError> {
    let url = Url::parse(text).ok();
    url.filter(|url| url.scheme() == "https" && url.host_str().is_some())
        .ok_or_else(|| {
            DaemonError::Refused(format!(
                "--city {text} 不是 https://主机名:端口，请照平台给的地址填写"
            ))
        })
}

/// Sends code and request; the answer's bytes.
pub(super) fn ask(
    url: &Url,
    authority: &X509,
    (code, csr): (&str, String),
) -> Result<Vec<u8>, DaemonError> {
    let pem = authority.to_pem().map_err(failed)?;
    let body = json!({ "code": code, "csr": csr }).to_string();
    let url = url
        .join("/claim")
        .map_err(|_| DaemonError::Refused("--city 的地址无法使用".to_owned()))?;
    office_runtime()?.block_on(async {
        let authority = Certificate::from_pem(&pem).map_err(|error| unreached(&error))?;
        let client = Client::builder()
            .https_only(true)
            .redirect(Policy::none())
            .no_proxy()
            .tls_certs_only([authority])
            .connect_timeout(CONNECT_MAX)
            .timeout(ANSWER_MAX)
            .build()
            .map_err(|error| unreached(&error))?;
        let request = client.post(url).header("content-type", "application/json");
        let sent = request.body(body).send().await;
        let mut answer = sent.map_err(|error| unreached(&error))?;
        let is_good = answer.status().is_success();
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| unreached(&error))? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > ANSWER_BYTES_MAX {
                return Err(strange());
            }
        }
        if is_good {
            return Ok(bytes);
        }
        let refusal: Refusal = serde_json::from_slice(&bytes).map_err(|_| strange())?;
        let (code, message) = (refusal.code, refusal.message);
        Err(DaemonError::Refused(format!(
            "平台没有发证书：{message}（{code}）"
        )))
    })
}

/// An answer that no city gives.
pub(super) fn strange() -> DaemonError {
    DaemonError::Refused("平台的答复无法识别，可能连错了地址或端口，请核对 --city".to_owned())
}

fn unreached(error: &reqwest::Error) -> DaemonError {
    let mut detail = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        detail = format!("{detail}: {cause}");
        source = cause.source();
    }
    let says = |words: &[&str]| words.iter().any(|word| detail.contains(word));
    let why = if says(&["ostname mismatch", "IP address mismatch"]) {
        "平台证书与 --city 的地址不符，请核对地址"
    } else if says(&["has expired", "not yet valid"]) {
        "平台证书不在有效期内，请先核对本机时间，再联系平台"
    } else if says(&["certificate"]) {
        "平台证书不是由给定的 CA 签发，可能连错了地址，请核对 CA 文件或指纹"
    } else {
        "连不上平台，请检查网络，并核对 --city 的地址和端口；开通码没有作废，可以再试"
    };
    DaemonError::Refused(format!("{why}\n  技术细节：{detail}"))
}
