//! How a message from the city ended.

use serde::{Deserialize, Serialize};

/// Why a signed message was not carried out. The word goes up in a `result`, the text is for the
/// clerk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultCode {
    /// Not one line of JSON and a signature, too long, or a field is missing or wrong.
    Unreadable,
    /// The signature is not the pinned city's.
    WrongSignature,
    /// It names another box.
    OtherBox,
    /// Its number was used already by another message of the series.
    OldNumber,
    /// The very message that the box dealt with last: nothing is done, its result is sent again.
    Repeated,
    /// Its time is over.
    Expired,
    /// A `type` that this box does not know, or that does not belong on this topic.
    UnknownType,
    /// The box has no key of the city to check it with.
    NoKey,
    /// The roster or policy is not newer than the one in force.
    OldVersion,
    /// A change of a roster that the box does not have: the city sends a whole one.
    WrongBase,
    /// The roster file cannot be fetched; the box goes on trying until the pointer expires.
    CannotFetch,
    /// The file is not the one that was signed.
    WrongDigest,
    /// The file cannot be read as a roster of this box and version.
    BadRoster,
    /// A value of the policy is outside its range.
    BadPolicy,
    /// The box has no worker with this number.
    UnknownWorker,
    /// The ledger could not commit it.
    NotStored,
    /// Any other code: a newer box.
    #[serde(other)]
    Other,
}

impl ResultCode {
    /// Every code of this version.
    pub const ALL: [Self; 17] = [
        Self::Unreadable,
        Self::WrongSignature,
        Self::OtherBox,
        Self::OldNumber,
        Self::Repeated,
        Self::Expired,
        Self::UnknownType,
        Self::NoKey,
        Self::OldVersion,
        Self::WrongBase,
        Self::CannotFetch,
        Self::WrongDigest,
        Self::BadRoster,
        Self::BadPolicy,
        Self::UnknownWorker,
        Self::NotStored,
        Self::Other,
    ];

    /// The sentence that the labor clerk reads.
    pub fn text(self) -> &'static str {
        match self {
            Self::Unreadable => "平台下发的内容无法识别，未执行，请联系平台",
            Self::WrongSignature => {
                "平台下发的内容签名不符，可能不是平台所发，未执行，请联系平台核实"
            }
            Self::OtherBox => "平台下发的内容是发给另一台设备的，未执行",
            Self::OldNumber => "平台下发的内容编号过旧，可能被重放，未执行",
            Self::Repeated => "平台重复下发了同一内容，已处理过，不再执行",
            Self::Expired => "平台下发的内容已过有效期，未执行；请检查设备时钟，并请平台重新下发",
            Self::UnknownType => "本设备不认识平台下发的这类内容，未执行，请升级设备程序",
            Self::NoKey => "本设备未登记平台的签名公钥，不执行平台下发的内容，请在设置中填写公钥",
            Self::OldVersion => "平台下发的版本不比现用的新，未采用",
            Self::WrongBase => {
                "平台下发的是增量花名册，与本机现用版本接不上，等待平台下发完整花名册"
            }
            Self::CannotFetch => "花名册文件下载不成，正在重试，现用花名册继续有效；请检查网络",
            Self::WrongDigest => {
                "花名册文件与平台签名不一致，已丢弃，现用花名册继续有效，请联系平台"
            }
            Self::BadRoster => "花名册文件内容有误，已丢弃，现用花名册继续有效，请联系平台",
            Self::BadPolicy => "平台下发的规则有数值超出范围，未采用，现用规则继续有效，请联系平台",
            Self::UnknownWorker => "平台要停用的工人不在本机花名册中，其余人员已停用，请与平台核对",
            Self::NotStored => "本机账本暂时写不进去，平台下发的内容未能记录，排除故障后会再次执行",
            Self::Other => "设备未执行平台下发的内容，请查看设备说明",
        }
    }
}
