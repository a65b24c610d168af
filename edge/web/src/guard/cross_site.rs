//! Refuses requests that another site made a browser send.

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method, Request};

/// Whether a request may change something here.
///
/// Reading is always allowed. A writing request must prove that its page came from this box:
/// by `Sec-Fetch-Site: same-origin`, or where a browser does not send that (plain HTTP on a LAN
/// address, old browsers) by an `Origin` whose host is the `Host` that was asked.
pub(crate) fn may_write<B>(request: &Request<B>) -> bool {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return true;
    }
    let headers = request.headers();
    match text(headers, "sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => origin_is_host(headers),
    }
}

fn origin_is_host(headers: &HeaderMap) -> bool {
    let (Some(origin), Some(host)) = (text(headers, ORIGIN.as_str()), text(headers, HOST.as_str()))
    else {
        return false;
    };
    let authority = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::may_write;

    fn verdict(method: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method).uri("/login");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        may_write(&request.body(()).unwrap())
    }

    #[test]
    fn writing_needs_proof_of_the_same_origin() {
        let host = ("host", "menwei.local:8080");
        for (headers, expected) in [
            (vec![host], false),
            (vec![host, ("sec-fetch-site", "same-origin")], true),
            (vec![host, ("sec-fetch-site", "cross-site")], false),
            (vec![host, ("sec-fetch-site", "same-site")], false),
            (vec![host, ("sec-fetch-site", "none")], false),
            (vec![host, ("origin", "http://menwei.local:8080")], true),
            (vec![host, ("origin", "https://menwei.local:8080")], true),
            (vec![host, ("origin", "http://menwei.local")], false),
            (vec![host, ("origin", "http://evil.example")], false),
            (vec![host, ("origin", "null")], false),
            (
                vec![
                    host,
                    ("origin", "http://menwei.local:8080"),
                    ("sec-fetch-site", "cross-site"),
                ],
                false,
            ),
        ] {
            assert_eq!(verdict("POST", &headers), expected, "{headers:?}");
            assert_eq!(verdict("DELETE", &headers), expected, "{headers:?}");
            assert!(verdict("GET", &headers));
        }
    }
}
