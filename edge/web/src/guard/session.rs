//! Signed-in browsers: random tokens in a cookie, their digests in memory, gone after a restart.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::error::WebError;
use crate::guard::duty::Duty;

/// A session that nobody used for this long is over.
pub(crate) const IDLE_MAX: Duration = Duration::from_mins(30);
/// A session is over after this time however busy it was: one long working day.
const AGE_MAX: Duration = Duration::from_hours(16);
/// Sessions at once; beyond it the one idle longest is ended.
const SESSIONS_MAX: usize = 64;
const TOKEN_BYTES: usize = 32;

/// The secret of one session. Shown only to its browser.
#[derive(Clone)]
pub(crate) struct Token(String);

impl Token {
    /// A fresh random token.
    pub(crate) fn random() -> Result<Self, WebError> {
        let mut bytes = [0_u8; TOKEN_BYTES];
        getrandom::fill(&mut bytes).map_err(WebError::Random)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The token that a request carries, if any. Its value is not checked here.
    pub(crate) fn of_request(headers: &HeaderMap, cookie_name: &str) -> Option<Self> {
        headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == cookie_name)
            .map(|(_, value)| Self(value.to_owned()))
    }

    /// The value for `Set-Cookie`.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    fn digest(&self) -> TokenDigest {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

/// Only digests are kept, so that looking one up tells nothing about the others by its timing.
type TokenDigest = [u8; 32];

/// Whose session it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Sign-in name.
    pub(crate) name: String,
    /// What the account may do.
    pub(crate) duty: Duty,
    /// From when on the account opens nothing any more, Unix milliseconds.
    pub(crate) ends_at_ms: Option<i64>,
}

#[derive(Debug)]
struct Session {
    holder: Holder,
    began: Instant,
    used: Instant,
}

impl Session {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.used) >= IDLE_MAX
            || now.saturating_duration_since(self.began) >= AGE_MAX
    }
}

/// All sessions of the box.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    open: BTreeMap<TokenDigest, Session>,
}

impl Sessions {
    /// Opens a session for `holder` under `token`.
    pub(crate) fn begin(&mut self, token: &Token, holder: Holder, now: Instant) {
        self.open.retain(|_, session| !session.is_over(now));
        while self.open.len() >= SESSIONS_MAX {
            let idlest = self.open.iter().min_by_key(|(_, session)| session.used);
            let Some(digest) = idlest.map(|(digest, _)| *digest) else {
                break;
            };
            self.open.remove(&digest);
        }
        let session = Session {
            holder,
            began: now,
            used: now,
        };
        self.open.insert(token.digest(), session);
    }

    /// Whose a live session is. A person's own request keeps it alive; a page that refreshes
    /// itself only looks.
    pub(crate) fn holder(&mut self, token: &Token, now: Instant, touch: bool) -> Option<Holder> {
        let digest = token.digest();
        let session = self.open.get_mut(&digest)?;
        if session.is_over(now) {
            self.open.remove(&digest);
            return None;
        }
        if touch {
            session.used = now;
        }
        Some(session.holder.clone())
    }

    /// Ends one session.
    pub(crate) fn end(&mut self, token: &Token) {
        self.open.remove(&token.digest());
    }

    /// Ends every session of an account: its password changed, or it is no more.
    pub(crate) fn end_all_of(&mut self, account: &str) {
        self.open
            .retain(|_, session| session.holder.name != account);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{AGE_MAX, Duty, Holder, IDLE_MAX, SESSIONS_MAX, Sessions, Token};

    fn clerk(name: &str) -> Holder {
        Holder {
            name: name.to_owned(),
            duty: Duty::Clerk,
            ends_at_ms: None,
        }
    }

    #[test]
    fn an_idle_session_ends() {
        let (mut sessions, token, start) = (
            Sessions::default(),
            Token::random().unwrap(),
            Instant::now(),
        );
        sessions.begin(&token, clerk("王工"), start);
        let almost = start + IDLE_MAX.saturating_sub(Duration::from_secs(1));
        assert_eq!(sessions.holder(&token, almost, false), Some(clerk("王工")));
        assert_eq!(sessions.holder(&token, start + IDLE_MAX, true), None);
        assert_eq!(
            sessions.holder(&token, start, true),
            None,
            "an ended session stays ended"
        );
    }

    #[test]
    fn use_prolongs_a_session_but_not_beyond_a_day() {
        let (mut sessions, token, start) = (
            Sessions::default(),
            Token::random().unwrap(),
            Instant::now(),
        );
        sessions.begin(&token, clerk("王工"), start);
        let mut now = start;
        while now < start + AGE_MAX {
            assert!(sessions.holder(&token, now, true).is_some());
            now += IDLE_MAX / 2;
        }
        assert_eq!(sessions.holder(&token, now, true), None);
    }

    #[test]
    fn a_password_change_ends_all_sessions_of_that_account_only() {
        let (mut sessions, start) = (Sessions::default(), Instant::now());
        let tokens = [(); 3].map(|()| Token::random().unwrap());
        for (token, account) in tokens.iter().zip(["王工", "王工", "李工"]) {
            sessions.begin(token, clerk(account), start);
        }
        sessions.end_all_of("王工");
        let alive = tokens.map(|token| sessions.holder(&token, start, true).is_some());
        assert_eq!(alive, [false, false, true]);
    }

    #[test]
    fn the_number_of_sessions_is_bounded() {
        let (mut sessions, start) = (Sessions::default(), Instant::now());
        for second in 0..200 {
            let at = start + Duration::from_secs(second);
            sessions.begin(&Token::random().unwrap(), clerk("王工"), at);
        }
        assert_eq!(sessions.open.len(), SESSIONS_MAX);
    }
}
