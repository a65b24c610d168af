//! The `mqtt/face` panels as bytes: topics and JSON of both dialects, with their misspellings.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::event::Report;
use crate::library::{LibraryPerson, Step, Stepped};
use crate::line::Heard;
use crate::moment;

/// A command's answer when all is well.
const CODE_OK: &str = "200";
/// Codes that blame the picture: 461 to 468, of which 468 says that no feature could be extracted.
const PICTURE_CODES: std::ops::RangeInclusive<u32> = 461..=468;
/// A report of a recognized face, in [`push_ack`].
const KIND_RECORD: u8 = 2;

/// What a panel hears.
pub(crate) fn down_topic(panel: &str) -> String {
    format!("mqtt/face/{panel}")
}

/// What panels say. The first two are shared by all panels of the broker.
pub(crate) fn up_topics(panel: &str) -> [String; 3] {
    [
        "mqtt/face/basic".to_owned(),
        "mqtt/face/heartbeat".to_owned(),
        format!("mqtt/face/{panel}/+"),
    ]
}

/// What a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    /// Something for the loop.
    Heard(Heard),
    /// The answer to a command.
    Ack {
        id: String,
        code: String,
        info: Value,
    },
}

/// Reads a message of this panel; `None` for that of another one, and for what is none. A message
/// whose topic and body name different panels is nobody's.
pub(crate) fn message(panel: &str, topic: &str, payload: &[u8]) -> Option<Message> {
    let body: Value = serde_json::from_slice(payload).ok()?;
    let operator = body.get("operator")?.as_str()?;
    let info = body.get("info").unwrap_or(&Value::Null);
    // Panels nest their number, whatever the documents say.
    let named = first(info, &["facesluiceId", "DeviceID"])
        .or_else(|| first(&body, &["facesluiceId", "DeviceID"]));
    let own = topic.strip_prefix("mqtt/face/")?;
    let topic_panel = own.split_once('/').map(|(panel, _)| panel);
    match (topic_panel, &named) {
        (Some(by_topic), Some(by_body)) if by_topic != by_body => return None,
        (Some(by_topic), _) if by_topic != panel => return None,
        (None, Some(by_body)) if by_body != panel => return None,
        (None, None) => return None,
        _ => {}
    }
    Some(match operator {
        "RecPush" | "VerifyPush" => report(&body, info).map_or(
            // Without a number nobody can tell it from its repetition.
            Message::Heard(Heard::Alive(None)),
            |report| Message::Heard(Heard::Face(report)),
        ),
        "HeartBeat" | "Heartbeat" | "Online" => {
            let time = first(info, &["time", "Time"]).and_then(|text| moment::read(&text));
            Message::Heard(Heard::Alive(time))
        }
        "Offline" => Message::Heard(Heard::Gone),
        _ => match first(&body, &["messageId"]) {
            Some(id) if operator.ends_with("-Ack") => Message::Ack {
                id,
                code: first(&body, &["code"]).unwrap_or_else(|| code_of(info)),
                info: info.clone(),
            },
            _ => Message::Heard(Heard::Alive(None)),
        },
    })
}

fn report(body: &Value, info: &Value) -> Option<Report> {
    let number = |names: &[&str], of| first(of, names).and_then(|text| text.parse::<u64>().ok());
    let seq = number(&["RecordID", "recordId"], info).or_else(|| {
        // The other dialect names a place in the panel's own files.
        let file = number(&["dwFileIndex"], body)?;
        let place = number(&["dwFilePos"], body)?;
        Some(file << 32 | place & 0xffff_ffff)
    })?;
    let at = first(info, &["time", "CreateTime"])?;
    let status = first(info, &["VerifyStatus"])?;
    let person = first(info, &["customId", "CustomizeID"]);
    Some(Report {
        seq,
        at_ms: moment::read(&at)?,
        person: person.and_then(|text| text.parse().ok()),
        allowed: status == "1",
        asks: false,
        live: first(info, &["Sendintime"]).map(|text| text == "1"),
    })
}

/// The first of these fields that is there, as text; panels write numbers either way.
fn first(value: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match value.get(name)? {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    })
}

