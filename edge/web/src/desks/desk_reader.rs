//! The card reader on the office's desk: the page that asked last hears of a card, nobody else does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edge_domain::IdDocument;
use tokio::sync::mpsc;

/// Cards that wait for a page that is busy with the one before; more are forgotten.
const WAITING_MAX: usize = 2;

/// A card that was put on the reader of the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskCard {
    /// What stands on it.
    Document(Box<IdDocument>),
    /// No identity card, one that could not be read, or one whose data make no sense.
    Unreadable,
}

/// The reader on the office's desk. It keeps no card: what no page waits for is gone at once.
#[derive(Debug, Clone)]
pub struct DeskReader {
    name: String,
    waits: Arc<Mutex<Option<mpsc::Sender<DeskCard>>>>,
}

impl DeskReader {
    /// A reader of this name, for which no page waits yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            waits: Arc::default(),
        }
    }

    /// What the site calls it; its lamp has the same name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A card was read. Answers false where no page waits for it: then it is forgotten.
    pub fn read(&self, card: DeskCard) -> bool {
        let mut waits = self.waits();
        let told = waits.as_ref().is_some_and(|page| {
            // A page that is busy hears of the next one; a page that is gone waits no more.
            page.try_send(card).is_ok()
        });
        if waits.as_ref().is_some_and(mpsc::Sender::is_closed) {
            *waits = None;
        }
        told
    }

    /// Cards from now on, until the next page asks: there is one reader, and a card that filled two
    /// forms would fill the wrong one.
    pub(crate) fn wait(&self) -> mpsc::Receiver<DeskCard> {
        let (page, cards) = mpsc::channel(WAITING_MAX);
        *self.waits() = Some(page);
        cards
    }

    fn waits(&self) -> MutexGuard<'_, Option<mpsc::Sender<DeskCard>>> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_page_that_asked_last_hears_of_a_card_and_nobody_keeps_one() {
        let reader = DeskReader::new("办公室读卡器");
        assert!(!reader.read(DeskCard::Unreadable), "nobody waits");
        let mut first = reader.wait();
        assert_eq!(first.try_recv(), Err(mpsc::error::TryRecvError::Empty));
        assert!(reader.read(DeskCard::Unreadable));
        assert_eq!(first.recv().await, Some(DeskCard::Unreadable));

        let mut second = reader.wait();
        assert_eq!(
            first.recv().await,
            None,
            "the first page is told that it is over"
        );
        assert!(reader.read(DeskCard::Unreadable));
        assert_eq!(second.recv().await, Some(DeskCard::Unreadable));
        for _ in 0..WAITING_MAX {
            assert!(reader.read(DeskCard::Unreadable));
        }
        assert!(!reader.read(DeskCard::Unreadable), "more than wait");
        drop(second);
        assert!(!reader.read(DeskCard::Unreadable), "the page is gone");
        assert!(reader.waits().is_none());
    }
}
