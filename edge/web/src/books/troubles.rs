//! What a clerk looks into: refusals, odd passages, doors opened by hand, days that do not count.

use edge_domain::{
    AuditAct, AuditNote, DayMark, Direction, Dispute, PassageOutcome, WorkerId, disputes,
};
use edge_store::{ActKind, AuditLine, Reader, RecentAct};

use super::acts::verdict;
use super::directory::Listed;
use crate::error::SourceError;
use crate::view::Verdict;

/// What kind of look it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TroubleKind {
    /// The gate stayed closed.
    Denied,
    /// The gate opened, and somebody should look.
    Flagged,
    /// A body moved as it should not.
    Passage,
    /// A person opened by hand.
    Override,
    /// Movements that count for no day.
    Void,
    /// A face terminal told afterwards whom it had seen.
    Reported,
}

impl TroubleKind {
    /// All of them, in the order of the page.
    pub(crate) const ALL: [Self; 6] = [
        Self::Denied,
        Self::Flagged,
        Self::Passage,
        Self::Void,
        Self::Reported,
        Self::Override,
    ];

    /// Heading.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Denied => "没有放行",
            Self::Flagged => "放行了，要核实",
            Self::Passage => "通行不正常",
            Self::Override => "人工开闸",
            Self::Void => "有打卡但不计考勤",
            Self::Reported => "人脸机事后补报",
        }
    }

    /// What it means and what to do.
    pub(crate) fn hint(self) -> &'static str {
        match self {
            Self::Denied => "闸机没有开。资料补齐后，下一次刷卡就会放行。",
            Self::Flagged => "人已经进出，记录也算数；请核对是不是本人、资料是否过期。",
            Self::Passage => "尾随、逆行、未刷卡通过、开了闸没有人走。请调录像，或问当班门卫。",
            Self::Override => "由人按下开闸，不算任何人的考勤。请核对事由。",
            Self::Reported => {
                "考勤盒当时没有连着人脸机，事后才收到。没有为此开闸，也不计考勤；请向本人和班组长核实。"
            }
            Self::Void => "只进不出、只出不进或在场时间太短。请向本人和班组长核实。",
        }
    }

    /// Address of its part of the page.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Flagged => "flagged",
            Self::Passage => "passage",
            Self::Override => "override",
            Self::Void => "void",
            Self::Reported => "reported",
        }
    }

    /// Shape that tells the kind without color.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::Denied => "✖",
            Self::Flagged | Self::Passage | Self::Void | Self::Reported => "!",
            Self::Override => "◆",
        }
    }

    /// CSS class.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Denied => "bad",
            Self::Flagged | Self::Passage | Self::Void | Self::Reported => "warn",
            Self::Override => "plain",
        }
    }
}

/// One thing to look into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// What kind of look it needs.
    pub(crate) kind: TroubleKind,
    /// When it happened last, Unix ms.
    pub(crate) at_ms: i64,
    /// Whom it is about, where one was recognized.
    pub(crate) worker: Option<WorkerId>,
    /// His name; what to call him where there is none.
    pub(crate) name: String,
    /// Name of his team; empty where there is none.
    pub(crate) team: String,
    /// Lane by id; empty where it is about a day.
    pub(crate) lane: String,
    /// What happened.
    pub(crate) what: String,
    /// What to do now; empty where nothing is to be done.
    pub(crate) advice: String,
    /// How often the very same happened.
    pub(crate) times: u32,
    /// Names the pictures that are kept of it.
    pub(crate) pictures: Option<i64>,
}

impl Trouble {
    /// What an act has to be looked into for; `None` where all went as it should.
    pub(crate) fn of_act(act: &RecentAct) -> Option<Self> {
        let (kind, what, advice) = match verdict(act) {
            Verdict::Denied { reason, advice } => (TroubleKind::Denied, reason, advice),
            Verdict::Granted { notes } if notes.is_empty() => return None,
            Verdict::Granted { notes } => (granted(act), notes.join("；"), String::new()),
            Verdict::Override { note } => (TroubleKind::Override, note, String::new()),
            Verdict::Unannounced { note } => (TroubleKind::Passage, note, String::new()),
            Verdict::Reported { note } => (TroubleKind::Reported, note, String::new()),
            Verdict::Repeated => return None,
        };
        let way = match act.direction {
            Direction::In => "进",
            Direction::Out => "出",
        };
        let stranger = match kind {
            _ if act.is_visitor => "访客",
            TroubleKind::Denied | TroubleKind::Flagged | TroubleKind::Reported => "未登记人员",
            TroubleKind::Passage | TroubleKind::Override | TroubleKind::Void => "未知人员",
        };
        let name = act.name.as_ref().map(|name| name.reveal().to_owned());
        Some(Self {
            kind,
            at_ms: act.at,
            worker: act.worker,
            name: name.unwrap_or_else(|| stranger.to_owned()),
            team: act.team.clone().unwrap_or_default(),
            lane: act.lane.clone(),
            what: format!("{way}：{what}"),
            advice,
            times: 1,
            pictures: act.pictures,
        })
    }

