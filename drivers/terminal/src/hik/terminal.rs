//! Hikvision terminals: requests with digest authentication, and the stream of their events.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use digest_auth::{AuthContext, HttpMethod, WwwAuthenticateHeader};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::Value;

use super::bytes::{self, FaceForm, Request};
use crate::error::TerminalFault;
use crate::event::Report;
use crate::library::{LibraryPerson, Step, Stepped};
use crate::line::{FaceTerminal, Facts, Heard};
use crate::parts::{Parts, boundary};
use crate::settings::{Local, Login};

/// Longest wait for an answer: storing a face takes a terminal a second or two.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Longest wait for a connection.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// Pages of a list or of history read at most.
const PAGES_MAX: usize = 400;
/// Longest answer.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One terminal.
pub(crate) struct Hikvision {
    door: Rc<Door>,
    stream: Option<(Response, Parts)>,
    wall_ms: Rc<dyn Fn() -> i64>,
}

/// Requests to one terminal.
struct Door {
    base: String,
    login: Login,
    http: Client,
    /// The terminal's last challenge, counted on.
    challenge: RefCell<Option<WwwAuthenticateHeader>>,
    /// How this firmware takes pictures.
    form: Cell<FaceForm>,
}

impl Hikvision {
    pub(crate) fn new(
        base: String,
        login: Login,
        wall_ms: Rc<dyn Fn() -> i64>,
    ) -> Result<Self, TerminalFault> {
        let http = Client::builder().no_proxy().connect_timeout(CONNECT_MAX);
        let http = http.build().map_err(|error| broken(&error))?;
        Ok(Self {
            door: Rc::new(Door {
                base,
                login,
                http,
                challenge: RefCell::default(),
                form: Cell::new(FaceForm::FaceImage),
            }),
            stream: None,
            wall_ms,
        })
    }
}

impl FaceTerminal for Hikvision {
    const SILENCE_MS: u64 = 60_000;

    async fn open(&mut self) -> Result<Facts, TerminalFault> {
        self.stream = None;
        let info = text(self.door.send(&bytes::device_info()).await?).await?;
        self.door.ask(&bytes::ask_the_box()).await?;
        let time = text(self.door.send(&bytes::time()).await?).await?;
        let stream = self.door.stream().await?;
        let kind = stream.headers().get(CONTENT_TYPE);
        let kind = kind
            .and_then(|value| value.to_str().ok())
            .and_then(boundary);
        let kind = kind.ok_or_else(|| {
            TerminalFault::NotUnderstood("the stream of events has no parts".to_owned())
        })?;
        self.stream = Some((stream, Parts::new(&kind)));
        Ok(Facts {
            serial: bytes::serial(&info),
            clock_ms: bytes::clock_ms(&time),
        })
    }

    async fn hear(&mut self) -> Result<Heard, TerminalFault> {
        let Some((stream, parts)) = &mut self.stream else {
            return Err(TerminalFault::NoLink("no stream".to_owned()));
        };
        loop {
            let part = parts
                .next()
                .map_err(|why| TerminalFault::NotUnderstood(why.to_owned()))?;
            if let Some(part) = part {
                if part.kind.starts_with("image/") {
                    continue;
                }
                let text = String::from_utf8_lossy(&part.body);
                // A part that nobody understands is a sign of life all the same.
                return Ok(bytes::heard(&text).unwrap_or(Heard::Alive(None)));
            }
            match stream.chunk().await.map_err(|error| broken(&error))? {
                Some(chunk) => parts.push(&chunk),
                None => return Ok(Heard::Gone),
            }
        }
    }

    fn answer(&self, seq: u64, opens: bool) -> Local<Result<(), TerminalFault>> {
        let door = Rc::clone(&self.door);
        Box::pin(async move { door.ask(&bytes::verdict(seq, opens)).await.map(drop) })
    }

    fn written(&self, _seq: u64) -> Local<Result<(), TerminalFault>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn history(&self, after: u64) -> Local<Result<Vec<Report>, TerminalFault>> {
        let (door, now_ms) = (Rc::clone(&self.door), (self.wall_ms)());
        Box::pin(async move {
            let mut reports = Vec::new();
            let mut from = 0;
            for _ in 0..PAGES_MAX {
                let answer = match door.ask(&bytes::history(after, from, now_ms)).await {
                    Ok(answer) => answer,
                    // Some models keep nothing, and say so.
                    Err(TerminalFault::Declined(why)) => {
                        tracing::info!(why, "The terminal gives no history");
                        return Ok(reports);
                    }
                    Err(fault) => return Err(fault),
                };
                let page = bytes::history_page(&answer);
                from += page.items.len();
                reports.extend(page.items.into_iter().flatten());
                if !page.more {
                    break;
                }
            }
            // Not every firmware keeps to the number that was asked for, or to its order.
            reports.retain(|one| one.seq > after);
            reports.sort_by_key(|one| one.seq);
            Ok(reports)
        })
    }

    fn library(
        &self,
        step: Step,
        picture: Local<Option<Vec<u8>>>,
    ) -> Local<Result<Stepped, TerminalFault>> {
        let door = Rc::clone(&self.door);
        Box::pin(async move {
            match step {
                Step::List => door.list().await.map(Stepped::Listed),
                Step::Remove(name) => {
                    door.ask(&bytes::remove_face(&name)).await?;
                    door.ask(&bytes::remove_person(&name)).await?;
                    Ok(Stepped::Done)
                }
                Step::Put(person) => match picture.await {
                    Some(picture) => door.put(&person, &picture).await,
                    None => Ok(Stepped::Failed),
                },
            }
        })
    }
}

