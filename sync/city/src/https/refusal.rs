//! Why a request is refused, for a program and for a person.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::claims::Denied;
use crate::error::CityError;

/// A refusal. Its code and its sentence stand in `sync/PROTOCOL.md`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    NoCertificate,
    OtherBox,
    NotThere,
    BadName,
    TooLarge,
    NoJpeg,
    WrongDigest,
    TooSlow,
    BrokenOff,
    Full,
    NotStored,
    Unreadable,
    TooOften,
    Claim(Denied),
}

impl Refusal {
    /// Status, code, and what a person reads.
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::NoCertificate => (
                StatusCode::FORBIDDEN,
                "no_certificate",
                "没有出示本平台签发的盒子证书，请核对证书后重试",
            ),
            Self::OtherBox => (
                StatusCode::FORBIDDEN,
                "other_box",
                "这个文件是给另一台盒子的，请核对盒子编号",
            ),
            Self::NotThere => (
                StatusCode::NOT_FOUND,
                "not_there",
                "平台没有这个文件，请核对地址",
            ),
            Self::BadName => (
                StatusCode::BAD_REQUEST,
                "bad_name",
                "照片的名称应为其内容的 SHA-256，64 个小写十六进制字符",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "照片超过 50 KB，没有收下，请压缩后再传",
            ),
            Self::NoJpeg => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "no_jpeg",
                "内容不是完整的 JPEG 照片，没有收下",
            ),
            Self::WrongDigest => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "wrong_digest",
                "照片内容与名称中的 SHA-256 不符，没有收下，请重传",
            ),
            Self::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "too_slow",
                "内容在时限内没有传完，请检查网络后重传",
            ),
            Self::BrokenOff => (
                StatusCode::BAD_REQUEST,
                "broken_off",
                "内容传到一半断开，没有收下，请重传",
            ),
            Self::Full => (
                StatusCode::INSUFFICIENT_STORAGE,
                "full",
                "这台盒子的照片已达上限，没有收下，请联系平台",
            ),
            Self::Unreadable => (
                StatusCode::BAD_REQUEST,
                "unreadable",
                "开通请求无法识别，请升级盒子程序后重试",
            ),
            Self::TooOften => (
                StatusCode::TOO_MANY_REQUESTS,
                "too_often",
                "从这个网络试得太频繁，请 10 分钟后再试",
            ),
            Self::Claim(denied) => of_claim(denied),
            Self::NotStored => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "not_stored",
                "平台暂时无法读写文件，请稍后重试",
            ),
        }
    }

    /// A fault of the city's own, told in its log.
    pub(crate) fn own(error: &CityError) -> Self {
        tracing::error!(
            error = error.chain(),
            "A file could not be served or stored"
        );
        Self::NotStored
    }
}

fn of_claim(denied: Denied) -> (StatusCode, &'static str, &'static str) {
    match denied {
        Denied::WrongCode => (
            StatusCode::FORBIDDEN,
            "wrong_code",
            "开通码不对，请核对后重输；平台给同一盒子发过新码的，只有新码有效",
        ),
        Denied::Expired => (
            StatusCode::FORBIDDEN,
            "code_expired",
            "开通码已过期，请向平台要一个新的",
        ),
        Denied::Used => (
            StatusCode::FORBIDDEN,
            "code_used",
            "开通码已被另一台设备用过，请联系平台核实，并要一个新的",
        ),
        Denied::Void => (
            StatusCode::FORBIDDEN,
            "code_void",
            "开通码输错次数过多，已作废，请向平台要一个新的",
        ),
        Denied::BadRequest => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad_request",
            "证书申请不对：应为 P-256 密钥并由该密钥签名，请升级盒子程序后重试",
        ),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, message) = self.parts();
        (status, Json(json!({ "code": code, "message": message }))).into_response()
    }
}
