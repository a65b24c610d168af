//! Who asks: the signed-in account of a request, and the cookie that carries it.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{ACCEPT, HeaderValue, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use tokio::time::Instant;

use super::error_page;
use crate::error::WebError;
use crate::guard::session::{Holder, Token};
use crate::source::Account;
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
    pub(crate) account: Holder,
    pub(crate) token: Token,
}

impl SignedIn {
    /// The session of a request, or `None`.
    pub(crate) fn of(state: &WebState, headers: &HeaderMap, touch: bool) -> Option<Self> {
        let token = Token::of_request(headers, cookie_name(state))?;
        let account = state.holder(&token, touch)?;
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
            let duty = signed_in.account.duty;
            if duty.may(&parts.method, parts.uri.path()) {
                return Ok(signed_in);
            }
            tracing::info!(duty = duty.code(), "A page was refused to an account");
            return Err(error_page::not_for(duty));
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

/// Which codes are good at the door now.
pub(crate) struct Codes {
    /// Somebody can sign in already.
    pub(crate) claimed: bool,
    /// Hash of the box's own code.
    pub(crate) of_box: Option<String>,
    /// An account waits for its person to set a password.
    pub(crate) of_accounts: bool,
}

impl Codes {
    /// Whether any is good.
    pub(crate) fn open(&self) -> bool {
        self.of_box.is_some() || self.of_accounts
    }
}

/// Looks for codes.
pub(crate) async fn codes(state: &WebState) -> Result<Codes, WebError> {
    let step = "look for accounts";
    let accounts = state.accounts().accounts().await;
    let accounts = accounts.map_err(WebError::source(step))?;
    let of_box = state.accounts().claim_code_hash().await;
    let now_ms = state.now_ms();
    Ok(Codes {
        claimed: !accounts.is_empty(),
        of_box: of_box.map_err(WebError::source(step))?,
        of_accounts: accounts
            .iter()
            .any(|one| one.code_hash_at(now_ms).is_some()),
    })
}

/// Where a stranger is sent: the claim page until somebody can sign in.
async fn entrance(state: &WebState) -> Result<&'static str, WebError> {
    Ok(if codes(state).await?.claimed {
        "/login"
    } else {
        "/claim"
    })
}

/// Opens a session for `account` and sends the browser to 今日.
pub(crate) fn sign_in(state: &WebState, account: &Account) -> Result<Response, WebError> {
    let token = Token::random()?;
    let holder = Holder {
        name: account.name.clone(),
        duty: account.duty,
        ends_at_ms: account.ends_at_ms,
    };
    state.sessions().begin(&token, holder, Instant::now());
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