/// Some acknowledgements have no code, only `result`.
fn code_of(info: &Value) -> String {
    let ok = first(info, &["result", "Result"]).is_some_and(|text| text.eq_ignore_ascii_case("ok"));
    if ok {
        CODE_OK.to_owned()
    } else {
        String::new()
    }
}

/// The command of a step at the library.
pub(crate) fn command(id: &str, step: &Step, picture: &[u8]) -> Vec<u8> {
    let (operator, info) = match step {
        Step::List => ("QueryPerson", json!({})),
        Step::Remove(name) => ("DelPerson", json!({ "customId": name })),
        Step::Put(person) => ("EditPerson", person_info(person, picture)),
    };
    json!({"messageId": id, "operator": operator, "info": info})
        .to_string()
        .into_bytes()
}

/// Neither document, birth nor telephone goes there: the panel needs a face, a number and a name.
fn person_info(person: &LibraryPerson, picture: &[u8]) -> Value {
    let number = person.number.to_string();
    json!({
        "customId": number,
        "name": person.name,
        "personType": 0,
        "tempCardType": 0,
        "cardType": 0,
        "pic": format!("data:image/jpeg;base64,{}", STANDARD.encode(picture)),
    })
}

/// What became of a step.
pub(crate) fn stepped(step: &Step, code: &str, info: &Value) -> Stepped {
    match step {
        Step::List if code == CODE_OK => {
            let names = first(info, &["customId"]).unwrap_or_default();
            let names = names.split(',').map(str::trim);
            let names = names.filter(|name| !name.is_empty()).map(str::to_owned);
            Stepped::Listed(names.collect::<BTreeSet<_>>())
        }
        Step::Remove(_) | Step::Put(_) if code == CODE_OK => Stepped::Done,
        Step::Put(_) if is_picture_code(code) => Stepped::Unusable(code.to_owned()),
        Step::List | Step::Remove(_) | Step::Put(_) => Stepped::Failed,
    }
}

fn is_picture_code(code: &str) -> bool {
    code.parse()
        .is_ok_and(|code: u32| PICTURE_CODES.contains(&code))
}

