//! Connection errors in words for the clerk and for a technician.

use std::error::Error;
use std::io::ErrorKind;

use rumqttc::{ConnectReturnCode, ConnectionError, StateError};

use sync_engine::Refusal;
use sync_wire::ctl::ReportTopic;
use sync_wire::down::{ResultCode, Series};
use sync_wire::{Report, VERSION, WireError};

use crate::error::{DoorError, Fault, MqttError};

/// What went wrong, twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// For the clerk, in Chinese: what it is and what to do.
    pub clerk: &'static str,
    /// For a technician, in English: the chain of causes.
    pub detail: String,
}

const NO_ADDRESS: &str = "找不到平台地址，请检查网络或DNS设置";
const NO_NETWORK: &str = "设备没有联网，请检查网线或流量卡";
const REFUSED: &str = "平台没有应答，请确认平台地址和端口";
const TIMED_OUT: &str = "连接平台超时，请检查网络";
const CITY_EXPIRED: &str = "平台证书不在有效期内，请先核对本机时间，再联系平台";
const CITY_STRANGE: &str = "平台证书不是由配置的CA签发，可能连错了地址，请核对CA文件";
const CITY_NAME: &str = "平台证书与配置的地址不符，请核对平台地址";
/// What every trouble with the box's own certificate begins with.
pub const OUR_CERTIFICATE: &str = "平台没有接受本机证书";
const OURS_REFUSED: &str = "平台没有接受本机证书（没有、过期、已吊销或不是该平台签发），请重新申领";
const OURS_REVOKED: &str = "平台没有接受本机证书：已被平台吊销";
const OURS_EXPIRED: &str = "平台没有接受本机证书：已过期";
const OURS_STRANGE: &str = "平台没有接受本机证书：不是该平台签发";
const NOT_TLS: &str = "与平台的加密连接没有建立，请核对端口和证书";
const NOT_ALLOWED: &str = "平台不允许本机接入，请联系平台登记";
const BUSY: &str = "平台暂停服务，稍后自动重连";
const BROKEN: &str = "与平台的连接中断，正在自动重连";
const PROXY: &str = "代理服务器没有应答或不允许连接平台，请检查代理设置";
const FLOODED: &str = "平台的消息服务发来过长的内容，连接已断开，正在重连；一直这样请联系平台清理";
const STUCK: &str = "平台的消息服务没有应答，正在重新连接";
const UNBEGUN: &str =
    "本机账本的上传位置读不出来，暂不上传，正在重试；打卡照常，一直这样请联系运维";
const FILES: &str = "本机证书文件读不出来，请检查证书、私钥和CA文件";

/// Explains why there is no connection. `greeted`: the broker had accepted this one before.
pub(crate) fn explain(fault: &Fault, tls: bool, greeted: bool) -> Trouble {
    let detail = chain(fault);
    let clerk = match fault {
        Fault::Door(error) => of_door(error, &detail),
        // With TLS 1.3 the broker judges our certificate after the client has finished its part of
        // the handshake: its refusal arrives in place of the answer to CONNECT.
        fault if is_too_long(fault) => FLOODED,
        Fault::Line(_) | Fault::Mqtt(ConnectionError::MqttState(_)) if tls && !greeted => {
            ours(&detail)
        }
        Fault::Line(error) => of_io(error.kind(), &detail),
        Fault::Unconfirmed { .. } => STUCK,
        Fault::Mqtt(error) => of_mqtt(error, &detail),
    };
    let hint = if clerk.starts_with(OUR_CERTIFICATE) {
        "the broker closed the connection right after the handshake; it wants another client \
         certificate: "
    } else {
        ""
    };
    Trouble {
        clerk,
        detail: format!("{hint}{detail}"),
    }
}

/// The broker takes messages and confirms none, so that there is no room for more.
pub fn explain_stuck() -> Trouble {
    Trouble {
        clerk: STUCK,
        detail: "the broker confirms nothing, and the queue to it is full".to_owned(),
    }
}

/// The box's own ledger does not say where to go on.
pub(crate) fn explain_unbegun(error: &(dyn Error + Send + Sync)) -> Trouble {
    Trouble {
        clerk: UNBEGUN,
        detail: format!("cannot read the cursor: {}", chain(error)),
    }
}

/// Why something that the city sent was not taken: a code, and a sentence for the clerk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotTaken {
    /// For a technician.
    pub code: &'static str,
    /// For the clerk, in Chinese: cause, effect and what to do.
    pub clerk: &'static str,
}

/// It cannot be read.
pub const UNREADABLE: NotTaken = NotTaken {
    code: "unreadable_ack",
    clerk: "平台的确认读不出来，未采用；打卡照常，会再问平台，一直这样请联系平台",
};
/// It is of a later version of the protocol.
pub const OTHER_VERSION: NotTaken = NotTaken {
    code: "other_version",
    clerk: "平台用的协议版本本机不认识，未采用；打卡照常，请升级本机程序，并告诉平台",
};
/// It, or a list in it, is longer than may be.
pub const TOO_LONG: NotTaken = NotTaken {
    code: "too_long",
    clerk: "平台发来的内容超过长度上限，未采用；打卡照常，一直这样请联系平台",
};
/// It came on a topic that is not this box's, or that carries nothing down.
pub const OTHER_TOPIC: NotTaken = NotTaken {
    code: "other_topic",
    clerk: "收到发给别的设备的内容，未采用；打卡照常，请平台核对消息服务的权限",
};
/// A countersignature that the city has not made, or that is of another ledger.
pub const WRONG_COUNTERSIGN: NotTaken = NotTaken {
    code: "wrong_countersign",
    clerk: "平台的会签与本机账本或平台公钥不符，未采用；打卡照常，请与平台核对公钥，并查清有没有人冒充平台",
};
/// More came than fits; the city sends it again.
pub const NO_ROOM: NotTaken = NotTaken {
    code: "no_room",
    clerk: "平台一次下发过多，有的没有收下；打卡照常，平台会再发，一直这样请联系平台",
};