impl Door {
    async fn list(&self) -> Result<BTreeSet<String>, TerminalFault> {
        let (mut found, mut from) = (BTreeSet::new(), 0);
        for _ in 0..PAGES_MAX {
            let answer = self.ask(&bytes::people(from)).await?;
            let page = bytes::people_page(&answer, &mut found);
            from += page.items.len();
            if !page.more {
                break;
            }
        }
        Ok(found)
    }

    /// Puts a person and his face in, in the way that this firmware understands.
    async fn put(&self, person: &LibraryPerson, picture: &[u8]) -> Result<Stepped, TerminalFault> {
        self.ask(&bytes::put_person(person)).await?;
        let mut form = self.form.get();
        for _ in 0..3 {
            let request = bytes::put_face(form, person.number, picture);
            let next = match self.ask(&request).await {
                Ok(_) => return Ok(Stepped::Done),
                Err(TerminalFault::Declined(why)) => match (why.as_str(), form) {
                    ("deviceUserAlreadyExistFace", FaceForm::FaceImage | FaceForm::Img) => {
                        FaceForm::SetUp
                    }
                    ("badParameters" | "methodNotAllowed", FaceForm::FaceImage) => {
                        self.form.set(FaceForm::Img);
                        FaceForm::Img
                    }
                    ("deviceBusy", _) => return Ok(Stepped::Failed),
                    _ => return Ok(Stepped::Unusable(why)),
                },
                Err(fault) => return Err(fault),
            };
            form = next;
        }
        Ok(Stepped::Failed)
    }

    /// Asks, and gives the answer's JSON.
    async fn ask(&self, request: &Request) -> Result<Value, TerminalFault> {
        let answer = self.send(request).await?;
        let http = answer.status().as_u16();
        bytes::outcome(http, &text(answer).await?)
    }

    async fn send(&self, request: &Request) -> Result<Response, TerminalFault> {
        self.login(request, true).await
    }

    async fn stream(&self) -> Result<Response, TerminalFault> {
        let answer = self.login(&bytes::stream(), false).await?;
        if !answer.status().is_success() {
            let http = answer.status().as_u16();
            return Err(TerminalFault::Declined(format!("HTTP {http}")));
        }
        Ok(answer)
    }

    /// Sends with the last challenge; answers a new one once. A second refusal means the password.
    async fn login(&self, request: &Request, timed: bool) -> Result<Response, TerminalFault> {
        let mut sure = self.challenge.borrow().is_some();
        for _ in 0..3 {
            let answer = self.once(request, timed).await?;
            if answer.status() != StatusCode::UNAUTHORIZED {
                return Ok(answer);
            }
            let challenge = challenge(&answer);
            let stale = challenge.as_ref().is_some_and(|one| one.stale);
            let refused = self.challenge.borrow().is_some() && !stale && !sure;
            if refused {
                *self.challenge.borrow_mut() = None;
                let locked_s = bytes::locked_s(&text(answer).await?);
                return Err(TerminalFault::Refused { locked_s });
            }
            // The challenge of an earlier request may have run out without a word.
            sure = false;
            let Some(challenge) = challenge else {
                return Err(TerminalFault::NotUnderstood(
                    "it asks for a login, and not for digest".to_owned(),
                ));
            };
            *self.challenge.borrow_mut() = Some(challenge);
        }
        Err(TerminalFault::Refused { locked_s: None })
    }

    async fn once(&self, request: &Request, timed: bool) -> Result<Response, TerminalFault> {
        let method = Method::from_bytes(request.method.as_bytes());
        let method = method.map_err(|error| TerminalFault::NotUnderstood(error.to_string()))?;
        let url = format!("{}{}", self.base, request.path);
        let mut call = self.http.request(method, url);
        if timed {
            call = call.timeout(ANSWER_MAX);
        }
        if !request.kind.is_empty() {
            call = call
                .header(CONTENT_TYPE, &request.kind)
                .body(request.body.clone());
        }
        if let Some(header) = self.authorization(request)? {
            call = call.header(AUTHORIZATION, header);
        }
        let sent = tokio::time::timeout(ANSWER_MAX, call.send()).await;
        sent.map_err(|_| TerminalFault::NoLink("no answer".to_owned()))?
            .map_err(|error| broken(&error))
    }

    fn authorization(&self, request: &Request) -> Result<Option<String>, TerminalFault> {
        let mut challenge = self.challenge.borrow_mut();
        let Some(challenge) = challenge.as_mut() else {
            return Ok(None);
        };
        let context = AuthContext::new_with_method(
            &self.login.user,
            &self.login.password,
            &request.path,
            Some(&request.body),
            HttpMethod::from(request.method),
        );
        let answer = challenge.respond(&context);
        answer
            .map(|header| Some(header.to_header_string()))
            .map_err(|error| TerminalFault::NotUnderstood(error.to_string()))
    }
}

/// The digest challenge among those that are offered. A password never goes out in clear text, so
/// an offer of `Basic` is none.
fn challenge(answer: &Response) -> Option<WwwAuthenticateHeader> {
    let offers = answer.headers().get_all(WWW_AUTHENTICATE).iter();
    offers
        .filter_map(|value| value.to_str().ok())
        .filter(|offer| offer.to_ascii_lowercase().starts_with("digest"))
        .find_map(|offer| digest_auth::parse(offer).ok())
}

async fn text(mut answer: Response) -> Result<String, TerminalFault> {
    let mut bytes = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|error| broken(&error))? {
        bytes.extend_from_slice(&part);
        if bytes.len() > ANSWER_BYTES_MAX {
            return Err(TerminalFault::NotUnderstood("an endless answer".to_owned()));
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn broken(error: &reqwest::Error) -> TerminalFault {
    TerminalFault::NoLink(error.to_string())
}