/// Lets the panel forget a report.
pub(crate) fn push_ack(panel: &str, seq: u64) -> Vec<u8> {
    json!({"operator": "PushAck", "messageId": format!("ack-{seq}"), "info": {
        "facesluiceId": panel, "PushAckType": KIND_RECORD, "SnapOrRecordID": seq,
    }})
    .to_string()
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PANEL: &str = "1026700";
    /// As panels of the MQTT dialect send it.
    const RECORD: &str = r#"{"operator":"RecPush","info":{"facesluiceId":"1026700","RecordID":"123","customId":"17","personId":"12345","persionName":"张三","idCard":"","VerifyStatus":"1","PersonType":"0","similarity1":"98.5","similarity2":"0","time":"2026-10-02 09:05:23","facesluiceName":"东门","temperature":"36.5","pic":"data:image/jpeg;base64,/9j/"}}"#;
    /// And those of the other one.
    const VERIFY: &str = r#"{"operator":"VerifyPush","info":{"PersonID":3,"CreateTime":"2020-09-15T17:19:41","Similarity1":94.279579,"Similarity2":0.0,"VerifyStatus":1,"VerfyType":1,"PersonType":0,"Name":"x","Gender":0,"Nation":1,"CardType":0,"IdCard":"","Birthday":"2000-01-01","DeviceID":1434281,"MjCardNo":1,"Tempvalid":0,"CustomizeID":17,"PersonUUID":" ","Sendintime":1},"dwFileIndex":"9","dwFilePos":"1","SanpPic":"data:image/jpeg;base64,/9j/"}"#;

    fn record() -> Report {
        Report {
            seq: 123,
            at_ms: 1_790_903_123_000,
            person: Some(17),
            allowed: true,
            asks: false,
            live: None,
        }
    }

    fn face(report: Report) -> Message {
        Message::Heard(Heard::Face(report))
    }

    #[test]
    fn both_dialects_are_one_report() {
        let told = message(PANEL, "mqtt/face/1026700/Rec", RECORD.as_bytes());
        assert_eq!(told, Some(face(record())));
        let other = Report {
            seq: 9 << 32 | 1,
            at_ms: 1_600_161_581_000,
            live: Some(true),
            ..record()
        };
        let told = message("1434281", "mqtt/face/1434281/Rec", VERIFY.as_bytes());
        assert_eq!(told, Some(face(other)));
    }

    #[test]
    fn strangers_and_rejected_people_are_not_allowed() {
        for status in ["2", "3"] {
            let text = RECORD.replace(
                "\"VerifyStatus\":\"1\"",
                &format!("\"VerifyStatus\":\"{status}\""),
            );
            let told = message(PANEL, "mqtt/face/1026700/Rec", text.as_bytes());
            let expected = Report {
                allowed: false,
                ..record()
            };
            assert_eq!(told, Some(face(expected)));
        }
    }

    #[test]
    fn heartbeats_of_both_dialects_tell_the_time() {
        let old =
            r#"{"operator":"HeartBeat","info":{"DeviceID":1434281,"Time":"2020-09-15T17:16:01"}}"#;
        let expected = Some(Message::Heard(Heard::Alive(Some(1_600_161_361_000))));
        let told = message("1434281", "mqtt/face/heartbeat", old.as_bytes());
        assert_eq!(told, expected);
        let new = r#"{"operator":"HeartBeat","info":{"facesluiceId":"1026700","time":"2020-09-15 17:16:01"}}"#;
        assert_eq!(
            message(PANEL, "mqtt/face/heartbeat", new.as_bytes()),
            expected
        );
    }

    #[test]
    fn another_panel_and_a_forged_name_are_nobodys() {
        let bytes = RECORD.as_bytes();
        assert_eq!(message("7", "mqtt/face/1026700/Rec", bytes), None);
        assert_eq!(message("7", "mqtt/face/7/Rec", bytes), None);
        assert_eq!(message(PANEL, "mqtt/face/7/Rec", bytes), None);
        assert_eq!(message(PANEL, "mqtt/face/basic", b"{}"), None);
        assert_eq!(message(PANEL, "mqtt/face/basic", b"\xff"), None);
        let unnamed = br#"{"operator":"HeartBeat","info":{}}"#;
        assert_eq!(message(PANEL, "mqtt/face/heartbeat", unnamed), None);
    }

    #[test]
    fn an_answer_by_its_number() {
        let text = r#"{"operator":"EditPerson-Ack","messageId":"m-1","code":"468","info":{"facesluiceId":"1026700","customId":"17"}}"#;
        let told = message(PANEL, "mqtt/face/1026700/Ack", text.as_bytes());
        let Some(Message::Ack { id, code, info }) = told else {
            panic!("{told:?}");
        };
        assert_eq!((id.as_str(), code.as_str()), ("m-1", "468"));
        let put = Step::Put(LibraryPerson {
            number: 17,
            name: "张*".to_owned(),
            version: String::new(),
        });
        let unusable = Stepped::Unusable("468".to_owned());
        assert_eq!(stepped(&put, &code, &info), unusable);
        assert_eq!(stepped(&put, "500", &info), Stepped::Failed);
        assert_eq!(stepped(&put, "200", &info), Stepped::Done);
    }

    #[test]
    fn the_list_and_what_goes_into_it() {
        let info = json!({"facesluiceId": PANEL, "TotalPersonNum": "3", "customId": "17, 9,"});
        let names = BTreeSet::from(["17".to_owned(), "9".to_owned()]);
        let told = stepped(&Step::List, "200", &info);
        assert_eq!(told, Stepped::Listed(names));
        let put = Step::Put(LibraryPerson {
            number: 17,
            name: "张*".to_owned(),
            version: String::new(),
        });
        let sent: Value = serde_json::from_slice(&command("m-1", &put, b"\xff\xd8")).unwrap();
        assert_eq!(sent["operator"], "EditPerson");
        assert_eq!(sent["info"]["customId"], "17");
        assert_eq!(sent["info"]["pic"], "data:image/jpeg;base64,/9g=");
    }
}
