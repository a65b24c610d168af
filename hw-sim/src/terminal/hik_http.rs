//! What a Hikvision terminal answers over HTTP.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;
use serde_json::{Value, json};

use super::hik_state::{Event, Inner, Shared, time_text};
use super::login::{Guard, Verdict};

/// What a terminal gives at once, whatever it is asked for.
const PAGE: usize = 2;

/// A field of a request; `null` where it is missing.
fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    value.pointer(path).unwrap_or(&Value::Null)
}

/// Answers one request.
pub(super) async fn serve(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let verdict = {
        let mut inner = shared.inner();
        inner.requests += 1;
        let header = headers.get(AUTHORIZATION);
        let header = header.and_then(|value| value.to_str().ok());
        inner.guard.check(method.as_str(), header)
    };
    if verdict != Verdict::Good {
        return refuse(verdict);
    }
    match (method.as_str(), uri.path()) {
        ("GET", "/ISAPI/Event/notification/alertStream") => stream(&shared),
        ("GET", "/ISAPI/System/deviceInfo") => xml(
            "<DeviceInfo version=\"2.0\" xmlns=\"http://www.isapi.org/ver20/XMLSchema\">\
             <model>DS-K1T671M</model><serialNumber>DS-K1T671M20260101V030200CH1</serialNumber>\
             </DeviceInfo>"
                .to_owned(),
        ),
        ("GET", "/ISAPI/System/time") => {
            let now = time_text(shared.inner().now_ms());
            xml(format!(
                "<Time version=\"2.0\"><timeMode>manual</timeMode><localTime>{now}</localTime></Time>"
            ))
        }
        (_, path) => answer(&shared, path, &headers, &body),
    }
}

fn refuse(verdict: Verdict) -> Response {
    let status = match verdict {
        Verdict::Locked => "<lockStatus>lock</lockStatus><unlockTime>1800</unlockTime>",
        Verdict::Good | Verdict::Nobody | Verdict::Wrong => "<lockStatus>unlock</lockStatus>",
    };
    let body = format!("<userCheck><statusValue>401</statusValue>{status}</userCheck>");
    let head = [(WWW_AUTHENTICATE, Guard::challenge())];
    (StatusCode::UNAUTHORIZED, head, body).into_response()
}

fn xml(text: String) -> Response {
    ([(CONTENT_TYPE, "application/xml")], text).into_response()
}

fn stream(shared: &Shared) -> Response {
    let parts = unfold(shared.stream.subscribe(), |mut events| async move {
        let text = events.recv().await.ok()?;
        // Every event brings its picture in a part of its own.
        let mut part = format!(
            "--MIME_boundary\r\nContent-Type: application/json; charset=\"UTF-8\"\r\n\
             Content-Length: {}\r\n\r\n{text}\r\n--MIME_boundary\r\nContent-Type: image/jpeg\r\n\
             Content-Length: 6\r\n\r\n",
            text.len()
        )
        .into_bytes();
        part.extend(b"\xff\xd8\r\n\xff\xd9\r\n");
        Some((Ok::<_, Infallible>(part), events))
    });
    // A sign of life comes at once, as from every one that is there.
    let beat = futures_util::stream::once(async {
        let text = "{\"eventType\":\"heartBeat\"}";
        let part = format!(
            "--MIME_boundary\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{text}\r\n",
            text.len()
        );
        Ok::<_, Infallible>(part.into_bytes())
    });
    let body = Body::from_stream(futures_util::StreamExt::chain(beat, parts));
    let kind = "multipart/mixed; boundary=MIME_boundary";
    ([(CONTENT_TYPE, kind)], body).into_response()
}

