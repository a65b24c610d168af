//! The embedded style sheet, script and icon, each under an address that changes with its bytes.

use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
    digest: OnceLock<String>,
}

static ASSETS: [Asset; 15] = [
    Asset {
        name: "app.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/app.css"),
        digest: OnceLock::new(),
    },
    Asset {
        name: "live.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/live.js"),
        digest: OnceLock::new(),
    },
    Asset {
        name: "print.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/print.css"),
        digest: OnceLock::new(),
    },
    Asset {
        name: "list.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/list.css"),
        digest: OnceLock::new(),
    },
    Asset {
        name: "slip.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/slip.css"),
        digest: OnceLock::new(),
    },
    Asset {
        name: "people.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/people.js"),
        digest: OnceLock::new(),
    },
    Asset {
        name: "desk.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/desk.js"),
        digest: OnceLock::new(),
    },
    Asset {
        name: "rollcall.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/rollcall.js"),
        digest: OnceLock::new(),
    },
    Asset {
        name: "preview.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/preview.js"),
        digest: OnceLock::new(),
    },
    Asset {
        name: "import.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/import.js"),
        digest: OnceLock::new(),
    },
    Asset {
        name: "kiosk.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/kiosk.css"),
        digest: OnceLock::new(),
    },
    Asset {
        name: "kiosk.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/kiosk.js"),
        digest: OnceLock::new(),
    },
    Asset {
        name: "gate.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/gate.js"),
        digest: OnceLock::new(),
    },
    Asset {
        name: "mine.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/mine.js"),
        digest: OnceLock::new(),
    },
    Asset {
        name: "icon.svg",
        kind: "image/svg+xml",
        bytes: include_bytes!("../assets/icon.svg"),
        digest: OnceLock::new(),
    },
];

impl Asset {
    fn digest(&self) -> &str {
        self.digest.get_or_init(|| {
            let digest = Sha256::digest(self.bytes);
            URL_SAFE_NO_PAD.encode(digest).chars().take(12).collect()
        })
    }
}

/// The address of an asset, with its digest, so that a browser may keep it for good.
pub(crate) fn address(name: &'static str) -> String {
    ASSETS.iter().find(|asset| asset.name == name).map_or_else(
        || format!("/assets/{name}"),
        |asset| format!("/assets/{name}?v={}", asset.digest()),
    )
}

/// `GET /assets/{name}`: needs no session, holds nothing of the site.
pub(crate) async fn get(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let etag = format!("\"{}\"", asset.digest());
    let known = headers
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let keep = [
        (ETAG, etag.clone()),
        (
            CACHE_CONTROL,
            "public, max-age=31536000, immutable".to_owned(),
        ),
        (CONTENT_TYPE, asset.kind.to_owned()),
    ];
    if known == Some(etag.as_str()) {
        return (StatusCode::NOT_MODIFIED, keep).into_response();
    }
    (keep, asset.bytes).into_response()
}
