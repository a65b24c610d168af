//! Hikvision ISAPI as bytes: what is asked, what is answered, what is told. No sockets here.

use std::collections::BTreeSet;

use roxmltree::Document;
use serde_json::{Value, json};

use crate::error::TerminalFault;
use crate::event::Report;
use crate::library::LibraryPerson;
use crate::line::Heard;
use crate::moment;

/// Boundary of the forms that carry a picture.
const FORM_BOUNDARY: &str = "menwei-7f3a9c";
/// People and events asked for at once; terminals give 30 at most.
const PAGE: usize = 30;
/// Access event: a face was recognized, and the person may pass.
const MAJOR_EVENT: u64 = 5;
const FACE_KNOWN: u64 = 75;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    /// `Content-Type`; empty without a body.
    pub(crate) kind: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    fn get(path: &str) -> Self {
        Self {
            method: "GET",
            path: path.to_owned(),
            kind: String::new(),
            body: Vec::new(),
        }
    }

    fn json(method: &'static str, path: &str, body: &Value) -> Self {
        Self {
            method,
            path: path.to_owned(),
            kind: "application/json".to_owned(),
            body: body.to_string().into_bytes(),
        }
    }
}

/// Serial number and model.
pub(crate) fn device_info() -> Request {
    Request::get("/ISAPI/System/deviceInfo")
}

/// Its clock.
pub(crate) fn time() -> Request {
    Request::get("/ISAPI/System/time")
}

/// From now on it asks the box before it opens, and opens for nobody while the box is away.
pub(crate) fn ask_the_box() -> Request {
    Request::json(
        "PUT",
        "/ISAPI/AccessControl/AcsCfg?format=json",
        &json!({"AcsCfg": {
            "remoteCheckDoorEnabled": true,
            "checkChannelType": "ISAPI",
            "offlineDevCheckOpenDoorEnabled": false,
        }}),
    )
}

/// The stream of its events. They are fetched and not pushed: whoever pushes names nobody.
pub(crate) fn stream() -> Request {
    Request::get("/ISAPI/Event/notification/alertStream")
}

/// The answer to an event that asks.
pub(crate) fn verdict(seq: u64, opens: bool) -> Request {
    let result = if opens { "success" } else { "failed" };
    Request::json(
        "PUT",
        "/ISAPI/AccessControl/remoteCheck?format=json",
        &json!({"RemoteCheck": {"serialNo": seq, "checkResult": result, "info": ""}}),
    )
}

/// Everybody in its library, from this place on.
pub(crate) fn people(from: usize) -> Request {
    Request::json(
        "POST",
        "/ISAPI/AccessControl/UserInfo/Search?format=json",
        &json!({"UserInfoSearchCond": {
            "searchID": "menwei", "searchResultPosition": from, "maxResults": PAGE,
        }}),
    )
}

/// Takes a face out.
pub(crate) fn remove_face(name: &str) -> Request {
    Request::json(
        "PUT",
        "/ISAPI/Intelligent/FDLib/FDSearch/Delete?format=json&FDID=1&faceLibType=blackFD",
        &json!({"FPID": [{"value": name}]}),
    )
}

/// Takes a person out.
pub(crate) fn remove_person(name: &str) -> Request {
    Request::json(
        "PUT",
        "/ISAPI/AccessControl/UserInfo/Delete?format=json",
        &json!({"UserInfoDelCond": {"EmployeeNoList": [{"employeeNo": name}]}}),
    )
}

/// Puts a person in, or corrects him. Whether he may pass is the box's to say each time, so his
/// entry holds for as long as it stands.
pub(crate) fn put_person(person: &LibraryPerson) -> Request {
    Request::json(
        "PUT",
        "/ISAPI/AccessControl/UserInfo/SetUp?format=json",
        &json!({"UserInfo": {
            "employeeNo": person.number.to_string(),
            "name": person.name,
            "userType": "normal",
            "Valid": {
                "enable": true,
                "beginTime": "2020-01-01T00:00:00",
                "endTime": "2036-12-31T23:59:59",
                "timeType": "local",
            },
            "doorRight": "1",
            "RightPlan": [{"doorNo": 1, "planTemplateNo": "1"}],
        }}),
    )
}

/// The ways in which firmwares take a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaceForm {
    /// A new face, its part named `FaceImage`.
    FaceImage,
    /// A new face, its part named `img`.
    Img,
    /// In place of the one before.
    SetUp,
}