fn status(code: u32, sub: &str) -> Response {
    let word = if code == 1 { "OK" } else { "Invalid Content" };
    let body = json!({"statusCode": code, "statusString": word, "subStatusCode": sub});
    // A failure comes under HTTP 200 from some of them.
    ([(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn reply(body: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn answer(shared: &Shared, path: &str, headers: &HeaderMap, body: &[u8]) -> Response {
    if path.starts_with("/ISAPI/Intelligent/FDLib/FaceDataRecord") {
        return face(shared, headers, body, false);
    }
    if path.starts_with("/ISAPI/Intelligent/FDLib/FDSetUp") {
        return face(shared, headers, body, true);
    }
    let Ok(asked) = serde_json::from_slice::<Value>(body) else {
        return status(6, "badJsonFormat");
    };
    let mut inner = shared.inner();
    match path {
        "/ISAPI/AccessControl/AcsCfg" => {
            inner.asks = at(&asked, "/AcsCfg/remoteCheckDoorEnabled") == &json!(true);
            status(1, "ok")
        }
        "/ISAPI/AccessControl/remoteCheck" => {
            let check = at(&asked, "/RemoteCheck");
            let opens = at(check, "/checkResult").as_str() == Some("success");
            let serial = at(check, "/serialNo").as_u64().unwrap_or_default();
            shared
                .answers
                .send_modify(|answers| answers.entry(serial).or_default().push(opens));
            status(1, "ok")
        }
        "/ISAPI/AccessControl/UserInfo/Search" => people(&inner, at(&asked, "/UserInfoSearchCond")),
        "/ISAPI/AccessControl/UserInfo/SetUp" => {
            let name = at(&asked, "/UserInfo/employeeNo")
                .as_str()
                .unwrap_or_default();
            if !std::mem::take(&mut inner.quirks.loses_next_person) {
                inner.people.entry(name.to_owned()).or_default();
            }
            status(1, "ok")
        }
        "/ISAPI/AccessControl/UserInfo/Delete" => {
            let list = at(&asked, "/UserInfoDelCond/EmployeeNoList").as_array();
            for one in list.into_iter().flatten() {
                inner
                    .people
                    .remove(at(one, "/employeeNo").as_str().unwrap_or_default());
            }
            status(1, "ok")
        }
        "/ISAPI/Intelligent/FDLib/FDSearch/Delete" => {
            let list = at(&asked, "/FPID").as_array();
            for one in list.into_iter().flatten() {
                let name = at(one, "/value").as_str().unwrap_or_default();
                if let Some(picture) = inner.people.get_mut(name) {
                    *picture = None;
                }
            }
            status(1, "ok")
        }
        "/ISAPI/AccessControl/AcsEvent" => history(&inner, at(&asked, "/AcsEventCond")),
        _ => (StatusCode::NOT_FOUND, "").into_response(),
    }
}

fn people(inner: &Inner, asked: &Value) -> Response {
    let from = place(asked);
    let page = inner.people.iter().skip(from).take(PAGE);
    let users: Vec<Value> = page
        .map(|(name, picture)| {
            json!({"employeeNo": name, "name": "", "numOfFace": u8::from(picture.is_some())})
        })
        .collect();
    let more = from + users.len() < inner.people.len();
    reply(&json!({"UserInfoSearch": {
        "searchID": at(asked, "/searchID"), "responseStatusStrg": if more { "MORE" } else { "OK" },
        "numOfMatches": users.len(), "totalMatches": inner.people.len(), "UserInfo": users,
    }}))
}

fn history(inner: &Inner, asked: &Value) -> Response {
    if inner.quirks.keeps_no_history {
        return status(4, "notSupport");
    }
    let begin = at(asked, "/beginSerialNo").as_u64().unwrap_or_default();
    let found = inner.events.iter().filter(|one| one.serial >= begin);
    let found: Vec<&Event> = found.collect();
    let from = place(asked);
    let page: Vec<Value> = found
        .iter()
        .skip(from)
        .take(PAGE)
        .map(|one| {
            json!({"major": 5, "minor": 75, "time": time_text(one.at_ms),
                "serialNo": one.serial, "employeeNoString": one.person})
        })
        .collect();
    let word = match (found.is_empty(), from + page.len() < found.len()) {
        (true, _) => "NO MATCH",
        (false, true) => "MORE",
        (false, false) => "OK",
    };
    reply(
        &json!({"AcsEvent": {"searchID": at(asked, "/searchID"), "responseStatusStrg": word,
        "numOfMatches": page.len(), "totalMatches": found.len(), "InfoList": page}}),
    )
}

fn place(asked: &Value) -> usize {
    let at = at(asked, "/searchResultPosition")
        .as_u64()
        .unwrap_or_default();
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// A picture in a form: for a person that is there, in the part that this firmware looks into.
fn face(shared: &Shared, headers: &HeaderMap, body: &[u8], replace: bool) -> Response {
    let mut inner = shared.inner();
    let is_form = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.starts_with("multipart/form-data"));
    let part = if inner.quirks.wants_img || replace {
        "name=\"img\""
    } else {
        "name=\"FaceImage\""
    };
    let Some((name, picture)) = is_form.then(|| form(body, part)).flatten() else {
        return status(6, "badParameters");
    };
    if inner.quirks.unusable.contains(&name) {
        return status(4, "SubpicAnalysisModelingError");
    }
    match inner.people.get_mut(&name) {
        // Its person was lost, and so is the picture.
        None => status(1, "ok"),
        Some(Some(_)) if !replace => status(6, "deviceUserAlreadyExistFace"),
        Some(place) => {
            *place = Some(picture);
            status(1, "ok")
        }
    }
}

/// The person and the picture of a form.
fn form(body: &[u8], part: &str) -> Option<(String, Vec<u8>)> {
    let find = |wanted: &[u8], from: usize| {
        let rest = body.get(from..)?;
        let at = rest.windows(wanted.len()).position(|one| one == wanted)?;
        Some(from + at)
    };
    let about = find(b"{", 0)?;
    let end = find(b"}", about)?;
    let about: Value = serde_json::from_slice(body.get(about..=end)?).ok()?;
    let head = find(part.as_bytes(), 0)?;
    let from = find(b"\r\n\r\n", head)? + 4;
    let to = find(b"\r\n--", from)?;
    let picture = body.get(from..to)?;
    let is_picture = picture.starts_with(b"\xff\xd8");
    let name = at(&about, "/FPID").as_str()?.to_owned();
    is_picture.then(|| (name, picture.to_vec()))
}
