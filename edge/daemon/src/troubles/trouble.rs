//! The words for each trouble, and the setting in which a running box leaves them for
//! `menwei status`.

use std::collections::BTreeMap;

use edge_store::{Reader, StoreError};
use edge_web::Remedy;
use serde::{Deserialize, Serialize};

/// The setting that holds the troubles of the running box, as JSON.
const SETTING: &str = "box.troubles";

/// The lamp of the file that the check after an unclean stop found damaged.
pub(crate) const DAMAGED: &str = "账本检查";
/// Its code.
pub(crate) const DAMAGED_CODE: &str = "E-DB-04";

/// The lamp of a city that wants another ledger again and again.
pub(crate) const FORKS: &str = "平台对账";
/// Its code, also in the record.
pub(crate) const FORKS_TOO_OFTEN: &str = "E-DB-05";

/// The lamp of records that cannot be read when they are to go to the city.
pub(crate) const UNREADABLE: &str = "账本读取";
/// Its code.
pub(crate) const UNREADABLE_CODE: &str = "E-DB-06";

/// The lamp of the daily files that cannot be written.
pub(crate) const DAILY: &str = "每日副本";
/// Its code, also in the record.
pub(crate) const DAILY_CODE: &str = "E-DB-08";

/// Troubles by the names of their lamps, as they stand in the ledger's file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Told(pub(crate) BTreeMap<String, Trouble>);

/// One of them, in Chinese.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trouble {
    /// Short code.
    pub(crate) code: String,
    /// What is wrong.
    pub(crate) cause: String,
    /// What it means at the gate.
    pub(crate) effect: String,
    /// What to do.
    pub(crate) advice: String,
}

impl Told {
    /// The name of its setting, and its text there.
    pub(crate) fn setting(&self) -> (&'static str, String) {
        let text = serde_json::to_string(self).unwrap_or_default();
        (SETTING, text)
    }
}

/// What the box told last, running or not.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) fn told(reader: &Reader) -> Result<Told, StoreError> {
    let text = reader.setting(SETTING)?;
    Ok(text
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default())
}

impl Trouble {
    /// One line for the terminal.
    pub(crate) fn tell(&self, name: &str) -> String {
        let Self {
            code,
            cause,
            effect,
            advice,
        } = self;
        format!("告警 {code}：{name}：{cause}。影响：{effect}。怎么办：{advice}")
    }
}

impl From<Remedy> for Trouble {
    fn from(remedy: Remedy) -> Self {
        Self {
            code: remedy.code,
            cause: remedy.cause,
            effect: remedy.effect,
            advice: remedy.advice,
        }
    }
}

impl From<Trouble> for Remedy {
    fn from(trouble: Trouble) -> Self {
        Self {
            code: trouble.code,
            cause: trouble.cause,
            effect: trouble.effect,
            advice: trouble.advice,
        }
    }
}

/// The check of the file found pages that are not what was written.
pub(crate) fn damaged() -> Remedy {
    Remedy {
        code: DAMAGED_CODE.to_owned(),
        cause: "上次没有正常停机，检查发现账本文件有损坏".to_owned(),
        effect: "闸机照常；损坏处的旧记录可能读不出、传不上去".to_owned(),
        advice: "不要删除文件，备份后用 menwei verify 查明第一处损坏，并联系运维".to_owned(),
    }
}

/// So many records cannot be read when they are to go to the city.
pub(crate) fn unreadable(records: u64) -> Remedy {
    Remedy {
        code: UNREADABLE_CODE.to_owned(),
        cause: format!("账本里有 {records} 条记录读不出来，存储可能有损坏"),
        effect: "打卡照常；其余记录照常上传，这几条暂不上传，每十分钟自动再试".to_owned(),
        advice: "不要删除文件；尽快备份并用 menwei verify 查明损坏处，更换存储卡，并联系运维"
            .to_owned(),
    }
}

/// The daily files of the ledger cannot be written; `why` in Chinese.
pub(crate) fn daily_fails(why: &str) -> Remedy {
    Remedy {
        code: DAILY_CODE.to_owned(),
        cause: format!("账本的每日副本写不进去：{why}"),
        effect: "打卡照常，记录都在账本里；账本若在此期间损坏，没上传的记录无法从副本找回"
            .to_owned(),
        advice: "清理磁盘，或检查账本旁的 -daily 文件夹和存储卡；恢复后自动补写".to_owned(),
    }
}

/// The city wants another epoch again, before the pause is over (`until`, Unix ms).
pub(crate) fn forks_too_often(until: i64) -> Remedy {
    let at = jiff::Timestamp::from_millisecond(until).unwrap_or_default();
    let until = jiff::tz::offset(8).to_datetime(at);
    let until = until.strftime("%m月%d日%H:%M");
    Remedy {
        code: FORKS_TOO_OFTEN.to_owned(),
        cause: "平台一再说本机账本与它的不同，要求另起新账本，可能是平台出错或有人冒充平台"
            .to_owned(),
        effect: format!(
            "打卡照常，记录都在本机；{until}以前不再另起账本，暂不上传，平台改口后自动补传"
        ),
        advice: "请联系平台核实它的数据，并查清有没有第二台设备用着同一份账本".to_owned(),
    }
}

/// A part of the office ended and is begun again and again; `part` and `why` in Chinese.
pub(crate) fn part_ended(part: &str, why: &str) -> Remedy {
    Remedy {
        code: "E-SV-01".to_owned(),
        cause: format!("{part}停了：{why}"),
        effect: "打卡照常记录；正在自动重新启动这一部分".to_owned(),
        advice: "几分钟后还不恢复，请把日志交给运维".to_owned(),
    }
}

/// The screen has no port.
pub(crate) fn screen_port(why: &str) -> Remedy {
    Remedy {
        code: "E-SV-02".to_owned(),
        cause: why.to_owned(),
        effect: "打卡照常记录，网页打不开".to_owned(),
        advice: "停掉占用端口的程序，或改 screen.listen；会自动再试".to_owned(),
    }
}