/// Puts a face in.
pub(crate) fn put_face(form: FaceForm, number: u32, picture: &[u8]) -> Request {
    let about = json!({"faceLibType": "blackFD", "FDID": "1", "FPID": number.to_string()});
    let (method, path, part) = match form {
        FaceForm::FaceImage => (
            "POST",
            "/ISAPI/Intelligent/FDLib/FaceDataRecord?format=json",
            "FaceImage",
        ),
        FaceForm::Img => (
            "POST",
            "/ISAPI/Intelligent/FDLib/FaceDataRecord?format=json",
            "img",
        ),
        FaceForm::SetUp => ("PUT", "/ISAPI/Intelligent/FDLib/FDSetUp?format=json", "img"),
    };
    let head = format!(
        "--{FORM_BOUNDARY}\r\nContent-Disposition: form-data; name=\"FaceDataRecord\"\r\n\
         Content-Type: application/json\r\n\r\n{about}\r\n--{FORM_BOUNDARY}\r\n\
         Content-Disposition: form-data; name=\"{part}\"; filename=\"face.jpg\"\r\n\
         Content-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
        picture.len()
    );
    let end = format!("\r\n--{FORM_BOUNDARY}--\r\n");
    Request {
        method,
        path: path.to_owned(),
        kind: format!("multipart/form-data; boundary={FORM_BOUNDARY}"),
        body: [head.as_bytes(), picture, end.as_bytes()].concat(),
    }
}

/// Recognized faces after a number, from this place on.
pub(crate) fn history(after: u64, from: usize, now_ms: i64) -> Request {
    const MONTH_MS: i64 = 31 * 86_400_000;
    Request::json(
        "POST",
        "/ISAPI/AccessControl/AcsEvent?format=json",
        &json!({"AcsEventCond": {
            "searchID": "menwei",
            "searchResultPosition": from,
            "maxResults": PAGE,
            "major": MAJOR_EVENT,
            "minor": FACE_KNOWN,
            "startTime": moment::write(now_ms.saturating_sub(MONTH_MS)),
            "endTime": moment::write(now_ms.saturating_add(86_400_000)),
            "beginSerialNo": after.saturating_add(1),
            "timeReverseOrder": false,
        }}),
    )
}

/// A document of either kind, asked for a field by its name wherever it stands.
enum Fields<'a> {
    Json(&'a Value),
    Xml(Document<'a>),
}

impl<'a> Fields<'a> {
    fn of(text: &'a str, json: &'a mut Value) -> Option<Self> {
        if text.trim_start().starts_with('<') {
            return Document::parse(text).ok().map(Self::Xml);
        }
        *json = serde_json::from_str(text).ok()?;
        Some(Self::Json(json))
    }

    fn text(&self, name: &str) -> Option<String> {
        match self {
            Self::Json(value) => text_of(field(value, name)?),
            Self::Xml(document) => {
                let mut nodes = document.descendants();
                let node = nodes.find(|node| node.tag_name().name() == name)?;
                Some(node.text()?.trim().to_owned())
            }
        }
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }
}

/// The first field of this name, in the object itself or in one that it holds.
fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    object
        .get(name)
        .or_else(|| object.values().find_map(|inner| field(inner, name)))
}

/// A field's text; firmwares write numbers with and without quotation marks.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What a part of the stream, or a pushed body, tells. All that is no recognized face is a sign of
/// life.
pub(crate) fn heard(text: &str) -> Option<Heard> {
    let mut json = Value::Null;
    let fields = Fields::of(text, &mut json)?;
    let is_face = fields.text("eventType").as_deref() == Some("AccessControllerEvent")
        && fields.number("majorEventType") == Some(MAJOR_EVENT)
        && fields.number("subEventType") == Some(FACE_KNOWN);
    if !is_face {
        return Some(Heard::Alive(None));
    }
    let at = fields.text("dateTime").and_then(|text| moment::read(&text));
    let (Some(seq), Some(at_ms)) = (fields.number("serialNo"), at) else {
        return Some(Heard::Alive(None));
    };
    Some(Heard::Face(Report {
        seq,
        at_ms,
        person: person(&fields),
        allowed: true,
        asks: fields.text("remoteCheck").as_deref() == Some("true"),
        live: fields.text("currentEvent").map(|text| text == "true"),
    }))
}

fn person(fields: &Fields<'_>) -> Option<u32> {
    let text = fields
        .text("employeeNoString")
        .or_else(|| fields.text("employeeNo"))?;
    text.parse().ok()
}

