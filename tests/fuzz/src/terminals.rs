//! Face terminals: streams, answers and messages.

const KIND: &str = "multipart/mixed; boundary=MIME_boundary";
const PANEL: &str = "7f3a";

/// A recognized face as a terminal tells it.
const FACE: &str = r#"{"eventType":"AccessControllerEvent","dateTime":"2026-11-23T07:01:02+08:00","AccessControllerEvent":{"majorEventType":5,"subEventType":75,"serialNo":17,"employeeNoString":"3","currentEvent":true,"remoteCheck":true}}"#;
const FACE_XML: &str =
    "<EventNotificationAlert><eventType>heartBeat</eventType></EventNotificationAlert>";

pub(crate) fn stream_seeds() -> Vec<Vec<u8>> {
    let part = |text: &str, with_length: bool| {
        let length = if with_length {
            format!("Content-Length: {}\r\n", text.len())
        } else {
            String::new()
        };
        format!("--MIME_boundary\r\nContent-Type: application/json\r\n{length}\r\n{text}\r\n")
    };
    let counted = format!("{}{}", part(FACE, true), part(FACE_XML, true));
    let uncounted = format!(
        "{}{}--MIME_boundary--",
        part(FACE, false),
        part(FACE_XML, false)
    );
    vec![counted.into_bytes(), uncounted.into_bytes()]
}

pub(crate) fn stream(bytes: &[u8]) -> bool {
    drivers_terminal::read_stream(KIND, bytes) > 0
}

pub(crate) fn answer_seeds() -> Vec<Vec<u8>> {
    [
        FACE,
        FACE_XML,
        "<Time><localTime>2026-11-23T07:01:02+08:00</localTime></Time>",
        "<DeviceInfo><serialNumber>DS-1</serialNumber></DeviceInfo>",
        r#"{"statusCode":4,"lockStatus":"lock","unlockTime":600}"#,
        r#"{"UserInfoSearch":{"responseStatusStrg":"OK","numOfMatches":1,"totalMatches":1,"UserInfo":[{"employeeNo":"3"}]}}"#,
        r#"{"AcsEvent":{"responseStatusStrg":"OK","numOfMatches":1,"totalMatches":1,"InfoList":[{"major":5,"minor":75,"time":"2026-11-23T07:01:02+08:00","employeeNoString":"3","serialNo":17}]}}"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub(crate) fn answer(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok_and(drivers_terminal::read_answer)
}

pub(crate) fn panel_seeds() -> Vec<Vec<u8>> {
    [
        r#"{"operator":"RecPush","info":{"facesluiceId":"7f3a","RecordID":"9","time":"2026-11-23 07:01:02","VerifyStatus":"1","customId":"3","Sendintime":1}}"#,
        r#"{"operator":"HeartBeat","info":{"facesluiceId":"7f3a","time":"2026-11-23 07:01:02"}}"#,
        r#"{"operator":"EditPerson-Ack","messageId":"m1","code":"200","info":{"facesluiceId":"7f3a","result":"ok"}}"#,
        r#"{"operator":"VerifyPush","dwFileIndex":1,"dwFilePos":2,"info":{"DeviceID":"7f3a","CreateTime":"2026-11-23T07:01:02","VerifyStatus":1,"CustomizeID":3}}"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub(crate) fn panel(bytes: &[u8]) -> bool {
    let own = format!("mqtt/face/{PANEL}/Rec");
    let shared = drivers_terminal::read_message(PANEL, "mqtt/face/heartbeat", bytes);
    drivers_terminal::read_message(PANEL, &own, bytes) | shared
}
