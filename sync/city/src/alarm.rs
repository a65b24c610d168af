//! What a person is told when something is not as it must be.

use sync_wire::{Header, Hello, WireError};

use crate::db::AlarmNote;
use crate::decide::RefusalCode;

/// The page says it in Chinese; what exactly was wrong is for whoever reads the log.
pub(crate) fn bad_message(error: &WireError) -> AlarmNote {
    tracing::warn!(%error, "A message could not be read");
    AlarmNote {
        epoch: String::new(),
        seq: 0,
        code: "bad_message",
        message: "收到无法解析的报文，已丢弃，等待盒子重发".to_owned(),
    }
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

pub(crate) fn refused(header: &Header, code: RefusalCode, seq: u64) -> AlarmNote {
    let (epoch, message) = (header.epoch.clone(), code.message().to_owned());
    AlarmNote {
        epoch,
        seq,
        code: code.code(),
        message,
    }
}

pub(crate) fn went_back(hello: &Hello) -> AlarmNote {
    AlarmNote {
        epoch: hello.epoch.clone(),
        seq: hello.last,
        code: "went_back",
        message: "盒子的数据比平台旧或与平台不同，可能恢复过旧备份；盒子会另起新的编号段"
            .to_owned(),
    }
}
