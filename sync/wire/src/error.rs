//! What can be wrong with bytes of the wire, and the codes under which a city parks a record.

use serde::{Deserialize, Serialize};

/// Why bytes of the wire were refused.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// A box name that is not 1 to 32 of `a-z 0-9 -`, starting with a letter or digit.
    #[error("box name is not 1 to 32 characters of a-z, 0-9 and '-'")]
    BadBoxName,
    /// An epoch that is not 16 lower-case hexadecimal characters.
    #[error("epoch is not 16 lower-case hexadecimal characters")]
    BadEpoch,
    /// A hash that is not 64 lower-case hexadecimal characters.
    #[error("hash is not 64 lower-case hexadecimal characters")]
    BadHash,
    /// A record body over 8 KiB (a carried one: over 8 KiB and 256 bytes).
    #[error("record body has {bytes} bytes, the limit is {limit}")]
    BodyTooLarge {
        /// Its length.
        bytes: usize,
        /// The limit for its kind.
        limit: usize,
    },
    /// A record body that is not one JSON object on one line.
    #[error("record body is not one compact JSON object")]
    BodyNotObject(#[source] Option<serde_json::Error>),
    /// A record of a kind that this version does not know.
    #[error("record kind {kind:?} is not known")]
    UnknownKind {
        /// The word in `kind`, cut to 64 characters.
        kind: String,
    },
    /// A field of a known kind is missing or has another type.
    #[error("record has a missing or wrong field")]
    BadField(#[source] serde_json::Error),
    /// A message over the limit of bytes as sent; refused before anything in it is read.
    #[error("message has {bytes} bytes, the limit is {limit}")]
    MessageTooLarge {
        /// Its length.
        bytes: usize,
        /// The limit for this kind of message.
        limit: usize,
    },
    /// The first line is not a header of this protocol.
    #[error("message has no readable header line")]
    BadHeader(#[source] Option<serde_json::Error>),
    /// A control message, acknowledgement or state that is not what its topic wants.
    #[error("message is not readable JSON of its kind")]
    BadMessage(#[source] serde_json::Error),
    /// A major version that this side does not speak.
    #[error("protocol version {version} is not spoken here")]
    UnknownVersion {
        /// Its `v`.
        version: u32,
    },
    /// A control message of a type that this version does not know: it is counted and ignored.
    #[error("message type {kind:?} is not known")]
    UnknownType {
        /// The word in `type`, cut to 64 characters.
        kind: String,
    },
    /// `from`, `to` and `n` do not agree, or are out of range.
    #[error("header says records {from} to {to} and a count of {count}")]
    CountsDisagree {
        /// Its `from`.
        from: u64,
        /// Its `to`.
        to: u64,
        /// Its `n`.
        count: u64,
    },
    /// The body does not hold as many records as the header says.
    #[error("header promises {promised} records, the body has another number")]
    WrongRecordCount {
        /// The header's `n`.
        promised: u64,
    },
    /// The body of a message cannot be decompressed.
    #[error("message body cannot be decompressed")]
    BadCompression(#[source] std::io::Error),
    /// The body is longer than any 200 records can be.
    #[error("message body has more than {limit} bytes when decompressed")]
    TooMuchPlain {
        /// The limit.
        limit: usize,
    },
    /// The hash over the records is not the header's `head`.
    #[error("records of the message do not lead from its prev to its head")]
    HeadMismatch,
    /// A list in a message is longer than allowed.
    #[error("{list} has {entries} entries, the limit is {limit}")]
    ListTooLong {
        /// Which list.
        list: &'static str,
        /// Its length.
        entries: usize,
        /// The limit.
        limit: usize,
    },
    /// A roster file that cannot be used.
    #[error("roster file cannot be used, line {line}: {fault}")]
    BadRoster {
        /// Which line, from 1; 0 where the whole is meant.
        line: u64,
        /// What is wrong.
        fault: RosterFault,
    },
    /// A public key that is not 64 lower-case hexadecimal characters of a sound point.
    #[error("key is not 64 lower-case hexadecimal characters of an Ed25519 public key")]
    BadKey,
    /// A topic that is not one of this protocol.
    #[error("topic is not one of this protocol")]
    BadTopic,
    /// Base64 that cannot be read, or of the wrong length.
    #[error("sealed text is not base64 of the right length")]
    BadSealText,
    /// Decryption failed: another key, another box or worker, or changed bytes.
    #[error("sealed data does not open with this key, box and worker")]
    CannotUnseal,
    /// Encryption failed: the plaintext is too long or the public key is not a point.
    #[error("data cannot be sealed")]
    CannotSeal,
    /// A value could not be written as JSON.
    #[error("value cannot be written as JSON")]
    NotSerializable(#[source] serde_json::Error),
}

/// What is wrong with a roster file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RosterFault {
    /// The first line is not a header of this version.
    Header,
    /// It is for another box, or of another version than the pointer says.
    OtherRoster,
    /// A line is not the JSON of a person.
    Line,
    /// A number that no document has.
    Number,
    /// A field that the operation needs is missing.
    Missing,
    /// The same person twice.
    Twice,
    /// More or fewer people than the header says.
    Count,
    /// More than 20,000 people.
    TooMany,
    /// A line or the file is longer than allowed, or longer than announced.
    TooLong,
    /// The file ends too early.
    Truncated,
    /// The digest is not the one that was signed.
    Digest,
}

impl RosterFault {
    /// The sentence that the labor clerk reads.
    pub fn text(self) -> &'static str {
        match self {
            Self::Header => "文件头无法识别",
            Self::OtherRoster => "文件不是给本设备的，或版本与平台通知不符",
            Self::Line => "有一行无法识别",
            Self::Number => "有一行的证件号码不合规则",
            Self::Missing => "有一行缺少必填内容",
            Self::Twice => "同一人出现两次",
            Self::Count => "人数与文件头不符",
            Self::TooMany => "人数超过 20000",
            Self::TooLong => "文件或其中一行超过允许的长度",
            Self::Truncated => "文件不完整",
            Self::Digest => "文件校验值与平台签名不符",
        }
    }
}

impl std::fmt::Display for RosterFault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Header => "no readable header",
            Self::OtherRoster => "another box or version",
            Self::Line => "not a person",
            Self::Number => "not a document number",
            Self::Missing => "a needed field is missing",
            Self::Twice => "the same person twice",
            Self::Count => "not as many people as the header says",
            Self::TooMany => "too many people",
            Self::TooLong => "too long",
            Self::Truncated => "ends too early",
            Self::Digest => "another digest than signed",
        })
    }
}

