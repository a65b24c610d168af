//! The loop of the reader on the desk.

use std::sync::Arc;

use drivers_idcard::{PollSettings, ReaderEvent, ReaderSettings};
use drivers_link::{Jitter, LinkOpener, SystemLinks};
use edge_domain::Credential;
use edge_web::{DeskCard, DeskReader, Remedy};
use tokio::sync::mpsc;

use crate::config::DeskReaderConfig;
use crate::health::{DeviceNews, HealthNews};
use crate::lane::{ReaderEffects, credential, reader_lamp, remedy};
use crate::people::random;

/// Events of the reader that wait at most; a full queue stops it from being asked.
const EVENTS_MAX: usize = 8;

const ON_THE_DESK: ReaderEffects = ReaderEffects {
    dead: "办公室刷不了卡，登记和找人要手打；闸机照常",
    doubtful: "办公室可能刷不了卡，登记和找人可以手打；闸机照常",
    swapped,
};

/// Reads cards for ever; a reader that is silent is tried again by its driver, and its lamp says so.
pub(crate) async fn read_cards(
    config: &DeskReaderConfig,
    desk: &DeskReader,
    news: &mpsc::Sender<HealthNews>,
) {
    let (events, mut heard) = mpsc::channel(EVENTS_MAX);
    let jitter: Jitter = Arc::new(|| random::<4>().map_or(0, u32::from_le_bytes));
    let settings = ReaderSettings {
        address: config.link.clone(),
        poll: PollSettings {
            find_interval_ms: config.find_interval_ms.into(),
            ..PollSettings::default()
        },
        jitter,
    };
    let opener: Arc<dyn LinkOpener> = Arc::new(SystemLinks::default());
    let told = async {
        while let Some(event) = heard.recv().await {
            if let Some(lamp) = lamp(&config.name, &event)
                && news.send(lamp).await.is_err()
            {
                tracing::warn!("Health news lost");
            }
            if let Some(card) = card(&event) {
                let is_told = desk.read(card);
                tracing::debug!(is_told, "A card on the desk");
            }
        }
    };
    tokio::join!(drivers_idcard::run(settings, opener, events), told);
}

fn lamp(device: &str, event: &ReaderEvent) -> Option<HealthNews> {
    let (state, remedy, identity) = reader_lamp(device, &ON_THE_DESK, event)?;
    Some(HealthNews::Device(DeviceNews {
        device: device.to_owned(),
        lane: None,
        state,
        remedy,
        identity,
    }))
}

fn card(event: &ReaderEvent) -> Option<DeskCard> {
    Some(match event {
        ReaderEvent::Card(card) => match credential(&card.text) {
            Credential::IdCard(document) => DeskCard::Document(Box::new(document)),
            Credential::IcCard(_) | Credential::Face { .. } | Credential::Unreadable { .. } => {
                DeskCard::Unreadable
            }
        },
        ReaderEvent::ReadFailed { .. } => DeskCard::Unreadable,
        ReaderEvent::Online { .. }
        | ReaderEvent::Offline { .. }
        | ReaderEvent::Arriving
        | ReaderEvent::NewAddress { .. }
        | ReaderEvent::Removed
        | ReaderEvent::IdentityChanged { .. }
        | ReaderEvent::Senseless { .. }
        | ReaderEvent::Fatal { .. } => return None,
    })
}

fn swapped() -> Remedy {
    remedy(
        "E-RD-02",
        "换了一台读卡器，或与闸机读卡器的线插反了",
        "在闸机刷卡可能只填办公室的表，不开闸",
        "核对接线：插错了就换回来，自动恢复；确实换了新读卡器，就重启考勤盒，提示消失",
    )
}

#[cfg(test)]
mod tests {
    use drivers_link::LinkCause;
    use edge_web::LampState;

    use super::*;

    #[test]
    fn a_silent_reader_has_a_lamp_of_its_own_and_no_lane() {
        let event = ReaderEvent::Offline {
            cause: LinkCause::Unplugged,
            why: String::new(),
        };
        let Some(HealthNews::Device(news)) = lamp("办公室读卡器", &event) else {
            panic!("no lamp");
        };
        assert_eq!((news.lane, news.state), (None, LampState::Offline));
        let remedy = news.remedy.unwrap();
        assert!(remedy.effect.contains("闸机照常"), "{remedy:?}");
        assert!(remedy.advice.contains("插好"), "{remedy:?}");
        assert_eq!(card(&event), None);
        assert!(lamp("办公室读卡器", &ReaderEvent::Removed).is_none());
    }
}