    /// A day of a person that counts for nothing; `None` where it counts.
    pub(crate) fn of_day(person: &Listed, mark: DayMark, last_ms: i64) -> Option<Self> {
        let DayMark::Void(_) = mark else {
            return None;
        };
        Some(Self {
            kind: TroubleKind::Void,
            at_ms: last_ms,
            worker: Some(person.worker()),
            name: person.name().reveal().to_owned(),
            team: person.team.clone(),
            lane: String::new(),
            what: mark.text(),
            advice: String::new(),
            times: 1,
            pictures: None,
        })
    }

    /// What has pictures of its own stays a line of its own.
    fn is_same(&self, other: &Self) -> bool {
        self.pictures.is_none()
            && other.pictures.is_none()
            && (self.kind, self.worker, &self.name, &self.lane, &self.what)
                == (
                    other.kind,
                    other.worker,
                    &other.name,
                    &other.lane,
                    &other.what,
                )
    }
}

/// Every objection of the site, oldest first.
pub(crate) fn known_disputes(reader: &Reader) -> Result<Vec<Dispute>, SourceError> {
    let acts = reader.dispute_acts()?;
    Ok(disputes(acts.into_iter().filter_map(note)))
}

fn note(line: AuditLine) -> Option<(i64, AuditNote)> {
    let note = AuditNote {
        account: line.audit.account,
        what: AuditAct::from_code(&line.audit.what)?,
        worker: line.audit.worker.map(WorkerId),
        detail: line.audit.detail,
        reason: line.audit.reason,
    };
    Some((line.at_ms, note))
}

/// An odd passage after an admission that was in order is about the passage.
fn granted(act: &RecentAct) -> TroubleKind {
    let is_in_order =
        matches!(&act.what, ActKind::Presentation { reason: None, flags, .. } if flags.is_empty());
    let is_odd = act.passage.is_some_and(|one| one != PassageOutcome::Passed);
    if is_in_order && is_odd {
        TroubleKind::Passage
    } else {
        TroubleKind::Flagged
    }
}

/// The very same of one person at one lane becomes one line with its count, at the place of the
/// newest. `troubles` come newest first.
pub(crate) fn joined(troubles: impl IntoIterator<Item = Trouble>) -> Vec<Trouble> {
    let mut lines: Vec<Trouble> = Vec::new();
    for trouble in troubles {
        match lines.iter_mut().find(|line| line.is_same(&trouble)) {
            Some(line) => line.times = line.times.saturating_add(1),
            None => lines.push(trouble),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use edge_domain::{ClockQuality, PresentationResult};

    use super::*;

    fn act(result: PresentationResult, reason: Option<&str>, flags: &[&str]) -> RecentAct {
        RecentAct {
            seq: 7,
            at: 1_000,
            clock: ClockQuality::Synced,
            lane: "east-1".to_owned(),
            direction: Direction::In,
            worker: Some(WorkerId(3)),
            is_visitor: false,
            name: None,
            team: None,
            what: ActKind::Presentation {
                by: "005".to_owned(),
                result,
                reason: reason.map(str::to_owned),
                flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
                happened_ms: None,
            },
            passage: None,
            acknowledged: false,
            pictures: None,
        }
    }

    #[test]
    fn what_went_as_it_should_is_no_trouble() {
        use PresentationResult::{Denied, Granted, Repeated};
        let kind = |act: &RecentAct| Trouble::of_act(act).map(|one| one.kind);
        assert_eq!(kind(&act(Granted, None, &[])), None);
        assert_eq!(kind(&act(Repeated, None, &[])), None);
        let reported = act(PresentationResult::Reported, None, &[]);
        assert_eq!(kind(&reported), Some(TroubleKind::Reported));
        let denied = act(Denied, Some("training_missing"), &[]);
        assert_eq!(kind(&denied), Some(TroubleKind::Denied));
        assert_eq!(Trouble::of_act(&denied).unwrap().advice, "请到安全部");
        let flagged = act(Granted, None, &["age_refused"]);
        assert_eq!(kind(&flagged), Some(TroubleKind::Flagged));
        let mut followed = act(Granted, None, &[]);
        followed.passage = Some(PassageOutcome::Tailgated);
        assert_eq!(kind(&followed), Some(TroubleKind::Passage));
        followed.passage = Some(PassageOutcome::Passed);
        assert_eq!(kind(&followed), None);
        let mut body = act(Granted, None, &[]);
        body.what = ActKind::Unannounced;
        assert_eq!(kind(&body), Some(TroubleKind::Passage));
    }

    #[test]
    fn the_very_same_is_one_line() {
        let denied = act(PresentationResult::Denied, Some("training_missing"), &[]);
        let mut other = denied.clone();
        other.worker = Some(WorkerId(4));
        let lines = joined(
            [&denied, &other, &denied, &denied]
                .into_iter()
                .filter_map(Trouble::of_act),
        );
        let counts: Vec<_> = lines.iter().map(|line| (line.worker, line.times)).collect();
        assert_eq!(counts, [(Some(WorkerId(3)), 3), (Some(WorkerId(4)), 1)]);
        // Who is seen on a picture need not be the same one.
        let mut pictured = denied.clone();
        pictured.pictures = Some(1);
        let lines = joined(
            [&denied, &pictured, &denied]
                .into_iter()
                .filter_map(Trouble::of_act),
        );
        let counts: Vec<_> = lines
            .iter()
            .map(|line| (line.pictures, line.times))
            .collect();
        assert_eq!(counts, [(None, 2), (Some(1), 1)]);
    }
}
