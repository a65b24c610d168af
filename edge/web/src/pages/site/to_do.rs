//! 要办的事 on 今日: what waits for somebody of the office, with the way there.

use edge_domain::TeamId;

use super::people_page;
use crate::books::{Shelf, corrections, known_disputes};
use crate::error::{SourceError, WebError};
use crate::pages::layout::Layout;
use crate::state::WebState;

/// One kind of what waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToDo {
    /// What it is.
    pub(crate) word: &'static str,
    /// How many there are.
    pub(crate) count: usize,
    /// Their measure word.
    pub(crate) unit: &'static str,
    /// Where it is done.
    pub(crate) path: &'static str,
}

/// What waits for whoever looks at the page: of the pages that he may open, and of his own team where
/// he is bound to one.
pub(crate) async fn to_do(state: &WebState, layout: &Layout) -> Result<Vec<ToDo>, WebError> {
    let team = layout
        .account
        .as_ref()
        .and_then(|account| account.duty.team());
    let now_ms = state.now_ms();
    let all = state
        .books()
        .ask("count what waits for the office", move |shelf| {
            count(shelf, team, now_ms)
        })
        .await?;
    let opens = |one: &ToDo| {
        let page = one.path.split('?').next().unwrap_or_default();
        one.count > 0 && layout.opens(page)
    };
    Ok(all.into_iter().filter(opens).collect())
}

fn count(shelf: &mut Shelf, team: Option<TeamId>, now_ms: i64) -> Result<[ToDo; 4], SourceError> {
    let disputes = known_disputes(&shelf.reader)?;
    Ok([
        ToDo {
            word: "待审批补卡",
            count: corrections::waiting(shelf, team, now_ms)?.len(),
            unit: "件",
            path: "/corrections",
        },
        ToDo {
            word: "工人异议，等答复",
            count: disputes.iter().filter(|one| one.answer.is_none()).count(),
            unit: "件",
            path: "/troubles",
        },
        ToDo {
            word: "证件、合同、教育要办",
            count: people_page::count_due(shelf, now_ms)?,
            unit: "人",
            path: people_page::DUE_PATH,
        },
        ToDo {
            word: "平台收下但用不了",
            count: usize::try_from(shelf.reader.parked_count()?).unwrap_or(usize::MAX),
            unit: "条",
            path: "/upload",
        },
    ])
}
