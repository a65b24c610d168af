//! How a message ended, for the city and the clerk.

use serde::{Deserialize, Serialize};
use sync_wire::ctl::ReportTopic;
use sync_wire::down::{ResultCode, Series};
use sync_wire::{Report, RosterFault, VERSION, WireError};

const MESSAGE_CHARS_MAX: usize = 200;

/// Why a message was not carried out, or not wholly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The code.
    pub(super) code: ResultCode,
    /// What is known beyond it, in Chinese.
    pub(super) more: String,
}

impl Refusal {
    /// A code with nothing more to say.
    pub(super) fn bare(code: ResultCode) -> Self {
        Self::new(code, "")
    }

    /// A code and what is known beyond it.
    pub(super) fn new(code: ResultCode, more: impl Into<String>) -> Self {
        let more = more.into();
        Self { code, more }
    }

    /// A version that is not newer than the one held.
    pub(super) fn old_version(held: u64, sent: u64) -> Self {
        let more = format!("现用第 {held} 版，下发第 {sent} 版");
        Self::new(ResultCode::OldVersion, more)
    }

    /// A file that cannot be used.
    pub(super) fn bad_file(error: &WireError) -> Self {
        let WireError::BadRoster { line, fault } = error else {
            return Self::bare(ResultCode::BadRoster);
        };
        if matches!(fault, RosterFault::Digest | RosterFault::Truncated) {
            return Self::bare(ResultCode::WrongDigest);
        }
        let more = format!("第 {line} 行，{}", fault.text());
        Self::new(ResultCode::BadRoster, more)
    }

    fn message(&self) -> String {
        let colon = if self.more.is_empty() { "" } else { "：" };
        clipped(&format!("{}{colon}{}", self.code.text(), self.more))
    }
}

fn clipped(text: &str) -> String {
    text.chars().take(MESSAGE_CHARS_MAX).collect()
}

/// The message that is answered, as far as its signature vouches for it.
#[derive(Debug, Clone)]
pub(super) struct Address {
    /// The box.
    pub(super) box_id: String,
    /// The series that it came in.
    pub(super) series: Series,
    /// Its number and `type`.
    pub(super) named: Option<(u64, String)>,
}

impl Address {
    /// Carried out; `remark` is for people.
    pub(super) fn done(&self, remark: Option<&str>, sent_at: i64) -> Report {
        Report {
            message: remark.map(clipped),
            ..self.blank(sent_at)
        }
    }

    /// Not carried out, or not wholly.
    pub(super) fn refused(&self, refusal: &Refusal, sent_at: i64) -> Report {
        Report {
            ok: false,
            code: Some(refusal.code),
            message: Some(refusal.message()),
            ..self.blank(sent_at)
        }
    }

    fn blank(&self, sent_at: i64) -> Report {
        let (number, command) = self.named.clone().unzip();
        Report {
            v: VERSION,
            r#box: self.box_id.clone(),
            topic: match self.series {
                Series::Roster => ReportTopic::Roster,
                Series::Command => ReportTopic::Cmd,
            },
            number,
            command,
            ok: true,
            code: None,
            message: None,
            sent_at,
        }
    }
}

/// What was answered to the last message of a series that was dealt with.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct Dealt {
    /// Its number; 0 before the first.
    pub(super) number: u64,
    /// The answer, for a repetition.
    pub(super) report: Option<Report>,
}

impl Dealt {
    /// The setting that holds it.
    pub(super) fn setting(series: Series) -> &'static str {
        match series {
            Series::Roster => "down.dealt.roster",
            Series::Command => "down.dealt.cmd",
        }
    }
}
