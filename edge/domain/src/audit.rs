//! 操作留痕: what is kept of looking at masked data, taking data away, and changing accounts or rules.

use crate::ids::WorkerId;

/// What somebody did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditAct {
    /// Saw a number that is masked everywhere.
    NumberRevealed,
    /// Saw the picture or document of a correction.
    EvidenceSeen,
    /// Saw the pictures of a doubtful or mismatched face.
    PicturesSeen,
    /// A picture of a doubtful face was brought to the city.
    PictureSent,
    /// Took a spreadsheet away.
    Exported,
    /// Took a file of people in.
    Imported,
    /// Took such a file back.
    ImportUndone,
    /// Declared a time without work.
    Suspended,
    /// Made an account with a code of the box itself.
    AccountClaimed,
    /// Opened an account for somebody.
    AccountOpened,
    /// Gave an account a new code.
    AccountCode,
    /// Closed an account.
    AccountClosed,
    /// Set the password of his own account.
    PasswordSet,
    /// The numbers of the rules are others than before.
    PolicyChanged,
    /// A worker objected to his days or wages, with his own card.
    Disputed,
    /// Answered that.
    DisputeAnswered,
    /// Let a visitor in.
    VisitIssued,
    /// Ended a visit.
    VisitEnded,
}

impl AuditAct {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::NumberRevealed,
        Self::EvidenceSeen,
        Self::PicturesSeen,
        Self::PictureSent,
        Self::Exported,
        Self::Imported,
        Self::ImportUndone,
        Self::Suspended,
        Self::AccountClaimed,
        Self::AccountOpened,
        Self::AccountCode,
        Self::AccountClosed,
        Self::PasswordSet,
        Self::PolicyChanged,
        Self::Disputed,
        Self::DisputeAnswered,
        Self::VisitIssued,
        Self::VisitEnded,
    ];

    /// The code of the record body.
    pub fn code(self) -> &'static str {
        match self {
            Self::NumberRevealed => "number_revealed",
            Self::EvidenceSeen => "evidence_seen",
            Self::PicturesSeen => "pictures_seen",
            Self::PictureSent => "picture_sent",
            Self::Exported => "exported",
            Self::Imported => "imported",
            Self::ImportUndone => "import_undone",
            Self::Suspended => "suspended",
            Self::AccountClaimed => "account_claimed",
            Self::AccountOpened => "account_opened",
            Self::AccountCode => "account_code",
            Self::AccountClosed => "account_closed",
            Self::PasswordSet => "password_set",
            Self::PolicyChanged => "policy_changed",
            Self::Disputed => "disputed",
            Self::DisputeAnswered => "dispute_answered",
            Self::VisitIssued => "visit_issued",
            Self::VisitEnded => "visit_ended",
        }
    }

    /// The word on a page.
    pub fn text(self) -> &'static str {
        match self {
            Self::NumberRevealed => "查看完整号码",
            Self::EvidenceSeen => "查看补卡证明",
            Self::PicturesSeen => "查看门口照片",
            Self::PictureSent => "上传门口照片",
            Self::Exported => "导出",
            Self::Imported => "导入人员",
            Self::ImportUndone => "撤销导入",
            Self::Suspended => "申报停工",
            Self::AccountClaimed => "开通账号",
            Self::AccountOpened => "开账号",
            Self::AccountCode => "换开通码",
            Self::AccountClosed => "停用账号",
            Self::PasswordSet => "改密码",
            Self::PolicyChanged => "规则改变",
            Self::Disputed => "工人异议",
            Self::DisputeAnswered => "答复异议",
            Self::VisitIssued => "开访客卡",
            Self::VisitEnded => "结束访客",
        }
    }

    /// Reads a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// One such act. When it happened is the record's own time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditNote {
    /// The account; `None` where nobody was signed in.
    pub account: Option<String>,
    /// What it did.
    pub what: AuditAct,
    /// The worker whom it is about.
    pub worker: Option<WorkerId>,
    /// What exactly: which paper of which month, which account with which duty.
    pub detail: Option<String>,
    /// Why, where that was asked for.
    pub reason: Option<String>,
}
