//! Where a box without a certificate gets one, for a code.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use serde::Serialize;

use super::door::Guest;
use super::parts::body_of;
use super::refusal::Refusal;
use super::rosters::in_background;
use crate::claims::{self, Granted, Request};
use crate::clock;
use crate::error::CityError;
use crate::pki;

/// Largest request, bytes: a code and a request for a certificate.
const REQUEST_BYTES_MAX: usize = 8 * 1024;
/// Tries from one address in [`WINDOW_MS`].
const TRIES_MAX: u32 = 20;
const WINDOW_MS: i64 = 600_000;
/// Addresses that are remembered; while there are so many, new ones must wait.
const ADDRESSES_MAX: usize = 4_096;

/// What every box is told with its certificate.
#[derive(Debug)]
pub(crate) struct Desk {
    dir: PathBuf,
    authority: String,
    seal_key: String,
    signing_key: String,
    broker: Option<String>,
    tries: Mutex<Tries>,
}

impl Desk {
    /// With the public keys of the city's folder.
    pub(crate) fn open(dir: &Path, broker: Option<String>) -> Result<Self, CityError> {
        Ok(Self {
            dir: dir.to_owned(),
            authority: pki::read_text(&dir.join(pki::CA_CERT))?,
            seal_key: pki::read_text(&dir.join(pki::SEAL_PUB))?.trim().to_owned(),
            signing_key: pki::signing_public(dir)?,
            broker,
            tries: Mutex::default(),
        })
    }
}

/// The answer to a claim.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
struct Welcome {
    v: u32,
    #[serde(flatten)]
    granted: Granted,
    authority: String,
    seal_key: String,
    signing_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    broker: Option<String>,
}

/// The one thing that can be done without a certificate.
pub(crate) fn desk(desk: Desk) -> Router {
    Router::new()
        .route("/claim", post(claim))
        .with_state(Arc::new(desk))
        .fallback(async || Refusal::NotThere)
}

async fn claim(
    State(desk): State<Arc<Desk>>,
    Extension(guest): Extension<Guest>,
    body: Body,
) -> Result<Response, Refusal> {
    let body = body_of(body, REQUEST_BYTES_MAX).await?;
    let now = clock::now_ms();
    let may_try = {
        let mut tries = desk.tries.lock().unwrap_or_else(PoisonError::into_inner);
        tries.one_more(guest.from, now)
    };
    if !may_try {
        return Err(Refusal::TooOften);
    }
    let request: Request = serde_json::from_slice(&body).map_err(|_| Refusal::Unreadable)?;
    let dir = desk.dir.clone();
    let done = in_background(move || claims::redeem(&dir, &request, now)).await?;
    let granted = match done.map_err(|error| Refusal::own(&error))? {
        Ok(granted) => granted,
        Err(denied) => {
            tracing::warn!(from = %guest.from, why = ?denied, "A claim was denied");
            return Err(Refusal::Claim(denied));
        }
    };
    tracing::info!(from = %guest.from, id = %granted.r#box, "A box claimed its certificate");
    let welcome = Welcome {
        v: sync_wire::VERSION,
        granted,
        authority: desk.authority.clone(),
        seal_key: desk.seal_key.clone(),
        signing_key: desk.signing_key.clone(),
        broker: desk.broker.clone(),
    };
    Ok(Json(welcome).into_response())
}

/// How often each address tried, since when.
#[derive(Debug, Default)]
struct Tries {
    by: BTreeMap<IpAddr, (i64, u32)>,
}

impl Tries {
    /// Counts a try; whether it may go on.
    fn one_more(&mut self, from: IpAddr, now: i64) -> bool {
        let from = network(from);
        let is_over = |since: i64| !(0..WINDOW_MS).contains(&now.saturating_sub(since));
        if !self.by.contains_key(&from) && self.by.len() >= ADDRESSES_MAX {
            self.by.retain(|_, (since, _)| !is_over(*since));
            if self.by.len() >= ADDRESSES_MAX {
                return false;
            }
        }
        let (since, count) = self.by.entry(from).or_insert((now, 0));
        if is_over(*since) {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= TRIES_MAX
    }
}

/// Who has one address of IPv6 has 2^64 of them.
fn network(from: IpAddr) -> IpAddr {
    match from {
        IpAddr::V4(_) => from,
        IpAddr::V6(six) => {
            let upper = six.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(upper))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked examples of the protocol, byte for byte.
    #[tokio::test]
    async fn answers_look_as_the_protocol_shows_them() {
        let sample = include_str!("../../../wire/samples/claim-answer.json");
        let welcome: Welcome = serde_json::from_str(sample).unwrap();
        assert_eq!(serde_json::to_string(&welcome).unwrap() + "\n", sample);
        let refused = Refusal::Claim(claims::Denied::Used).into_response();
        let bytes = axum::body::to_bytes(refused.into_body(), 1_000)
            .await
            .unwrap();
        let sample = include_str!("../../../wire/samples/claim-refused.json");
        assert_eq!(String::from_utf8(bytes.to_vec()).unwrap() + "\n", sample);
    }

    #[test]
    fn who_guesses_waits_and_nobody_else() {
        let mut tries = Tries::default();
        let guesser: IpAddr = "2001:db8::1".parse().unwrap();
        let beside: IpAddr = "2001:db8::ffff".parse().unwrap();
        let other: IpAddr = "192.0.2.7".parse().unwrap();
        for _ in 0..TRIES_MAX {
            assert!(tries.one_more(guesser, 5_000));
        }
        assert!(!tries.one_more(guesser, 5_001));
        assert!(!tries.one_more(beside, 5_002), "the same network");
        assert!(tries.one_more(other, 5_002));
        assert!(!tries.one_more(guesser, 5_000 + WINDOW_MS - 1));
        assert!(tries.one_more(guesser, 5_000 + WINDOW_MS));
        // A clock that was set back shuts nobody out.
        assert!(tries.one_more(guesser, 1));
        for number in 0..u32::try_from(ADDRESSES_MAX).unwrap() {
            tries.one_more(IpAddr::V4(number.into()), 2);
        }
        assert!(!tries.one_more("198.51.100.1".parse().unwrap(), 3));
        assert!(tries.one_more("198.51.100.1".parse().unwrap(), 3 + WINDOW_MS));
        assert!(tries.by.len() <= ADDRESSES_MAX);
    }
}