/// What became of a request: the JSON of its answer, or why not. HTTP 200 may carry a failure.
pub(crate) fn outcome(http: u16, text: &str) -> Result<Value, TerminalFault> {
    let mut json = Value::Null;
    let fields = Fields::of(text, &mut json);
    let code = fields
        .as_ref()
        .and_then(|fields| fields.number("statusCode"));
    if (200..300).contains(&http) && code.is_none_or(|code| code == 1) {
        drop(fields);
        return Ok(json);
    }
    let sub = fields.and_then(|fields| {
        fields
            .text("subStatusCode")
            .or_else(|| fields.text("statusString"))
    });
    Err(TerminalFault::Declined(
        sub.unwrap_or_else(|| format!("HTTP {http}")),
    ))
}

/// For how long a terminal that refuses a password has locked itself, seconds.
pub(crate) fn locked_s(text: &str) -> Option<u64> {
    let mut json = Value::Null;
    let fields = Fields::of(text, &mut json)?;
    let locked = fields.text("lockStatus").as_deref() == Some("lock");
    locked.then(|| fields.number("unlockTime"))?
}

/// Serial number of [`device_info`]'s answer.
pub(crate) fn serial(text: &str) -> Option<String> {
    let mut json = Value::Null;
    Fields::of(text, &mut json)?.text("serialNumber")
}

/// The time of [`time`]'s answer, Unix ms.
pub(crate) fn clock_ms(text: &str) -> Option<i64> {
    let mut json = Value::Null;
    let fields = Fields::of(text, &mut json)?;
    moment::read(&fields.text("localTime")?)
}

/// One page of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) more: bool,
}

/// The page of [`people`]'s answer. Whoever has no face there counts as missing, so that he is put
/// in again.
pub(crate) fn people_page(answer: &Value, found: &mut BTreeSet<String>) -> Page<()> {
    let body = answer.get("UserInfoSearch").unwrap_or(answer);
    let users = array(body, "UserInfo");
    let items = users.iter().map(|user| {
        let faces = user.get("numOfFace").and_then(Value::as_u64);
        let name = user.get("employeeNo").and_then(text_of);
        if let Some(name) = name.filter(|_| faces != Some(0)) {
            found.insert(name);
        }
    });
    page(body, items.collect())
}

/// The page of [`history`]'s answer.
pub(crate) fn history_page(answer: &Value) -> Page<Option<Report>> {
    let body = answer.get("AcsEvent").unwrap_or(answer);
    let items = array(body, "InfoList").iter().map(|one| {
        let fields = Fields::Json(one);
        Some(Report {
            seq: fields.number("serialNo")?,
            at_ms: moment::read(&fields.text("time")?)?,
            person: person(&fields),
            allowed: fields.number("minor") == Some(FACE_KNOWN),
            asks: false,
            live: Some(false),
        })
    });
    page(body, items.collect())
}

fn array<'a>(body: &'a Value, name: &str) -> &'a [Value] {
    let list = body.get(name).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

