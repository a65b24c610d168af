//! The worker's own views that are open: one at each reader, each until its time is over.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use edge_domain::WorkerId;
use tokio::time::{Duration, Instant};

use super::session::Token;
use crate::error::WebError;

/// How long a view stands from its card, or from the last touch.
const VIEW_MAX: Duration = Duration::from_secs(30);
/// How long it stands at all: whoever reads longer puts his card on again.
const VIEW_WHOLE_MAX: Duration = Duration::from_mins(3);

#[derive(Debug)]
struct View {
    token: String,
    worker: WorkerId,
    /// When his card was read.
    card_at: Instant,
    ends: Instant,
}

/// The views, by lane.
#[derive(Debug, Default)]
pub(crate) struct OpenViews(Mutex<BTreeMap<String, View>>);

impl OpenViews {
    fn views(&self) -> MutexGuard<'_, BTreeMap<String, View>> {
        let mut views = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        views.retain(|_, view| view.ends > now);
        views
    }

    /// Opens the view of a card that was read at `at`; `None` where that is too long ago. The one
    /// before at this reader is over. Two windows on one screen share a view.
    pub(crate) fn open(
        &self,
        lane: &str,
        worker: WorkerId,
        at: Instant,
    ) -> Result<Option<String>, WebError> {
        if at.elapsed() >= VIEW_MAX {
            return Ok(None);
        }
        let mut views = self.views();
        if let Some(view) = views.get(lane).filter(|view| view.card_at == at) {
            return Ok(Some(view.token.clone()));
        }
        let token = Token::random()?.reveal().to_owned();
        let view = View {
            token: token.clone(),
            worker,
            card_at: at,
            ends: at + VIEW_MAX,
        };
        views.insert(lane.to_owned(), view);
        Ok(Some(token))
    }

    /// Whose view `token` is, which stands on; `None` where it is over.
    pub(crate) fn stay(&self, lane: &str, token: &str) -> Option<WorkerId> {
        let mut views = self.views();
        let view = views.get_mut(lane).filter(|view| view.token == token)?;
        view.ends = (Instant::now() + VIEW_MAX).min(view.card_at + VIEW_WHOLE_MAX);
        Some(view.worker)
    }

    /// When that view ends; `None` where it is over.
    pub(crate) fn ends(&self, lane: &str, token: &str) -> Option<Instant> {
        let views = self.views();
        let view = views.get(lane).filter(|view| view.token == token)?;
        Some(view.ends)
    }

    /// It is over.
    pub(crate) fn close(&self, lane: &str, token: &str) {
        let mut views = self.views();
        if views.get(lane).is_some_and(|view| view.token == token) {
            views.remove(lane);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZHANG: WorkerId = WorkerId(17);
    const LI: WorkerId = WorkerId(18);

    #[tokio::test(start_paused = true)]
    async fn a_view_is_opened_by_a_fresh_card_only_and_goes_by_itself() {
        let views = OpenViews::default();
        let first = views.open("desk", ZHANG, Instant::now()).unwrap().unwrap();
        assert_eq!(views.stay("desk", "guess"), None);
        assert_eq!(
            views.stay("gate-1", &first),
            None,
            "another reader's screen"
        );
        tokio::time::advance(Duration::from_secs(29)).await;
        assert_eq!(views.stay("desk", &first), Some(ZHANG));
        tokio::time::advance(Duration::from_secs(29)).await;
        assert!(views.ends("desk", &first).is_some());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(views.stay("desk", &first), None, "his time is over");
        let late = Instant::now();
        tokio::time::advance(VIEW_MAX).await;
        assert_eq!(views.open("desk", ZHANG, late).unwrap(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_card_ends_the_view_before_and_nobody_reads_for_ever() {
        let views = OpenViews::default();
        let first = views.open("desk", ZHANG, Instant::now()).unwrap().unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        let second = views.open("desk", LI, Instant::now()).unwrap().unwrap();
        assert_eq!(views.stay("desk", &first), None);
        for _ in 0..8 {
            assert_eq!(views.stay("desk", &second), Some(LI));
            tokio::time::advance(Duration::from_secs(25)).await;
        }
        assert_eq!(views.stay("desk", &second), None);
    }
}
