//! The one question to the city.

use std::time::Duration;

use openssl::x509::X509;
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::json;
use sync_mqtt::Credentials;
use sync_wire::down::VerifyingKey;

use crate::app::office_runtime;
use crate::clock;
use crate::error::DaemonError;
use crate::https::{Https, believed, causes};

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
    (code, csr, device_key): (&str, String, &VerifyingKey),
) -> Result<Vec<u8>, DaemonError> {
    let device_key = device_key.to_hex();
    let body = json!({ "code": code, "csr": csr, "device_key": device_key }).to_string();
    let url = url
        .join("/claim")
        .map_err(|_| DaemonError::Refused("--city 的地址无法使用".to_owned()))?;
    office_runtime()?.block_on(async {
        let time = believed(clock::without_a_ledger());
        let tls = (Credentials::trusting(authority.clone()), time);
        let builder = Client::builder().timeout(ANSWER_MAX);
        let opened = Https::open(&url, tls, None, builder).await;
        let mut https = opened.map_err(|error| unreached(&causes(&error)))?;
        let request = https.client.post(https.url.clone());
        let request = request.header("content-type", "application/json");
        let mut answer = match request.body(body).send().await {
            Ok(answer) => answer,
            Err(error) => return Err(unreached(&https.why(&error).await)),
        };
        let is_good = answer.status().is_success();
        let mut bytes = Vec::new();
        let broken = |error: reqwest::Error| unreached(&causes(&error));
        while let Some(piece) = answer.chunk().await.map_err(broken)? {
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

fn unreached(detail: &str) -> DaemonError {
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