fn page<T>(body: &Value, items: Vec<T>) -> Page<T> {
    let status = body.get("responseStatusStrg").and_then(Value::as_str);
    Page {
        more: status == Some("MORE") && !items.is_empty(),
        items,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As terminals of this make send it.
    const EVENT: &str = r#"{"ipAddress":"192.168.1.14","portNo":40800,"protocol":"HTTP","macAddress":"e0:ca:3c:00:00:01","channelID":1,"dateTime":"2026-06-17T14:02:04+08:00","activePostCount":1,"eventType":"AccessControllerEvent","eventState":"active","eventDescription":"Access Controller Event","deviceID":"66666",
 "AccessControllerEvent":{"deviceName":"subdoorOne","majorEventType":5,"subEventType":75,"cardReaderKind":1,"cardReaderNo":1,"doorNo":1,"verifyNo":164,"employeeNoString":"1001","name":"张三","serialNo":7675,"userType":"normal","currentVerifyMode":"cardOrFaceOrPw","currentEvent":true,"frontSerialNo":7674,"attendanceStatus":"checkIn","label":"","statusValue":0,"mask":"unknown","helmet":"unknown","picturesNumber":1,"purePwdVerifyEnable":true,"FaceRect":{"height":0.324,"width":0.183,"x":0.426,"y":0.198}}}"#;

    fn report() -> Report {
        Report {
            seq: 7_675,
            at_ms: 1_781_676_124_000,
            person: Some(1_001),
            allowed: true,
            asks: false,
            live: Some(true),
        }
    }

    #[test]
    fn an_event_of_a_recognized_face() {
        assert_eq!(heard(EVENT), Some(Heard::Face(report())));
    }

    #[test]
    fn the_same_event_as_xml() {
        let xml = "<EventNotificationAlert version=\"2.0\" \
            xmlns=\"http://www.isapi.org/ver20/XMLSchema\"><dateTime>2026-06-17T14:02:04+08:00\
            </dateTime><eventType>AccessControllerEvent</eventType><AccessControllerEvent>\
            <majorEventType>5</majorEventType><subEventType>75</subEventType>\
            <employeeNoString>1001</employeeNoString><serialNo>7675</serialNo>\
            <currentEvent>true</currentEvent></AccessControllerEvent></EventNotificationAlert>";
        assert_eq!(heard(xml), Some(Heard::Face(report())));
    }

    #[test]
    fn an_event_that_asks_has_no_front_number_and_no_status() {
        let asks = EVENT
            .replace("\"frontSerialNo\":7674,", "\"remoteCheck\":true,")
            .replace("\"statusValue\":0,", "");
        let expected = Report {
            asks: true,
            ..report()
        };
        assert_eq!(heard(&asks), Some(Heard::Face(expected)));
    }

    #[test]
    fn all_else_is_a_sign_of_life() {
        let beat = r#"{"eventType":"heartBeat"}"#;
        let unknown = EVENT.replace("\"subEventType\":75", "\"subEventType\":76");
        let unnumbered = EVENT.replace("\"serialNo\":7675,", "");
        for text in [beat, &unknown, &unnumbered] {
            assert_eq!(heard(text), Some(Heard::Alive(None)), "{text}");
        }
        assert_eq!(heard("\u{fffd}"), None);
        assert_eq!(heard("<half"), None);
    }

    #[test]
    fn a_failure_under_http_200_is_a_failure() {
        let ok = r#"{"statusCode":1,"statusString":"OK","subStatusCode":"ok"}"#;
        assert!(outcome(200, ok).is_ok());
        let exists = r#"{"statusCode":6,"statusString":"Invalid Content","subStatusCode":"deviceUserAlreadyExistFace"}"#;
        let declined = TerminalFault::Declined("deviceUserAlreadyExistFace".to_owned());
        assert_eq!(outcome(200, exists), Err(declined));
        let xml = "<ResponseStatus version=\"1.0\"><statusCode>4</statusCode>\
            <statusString>Invalid Operation</statusString><subStatusCode>notSupport</subStatusCode>\
            </ResponseStatus>";
        let declined = TerminalFault::Declined("notSupport".to_owned());
        assert_eq!(outcome(403, xml), Err(declined));
    }

    #[test]
    fn a_lock_after_wrong_passwords_is_believed() {
        let locked = "<userCheck><statusValue>401</statusValue><lockStatus>lock</lockStatus>\
            <unlockTime>1790</unlockTime></userCheck>";
        assert_eq!(locked_s(locked), Some(1_790));
        assert_eq!(locked_s(&locked.replace(">lock<", ">unlock<")), None);
        assert_eq!(locked_s(""), None);
    }

    #[test]
    fn the_verdict_as_the_maker_shows_it() {
        let request = verdict(7_675, true);
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(
            body,
            json!({"RemoteCheck": {"serialNo": 7675, "checkResult": "success", "info": ""}})
        );
        assert_eq!(request.path, "/ISAPI/AccessControl/remoteCheck?format=json");
    }

    #[test]
    fn history_comes_in_pages_by_number() {
        let answer = json!({"AcsEvent": {"responseStatusStrg": "MORE", "numOfMatches": 1,
            "totalMatches": 68, "InfoList": [{"major": 5, "minor": 75,
            "time": "2026-06-17T14:02:04+08:00", "serialNo": 1, "employeeNoString": "1001",
            "pictureURL": "http://192.168.1.14/x.jpg"}]}});
        let page = history_page(&answer);
        assert!(page.more);
        let past = Report {
            seq: 1,
            live: Some(false),
            ..report()
        };
        assert_eq!(page.items, [Some(past)]);
        let none = json!({"AcsEvent": {"responseStatusStrg": "NO MATCH", "numOfMatches": 0}});
        let page = history_page(&none);
        assert!(!page.more && page.items.is_empty());
    }

    #[test]
    fn who_has_no_face_there_is_missing() {
        let answer = json!({"UserInfoSearch": {"responseStatusStrg": "OK", "UserInfo": [
            {"employeeNo": "1", "numOfFace": 1}, {"employeeNo": "2", "numOfFace": 0},
            {"employeeNo": "3"}]}});
        let mut found = BTreeSet::new();
        assert!(!people_page(&answer, &mut found).more);
        assert_eq!(found, BTreeSet::from(["1".to_owned(), "3".to_owned()]));
    }
}
