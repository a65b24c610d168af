//! The figures and the last passages of the site's current day.

use super::MaskedName;

/// Today at one moment, as the ledger's read models tell it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TodayView {
    /// Newest ledger seq that these figures include; 0 when the ledger is empty.
    pub through: u64,
    /// Workers who are inside now.
    pub on_site: u64,
    /// Visitors who are inside now, beside them.
    pub visitors: u64,
    /// Different workers who came in today.
    pub entered_today: u64,
    /// Presentations refused today.
    pub denied_today: u64,
    /// Workers on the roster who may work here now; 0 means that nobody was registered yet.
    pub on_roster: u64,
    /// The last presentations and overrides, newest first.
    pub rows: Vec<PassageRow>,
}

/// One presentation, with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassageRow {
    /// Ledger seq of the presentation.
    pub seq: u64,
    /// When it happened, Unix milliseconds by the box's wall clock.
    pub at_ms: i64,
    /// False where the clock was not synced at that moment: the time is shown as presumed.
    pub time_is_sure: bool,
    /// Who; `None` for a card that is not on the roster or could not be read.
    pub name: Option<MaskedName>,
    /// He came with a visitor's card; then there is no name.
    pub is_visitor: bool,
    /// Team of the worker, in Chinese.
    pub team: Option<String>,
    /// The lane's name as the site calls it.
    pub lane: String,
    /// Which way.
    pub way: Way,
    /// What was decided, and why.
    pub verdict: Verdict,
    /// Whether the city has acknowledged it.
    pub uploaded: bool,
}

/// Direction through the lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Into the site.
    In,
    /// Out of the site.
    Out,
}

impl Way {
    /// The word on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::In => "进",
            Self::Out => "出",
        }
    }
}

/// What the gate did. Every text is Chinese and is shown as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Opened; `notes` are flags that the clerk should look at (may be empty).
    Granted {
        /// Flags in Chinese, such as `未比对`.
        notes: Vec<String>,
    },
    /// Stayed closed.
    Denied {
        /// Why.
        reason: String,
        /// What the worker or the clerk should do now.
        advice: String,
    },
    /// The same card again within the dedupe window; nothing more was opened.
    Repeated,
    /// A face terminal told it afterwards; nothing was opened.
    Reported {
        /// When it saw whom.
        note: String,
    },
    /// Opened by hand.
    Override {
        /// Who opened, and why.
        note: String,
    },
    /// A body moved without a presentation of its own.
    Unannounced {
        /// What it did.
        note: String,
    },
}

impl PassageRow {
    /// CSS class of the row.
    pub(crate) fn class(&self) -> &'static str {
        match &self.verdict {
            Verdict::Granted { notes } if notes.is_empty() => "granted",
            Verdict::Granted { .. } | Verdict::Reported { .. } | Verdict::Unannounced { .. } => {
                "flagged"
            }
            Verdict::Denied { .. } => "denied",
            Verdict::Repeated => "repeated",
            Verdict::Override { .. } => "override",
        }
    }

    /// Shape that tells the verdict without color.
    pub(crate) fn mark(&self) -> &'static str {
        match &self.verdict {
            Verdict::Granted { notes } if notes.is_empty() => "✔",
            Verdict::Granted { .. } | Verdict::Reported { .. } | Verdict::Unannounced { .. } => "!",
            Verdict::Denied { .. } => "✖",
            Verdict::Repeated => "↻",
            Verdict::Override { .. } => "◆",
        }
    }

    /// Word that tells the verdict without color or shape.
    pub(crate) fn word(&self) -> &'static str {
        match &self.verdict {
            Verdict::Granted { notes } if notes.is_empty() => "放行",
            Verdict::Granted { .. } => "放行·留意",
            Verdict::Denied { .. } => "拒绝",
            Verdict::Repeated => "重复刷",
            Verdict::Reported { .. } => "补报",
            Verdict::Override { .. } => "人工开闸",
            Verdict::Unannounced { .. } => "未刷卡",
        }
    }

    /// Name for the screen.
    pub(crate) fn name_text(&self) -> &str {
        match &self.name {
            Some(name) => name.as_str(),
            None if self.is_visitor => "访客",
            None => match &self.verdict {
                Verdict::Granted { .. }
                | Verdict::Denied { .. }
                | Verdict::Reported { .. }
                | Verdict::Repeated => "未登记人员",
                Verdict::Override { .. } | Verdict::Unannounced { .. } => "未知人员",
            },
        }
    }

    /// Reason, flags or remark; empty where there is nothing to say.
    pub(crate) fn note_text(&self) -> String {
        match &self.verdict {
            Verdict::Granted { notes } => notes.join("；"),
            Verdict::Denied { reason, .. } => reason.clone(),
            Verdict::Repeated => "3 秒内再次刷卡，只开一次闸".to_owned(),
            Verdict::Reported { note }
            | Verdict::Override { note }
            | Verdict::Unannounced { note } => note.clone(),
        }
    }

    /// What to do now; empty where nothing is to be done.
    pub(crate) fn advice_text(&self) -> &str {
        match &self.verdict {
            Verdict::Denied { advice, .. } => advice,
            Verdict::Granted { .. }
            | Verdict::Repeated
            | Verdict::Reported { .. }
            | Verdict::Override { .. }
            | Verdict::Unannounced { .. } => "",
        }
    }
}
