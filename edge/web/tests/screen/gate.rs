//! The screen of a gate.

use edge_domain::{Denial, Direction, Display, PersonName};
use reqwest::StatusCode;
use tokio::time::{Duration, Instant};

use crate::browser::{Live, browser, page};
use crate::site::{MORNING_MS, Site};

fn granted(name: &str) -> Display {
    Display::Granted {
        name: PersonName::parse(name).ok(),
        worker: None,
        direction: Direction::In,
        at_ms: MORNING_MS,
        flags: Vec::new(),
        despite: None,
    }
}

fn show(site: &Site, display: &Display, ago: Duration) {
    let at = Instant::now().checked_sub(ago).unwrap();
    site.gate
        .send_modify(|shown| *shown = shown.followed_by(display, at));
}

#[tokio::test]
async fn the_screen_shows_what_stands_now_and_nothing_of_before() {
    let (site, client) = (Site::start().await, browser());
    show(&site, &granted("单雄信"), Duration::ZERO);
    let mut live = Live::open_at(&client, &site, "/gate/gate-1/events", None).await;
    let seen = live.until("event: hb").await;
    assert!(seen.contains("单雄信") && seen.contains("请通行"), "{seen}");
    let denied = Display::Denied {
        name: PersonName::parse("仇和").ok(),
        denial: Denial::NotOnRoster,
    };
    show(&site, &denied, Duration::ZERO);
    let seen = live.until("data-tone=\"idle\"").await;
    assert!(seen.contains("未登记"), "{seen}");
    assert!(!seen.contains("仇和"), "{seen}");
    // Whoever connects later learns nothing of who passed.
    show(&site, &granted("单雄信"), Duration::from_secs(3));
    let mut live = Live::open_at(&client, &site, "/gate/gate-1/events", None).await;
    let seen = live.until("event: hb").await;
    assert!(!seen.contains("单雄信"), "{seen}");
    assert_eq!(seen.matches("event: scene").count(), 1, "{seen}");
    let html = page(&client, &site, "/gate/gate-1").await;
    assert!(!html.text().await.unwrap().contains("单雄信"));
    let nowhere = page(&client, &site, "/gate/gate-9/events").await;
    assert_eq!(nowhere.status(), StatusCode::NOT_FOUND);
}
