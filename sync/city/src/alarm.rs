//! What a person is told when something is not as it must be.

use sync_wire::checkpoint::Doubt;
use sync_wire::record::PreviousEpoch;
use sync_wire::{Header, Hello, Report, ResultCode, WireError};

use crate::decide::Refusal;

/// Something that a person should look at.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct AlarmNote {
    /// Epoch it concerns; empty if none.
    pub(crate) epoch: String,
    /// Seq it concerns; 0 if none.
    pub(crate) seq: u64,
    /// Code, for machines.
    pub(crate) code: &'static str,
    /// Chinese sentence, for people.
    pub(crate) message: String,
}

/// The page says it in Chinese; what exactly was wrong is for whoever reads the log.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what has no word of its own is told as unreadable"
)]
pub(crate) fn bad_message(error: &WireError) -> AlarmNote {
    tracing::warn!(%error, "A message could not be read");
    let (code, message) = match error {
        WireError::UnknownVersion { .. } => (
            "unknown_version",
            "报文的协议版本平台不支持，已拒收；请先升级平台，盒子会重发",
        ),
        WireError::MessageTooLarge { .. }
        | WireError::TooMuchPlain { .. }
        | WireError::BodyTooLarge { .. } => (
            "too_large",
            "报文超过长度上限，已拒收；请检查盒子软件是否被改动",
        ),
        WireError::CountsDisagree { .. } | WireError::WrongRecordCount { .. } => (
            "counts_disagree",
            "报文头所写的序号、条数与内容不一致，已拒收，等待盒子重发",
        ),
        WireError::BadBoxName | WireError::BadEpoch => (
            "bad_name",
            "报文中的盒子名或编号段名不合规定，已拒收；请核对盒子的配置",
        ),
        WireError::BadCompression(_) => (
            "bad_compression",
            "报文无法解压，或解压后还有多余内容，已拒收，等待盒子重发",
        ),
        WireError::ListTooLong { .. } => (
            "list_too_long",
            "报文中的条目数超出规定，已拒收；请检查盒子软件是否被改动",
        ),
        _ => ("bad_message", "收到无法解析的报文，已丢弃，等待盒子重发"),
    };
    note(code, message)
}

fn note(code: &'static str, message: &str) -> AlarmNote {
    AlarmNote {
        epoch: String::new(),
        seq: 0,
        code,
        message: message.to_owned(),
    }
}

pub(crate) fn bad_text() -> AlarmNote {
    note(
        "bad_text",
        "报文中的文字含有不可见字符，已拒收；请核对盒子的配置",
    )
}

pub(crate) fn number_too_large(epoch: &str) -> AlarmNote {
    AlarmNote {
        epoch: epoch.to_owned(),
        ..note(
            "counts_disagree",
            "报文中的序号超出范围，已拒收；请检查盒子软件是否被改动",
        )
    }
}

pub(crate) fn foreign_site(due: &str, said: &str) -> AlarmNote {
    let message = format!("盒子登记的工地是 {due}，却自称 {said}，已拒收；请核对盒子的配置");
    note("foreign_site", &message)
}

pub(crate) fn barred() -> AlarmNote {
    note("barred", "盒子的证书已吊销，仍在发送数据，已拒收")
}

pub(crate) fn foreign(header: &Header) -> AlarmNote {
    AlarmNote {
        epoch: header.epoch.clone(),
        seq: header.from,
        code: "foreign_box",
        message: "报文头与主题不一致，已拒收；请检查盒子证书与配置".to_owned(),
    }
}

pub(crate) fn foreign_hello(claimed: &str) -> AlarmNote {
    AlarmNote {
        epoch: String::new(),
        seq: 0,
        code: "foreign_box",
        message: format!("盒子自称 {claimed}，与其证书不符，已拒收"),
    }
}

pub(crate) fn too_many_epochs() -> AlarmNote {
    AlarmNote {
        epoch: String::new(),
        seq: 0,
        code: "too_many_epochs",
        message: "盒子反复更换编号段，已拒收新的编号段；请检查盒子的存储".to_owned(),
    }
}

pub(crate) fn refused(header: &Header, refusal: Refusal) -> AlarmNote {
    AlarmNote {
        epoch: header.epoch.clone(),
        seq: refusal.seq,
        code: refusal.code.code(),
        message: refusal.code.message().to_owned(),
    }
}

/// Of the epoch as a whole: a hello and the comparison after it raise the same alarm once.
pub(crate) fn went_back(epoch: &str) -> AlarmNote {
    AlarmNote {
        epoch: epoch.to_owned(),
        seq: 0,
        code: "went_back",
        message: "盒子的数据比平台旧或与平台不同，可能恢复过旧备份；盒子会另起新的编号段"
            .to_owned(),
    }
}

/// A box refused something that it does not believe to be ours.
pub(crate) fn down_refused(report: &Report) -> AlarmNote {
    let code = report.code.unwrap_or(ResultCode::Other);
    note(
        "down_refused",
        &format!("盒子拒收了一份下发内容：{}", code.text()),
    )
}

pub(crate) fn city_went_back(hello: &Hello) -> AlarmNote {
    AlarmNote {
        epoch: hello.epoch.clone(),
        seq: hello.acked_through,
        code: "city_went_back",
        message: "平台的数据比平台确认过的少，平台可能恢复过旧备份；盒子会自动补传缺的记录"
            .to_owned(),
    }
}

pub(crate) fn other_key() -> AlarmNote {
    note(
        "other_device_key",
        "盒子报来的设备公钥与平台记下的不同：可能换过主板或密钥，也可能有人冒充；核实后用 menwei-city forget-device-key 换成新的",
    )
}

/// A checkpoint that is not to be believed.
pub(crate) fn bad_checkpoint((epoch, seq): (&str, u64), doubt: Doubt) -> AlarmNote {
    let why = match doubt {
        Doubt::Signature => "签名与内容不符，可能是伪造",
        Doubt::Key => "签名用的不是平台记下的那把设备密钥",
        Doubt::Place => "位置不对，它前面可能有增删",
        Doubt::Chain | Doubt::Root => "它签的账本与平台收到的不同",
    };
    AlarmNote {
        epoch: epoch.to_owned(),
        seq,
        ..note(
            "bad_checkpoint",
            &format!("盒子的账本签名不可信：{why}；平台没有会签，请查清谁动过这台盒子"),
        )
    }
}

/// A box found that the end of its ledger had been cut off.
pub(crate) fn end_lost((epoch, seq): (&str, u64), lost: &PreviousEpoch) -> AlarmNote {
    AlarmNote {
        epoch: epoch.to_owned(),
        seq,
        ..note(
            "end_lost",
            &format!(
                "盒子发现账本被动过：原来写到第 {} 条，启动时不在了；可能有人删改记录或换回旧文件，请查清",
                lost.last
            ),
        )
    }
}

/// A record is not what the box has.
pub(crate) fn differs((epoch, seq): (&str, u64)) -> AlarmNote {
    AlarmNote {
        epoch: epoch.to_owned(),
        seq,
        ..note(
            "record_differs",
            "每日核对发现这条记录在平台与在盒子上不同，其中一边被改过；请分别核对哈希链",
        )
    }
}
