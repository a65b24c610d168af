//! Who was on site at one minute: the question of an inspector, and the roll-call of an emergency.

use std::sync::Arc;

use edge_domain::Contact;
use edge_store::VisitLine;

use super::directory::Listed;
use super::standing::Outlook;
use crate::site_time::{hour_text, minute_text};

/// Somebody who was on site.
#[derive(Debug)]
pub(crate) struct Present {
    /// Who.
    pub(crate) person: Arc<Listed>,
    /// Since when, Unix ms.
    pub(crate) since_ms: i64,
    /// He went in longer ago than a stay can be: he may have left without a card.
    pub(crate) is_stale: bool,
    /// What the rules say about him at that minute, by today's papers.
    pub(crate) outlook: Outlook,
    /// Whom to call for him; told for the present only.
    pub(crate) contact: Option<Contact>,
}

impl Present {
    /// When he went in: `07:02`, with the day where it is long ago.
    pub(crate) fn since_text(&self) -> String {
        if self.is_stale {
            minute_text(self.since_ms)
        } else {
            hour_text(self.since_ms)
        }
    }
}

/// The site at one minute.
#[derive(Debug)]
pub(crate) struct Moment {
    /// Which, Unix ms.
    pub(crate) at_ms: i64,
    /// By team and name.
    pub(crate) present: Vec<Present>,
    /// Visitors who are inside, with since when in Unix ms.
    pub(crate) visitors: Vec<VisitLine>,
}
