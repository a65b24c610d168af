//! Who asks: the signed-in account of a request, and the cookie that carries it.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{ACCEPT, HeaderValue, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use tokio::time::Instant;

use crate::error::WebError;
use crate::guard::session::Token;
use crate::state::WebState;

/// The `__Host-` prefix makes a browser refuse the cookie from anyone but this host over HTTPS;
/// it cannot be used where the screen is plain HTTP on loopback.
fn cookie_name(state: &WebState) -> &'static str {
    if state.settings().secure_cookies {
        "__Host-menwei"
    } else {
        "menwei"
    }
}

/// A request with a live session.
#[derive(Clone)]
pub(crate) struct SignedIn {
    pub(crate) account: String,
    pub(crate) token: Token,
}

impl SignedIn {
    /// The session of a request, or `None`.
    pub(crate) fn of(state: &WebState, headers: &HeaderMap, touch: bool) -> Option<Self> {
        let token = Token::of_request(headers, cookie_name(state))?;
        let account = state.sessions().account(&token, Instant::now(), touch)?;
        Some(Self { account, token })
    }
}

impl FromRequestParts<WebState> for SignedIn {
    type Rejection = Response;

    /// A page that refreshes itself (`?auto=1`, the live stream) does not keep a session alive.
    async fn from_request_parts(
        parts: &mut Parts,
        state: &WebState,
    ) -> Result<Self, Self::Rejection> {
        let by_itself = parts.uri.path() == "/events" || parts.uri.query() == Some("auto=1");
        if let Some(signed_in) = Self::of(state, &parts.headers, !by_itself) {
            return Ok(signed_in);
        }
        let accept = parts
            .headers
            .get(ACCEPT)
            .and_then(|value| value.to_str().ok());
        if !accept.is_some_and(|accept| accept.contains("text/html")) {
            return Err((StatusCode::UNAUTHORIZED, "请先登录\n").into_response());
        }
        match entrance(state).await {
            Ok(address) => Err(Redirect::to(address).into_response()),
            Err(error) => Err(error.into_response()),
        }
    }
}

/// Where a stranger is sent: the claim page until somebody can sign in.
async fn entrance(state: &WebState) -> Result<&'static str, WebError> {
    let step = "look for accounts";
    let claimed = state
        .accounts()
        .has_account()
        .await
        .map_err(WebError::source(step))?;
    Ok(if claimed { "/login" } else { "/claim" })
}

/// Opens a session for `account` and sends the browser to 今日.
pub(crate) fn sign_in(state: &WebState, account: &str) -> Result<Response, WebError> {
    let token = Token::random()?;
    state.sessions().begin(&token, account, Instant::now());
    let mut answer = Redirect::to("/").into_response();
    set_cookie(state, &mut answer, token.reveal(), "");
    Ok(answer)
}

/// Takes the cookie away and sends the browser to `address`.
pub(crate) fn sign_out(state: &WebState, address: &'static str) -> Response {
    let mut answer = Redirect::to(address).into_response();
    set_cookie(state, &mut answer, "", "; Max-Age=0");
    answer
}

fn set_cookie(state: &WebState, answer: &mut Response, value: &str, more: &str) {
    let secure = if state.settings().secure_cookies {
        "; Secure"
    } else {
        ""
    };
    let name = cookie_name(state);
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{more}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// The address a request came from, for counting failures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl FromRequestParts<WebState> for Peer {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &WebState) -> Result<Self, StatusCode> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        peer.map(|peer| Self(peer.0.ip()))
            .ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
