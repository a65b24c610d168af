//! The state of the box as one snapshot: devices, clock, upload, ledger.

/// Everything that can be wrong with the box, at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HealthView {
    /// One lamp for each device, in the order of the site's configuration.
    pub devices: Vec<DeviceLamp>,
    /// How far the clock can be trusted.
    pub clock: ClockView,
    /// The way to the city.
    pub sync: SyncView,
    /// Whether records can be kept.
    pub ledger: LedgerView,
    /// Pictures on their way to the city; `None` where nothing is set that lets one go.
    pub photos: Option<PhotosView>,
}

/// Pictures of doubtful faces on their way to the city.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PhotosView {
    /// Why they may leave the box, as the settings say it.
    pub basis: String,
    /// Pictures that the city does not have yet.
    pub waiting: u64,
    /// Pictures that it does not take, whatever is done.
    pub refused: u64,
    /// When it last confirmed one since the start, Unix ms.
    pub sent_at_ms: Option<i64>,
    /// Why it did not work the last time, and what to do, in Chinese.
    pub problem: Option<String>,
}

/// One device of a lane or of the box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceLamp {
    /// Name as the site calls it, such as `1号进口读卡器`.
    pub name: String,
    /// Lane it belongs to.
    pub lane: Option<String>,
    /// Its state.
    pub state: LampState,
    /// What is wrong and what to do; `None` where all is well.
    pub remedy: Option<Remedy>,
}

/// State of a lamp; shown by shape and word, the color only repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LampState {
    /// Works.
    Ok,
    /// Answers, but reports a fault.
    Fault,
    /// Does not answer.
    Offline,
    /// Not heard of since the start.
    Unknown,
}

/// A fault in three sentences (Chinese, shown as they stand) with its code for the phone call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remedy {
    /// Short code such as `E-RD-02`; empty where there is none.
    pub code: String,
    /// What is wrong.
    pub cause: String,
    /// What it means for the people at the gate.
    pub effect: String,
    /// What to do.
    pub advice: String,
}

/// How far the box's clock can be trusted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClockView {
    /// Set by a trusted source.
    Synced,
    /// Was synced, runs on its own now.
    Holdover,
    /// Never set since the start.
    #[default]
    Unset,
}

/// State of the connection to the city.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LinkView {
    /// No city is configured.
    #[default]
    NotConfigured,
    /// Trying for the first time since the start.
    Connecting,
    /// Connected.
    Online,
    /// The connection broke or cannot be made.
    Offline,
}

/// The way to the city.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncView {
    /// State of the connection.
    pub link: LinkView,
    /// Records that the city has not acknowledged.
    pub backlog: u64,
    /// When the oldest of them happened, Unix milliseconds.
    pub oldest_at_ms: Option<i64>,
    /// When the last acknowledgement came, Unix milliseconds.
    pub last_ack_at_ms: Option<i64>,
    /// Contiguous seq that the city acknowledged in the current epoch.
    pub acked_through: u64,
    /// Records that the city stored but could not use.
    pub parked: u64,
    /// Why there is no connection, in Chinese.
    pub remedy: Option<Remedy>,
    /// What the city sent and the box did not carry out, the last of it.
    pub refused: Option<DownRefusal>,
}

/// Something that the city sent and that was not carried out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DownRefusal {
    /// When, Unix milliseconds.
    pub at_ms: i64,
    /// Code of the protocol, such as `wrong_signature`.
    pub code: String,
    /// Why and what to do, in Chinese.
    pub message: String,
    /// Refusals so far, of all codes.
    pub count: u64,
}

/// Whether records can be kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LedgerView {
    /// Commits work.
    #[default]
    Writable,
    /// Commits fail: entry is closed, exit is open and counted.
    Failing(Remedy),
}

impl LampState {
    /// CSS class.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Fault => "fault",
            Self::Offline => "offline",
            Self::Unknown => "unknown",
        }
    }

    /// Shape.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::Ok => "✔",
            Self::Fault => "!",
            Self::Offline => "✖",
            Self::Unknown => "?",
        }
    }

    /// Word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ok => "正常",
            Self::Fault => "故障",
            Self::Offline => "离线",
            Self::Unknown => "未知",
        }
    }
}

impl ClockView {
    /// CSS class, shared with the lamps.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Synced => "ok",
            Self::Holdover => "fault",
            Self::Unset => "offline",
        }
    }

    /// Shape.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::Synced => "✔",
            Self::Holdover => "!",
            Self::Unset => "✖",
        }
    }

    /// Word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Synced => "可信",
            Self::Holdover => "推定",
            Self::Unset => "不可信",
        }
    }

    /// What it means and what to do.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            Self::Synced => "已与标准时间对时。",
            Self::Holdover => {
                "暂时没有对时来源，时间按本机走时推算，打卡照常。恢复网络后会自动对时。"
            }
            Self::Unset => {
                "开机后还没有对过时，打卡照常记录并作标记，对时后再换算。请接通网络，或请运维检查时钟电池。"
            }
        }
    }
}

impl HealthView {
    /// How many lamps are not `Ok`.
    pub(crate) fn lamps_not_ok(&self) -> usize {
        self.devices
            .iter()
            .filter(|lamp| lamp.state != LampState::Ok)
            .count()
    }
}