/// Why a city keeps a record aside (`parked`): it is stored and counted as received, and waits for
/// a person or an update. Nothing behind it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParkCode {
    /// The body is not one JSON object, or is longer than its kind may be.
    BadBody,
    /// `kind` is a word that this city does not know (a newer box).
    UnknownKind,
    /// A field of a known kind is missing, of another type, or outside its range.
    BadField,
    /// A code (trade, employer type, way of attendance) is in no table of the city.
    UnknownCode,
    /// The record refers to a worker, team or employer that the city does not have.
    UnknownReference,
    /// The sealed personal data cannot be opened with any key of the city.
    CannotUnseal,
    /// The record's time lies more than five minutes in the city's future.
    InFuture,
    /// Any other code: a newer city. The box shows the message that came with it.
    #[serde(other)]
    Other,
}

impl ParkCode {
    /// Every code of this version.
    pub const ALL: [Self; 8] = [
        Self::BadBody,
        Self::UnknownKind,
        Self::BadField,
        Self::UnknownCode,
        Self::UnknownReference,
        Self::CannotUnseal,
        Self::InFuture,
        Self::Other,
    ];

    /// Under which code a record is parked whose body was refused for this.
    pub fn of(refusal: &WireError) -> Self {
        match refusal {
            WireError::BodyTooLarge { .. } | WireError::BodyNotObject(_) => Self::BadBody,
            WireError::UnknownKind { .. } => Self::UnknownKind,
            WireError::BadField(_) => Self::BadField,
            WireError::BadSealText | WireError::CannotUnseal => Self::CannotUnseal,
            WireError::BadBoxName
            | WireError::BadEpoch
            | WireError::BadHash
            | WireError::MessageTooLarge { .. }
            | WireError::BadHeader(_)
            | WireError::BadMessage(_)
            | WireError::UnknownVersion { .. }
            | WireError::UnknownType { .. }
            | WireError::CountsDisagree { .. }
            | WireError::WrongRecordCount { .. }
            | WireError::BadCompression(_)
            | WireError::TooMuchPlain { .. }
            | WireError::HeadMismatch
            | WireError::ListTooLong { .. }
            | WireError::BadRoster { .. }
            | WireError::BadKey
            | WireError::BadTopic
            | WireError::CannotSeal
            | WireError::NotSerializable(_) => Self::Other,
        }
    }

    /// The sentence that the labor clerk reads.
    pub fn text(self) -> &'static str {
        match self {
            Self::BadBody => "记录格式损坏，平台已留存原文，请联系厂家",
            Self::UnknownKind => "平台暂不认识此类记录，平台升级后自动入库",
            Self::BadField => "记录缺少必填内容或内容不合规，请核对后补录",
            Self::UnknownCode => "工种或类型代码不在平台代码表内，请核对花名册",
            Self::UnknownReference => "平台还没有对应的工人、班组或单位，请先补报",
            Self::CannotUnseal => "人员信息无法解密，请联系平台更换密钥",
            Self::InFuture => "记录时间晚于平台时间，请检查设备时钟",
            Self::Other => "平台暂存未入库，请查看平台说明",
        }
    }
}