/// The result of a signed message for which there was no room: nothing of it was read, so its number is
/// not named, and not used up.
pub fn no_room(box_name: &str, series: Series, sent_at: i64) -> Report {
    Report {
        v: VERSION,
        r#box: box_name.to_owned(),
        topic: match series {
            Series::Command => ReportTopic::Cmd,
            Series::Roster => ReportTopic::Roster,
        },
        number: None,
        command: None,
        ok: false,
        code: Some(ResultCode::NotStored),
        message: Some("平台一次下发过多，这一条没有收下，请平台稍后再发".to_owned()),
        sent_at,
    }
}

/// Explains why an acknowledgement was refused that did not get as far as the engine.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what has no word of its own is told as unreadable"
)]
pub fn explain_unread(error: &WireError) -> NotTaken {
    match error {
        WireError::UnknownVersion { .. } => OTHER_VERSION,
        WireError::MessageTooLarge { .. } | WireError::ListTooLong { .. } => TOO_LONG,
        _ => UNREADABLE,
    }
}

/// Whether the connection broke because something came that is longer than anything may be.
pub(crate) fn is_too_long(fault: &Fault) -> bool {
    let Fault::Mqtt(ConnectionError::MqttState(StateError::Deserialization(error))) = fault else {
        return false;
    };
    matches!(error, rumqttc::Error::PayloadSizeLimitExceeded(_))
}

/// Explains why the engine refused a word of the city.
pub fn explain_refusal(refusal: Refusal) -> NotTaken {
    let (code, clerk) = match refusal {
        Refusal::OtherEpoch => (
            "other_epoch",
            "平台确认的账本不是本机的，未采用；打卡照常，会继续补传，一直这样请联系平台",
        ),
        Refusal::NotOurs => (
            "foreign_ack",
            "平台的确认与本机账本不符，未采用，不算已上传；打卡照常，会再问平台，一直这样请联系平台",
        ),
        Refusal::NoSense => (
            "bad_answer",
            "平台对账的答复前后矛盾，未采用；打卡照常，会重新对账，一直这样请联系平台",
        ),
    };
    NotTaken { code, clerk }
}

/// Explains why the certificates cannot be loaded.
pub fn explain_files(error: &MqttError) -> Trouble {
    Trouble {
        clerk: FILES,
        detail: chain(error),
    }
}

fn of_door(error: &DoorError, detail: &str) -> &'static str {
    match error {
        DoorError::Network { source, .. } => of_io(source.kind(), detail),
        DoorError::Proxy { .. } => PROXY,
        DoorError::Tls(_) => of_certificate(detail),
        DoorError::Slow => TIMED_OUT,
        DoorError::Local(_) => BROKEN,
    }
}

fn of_mqtt(error: &ConnectionError, detail: &str) -> &'static str {
    match error {
        ConnectionError::Io(error) | ConnectionError::MqttState(StateError::Io(error)) => {
            of_io(error.kind(), detail)
        }
        ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => TIMED_OUT,
        ConnectionError::ConnectionRefused(code) => match code {
            ConnectReturnCode::ServiceUnavailable => BUSY,
            ConnectReturnCode::Success
            | ConnectReturnCode::RefusedProtocolVersion
            | ConnectReturnCode::BadClientId
            | ConnectReturnCode::BadUserNamePassword
            | ConnectReturnCode::NotAuthorized => NOT_ALLOWED,
        },
        ConnectionError::MqttState(_)
        | ConnectionError::NotConnAck(_)
        | ConnectionError::RequestsDone
        | ConnectionError::Tls(_) => BROKEN,
    }
}

fn of_certificate(detail: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| detail.contains(word));
    if says(&["has expired", "not yet valid"]) {
        CITY_EXPIRED
    } else if says(&["ostname mismatch", "IP address mismatch"]) {
        CITY_NAME
    } else if says(&["alert"]) {
        ours(detail)
    } else if says(&[
        "certificate verify failed",
        "self-signed",
        "issuer certificate",
    ]) {
        CITY_STRANGE
    } else {
        NOT_TLS
    }
}

/// Why the broker refuses our certificate, by its alert (RFC 8446, section 6.2).
fn ours(detail: &str) -> &'static str {
    let says = |word: &str| detail.contains(word);
    if says("certificate revoked") {
        OURS_REVOKED
    } else if says("certificate expired") {
        OURS_EXPIRED
    } else if says("unknown ca") {
        OURS_STRANGE
    } else {
        OURS_REFUSED
    }
}

fn of_io(kind: ErrorKind, detail: &str) -> &'static str {
    if detail.contains("lookup address") || detail.contains("ame resolution") {
        return NO_ADDRESS;
    }
    let no_network = matches!(
        kind,
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::NetworkDown
    );
    if no_network {
        NO_NETWORK
    } else if kind == ErrorKind::ConnectionRefused {
        REFUSED
    } else if kind == ErrorKind::TimedOut {
        TIMED_OUT
    } else {
        BROKEN
    }
}

/// An error with all its causes. The client library's texts repeat their causes; each text stands
/// here once.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        source = cause.source();
    }
    text
}
