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
        visit_until_ms: None,
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

#[tokio::test]
async fn a_name_is_said_as_long_as_it_stands_and_no_address_holds_one() {
    let (site, client) = (Site::start().await, browser());
    show(&site, &granted("单雄信"), Duration::ZERO);
    let mut live = Live::open_at(&client, &site, "/gate/gate-1/events", None).await;
    let seen = live.until("event: hb").await;
    assert!(
        seen.contains("data-line=\"请通行\" data-name=\"1\""),
        "{seen}"
    );
    let told = page(&client, &site, "/gate/gate-1/voice/1").await;
    assert_eq!(told.headers()["content-type"], "audio/wav");
    assert_eq!(told.text().await.unwrap(), "单雄信");
    let told = page(&client, &site, "/voice/请通行").await;
    assert_eq!(told.text().await.unwrap(), "请通行");
    for path in [
        "/voice/单雄信",
        "/gate/gate-1/voice/0",
        "/gate/gate-2/voice/1",
    ] {
        let nothing = page(&client, &site, path).await;
        assert_eq!(nothing.status(), StatusCode::NOT_FOUND, "{path}");
    }
    // A refusal says why, and to nobody by name; what stood before it is said no more.
    let denied = Display::Denied {
        name: PersonName::parse("仇和").ok(),
        denial: Denial::NotOnRoster,
    };
    show(&site, &denied, Duration::ZERO);
    let seen = live.until("data-tone=\"deny\"").await;
    let said = format!("data-line=\"{}\">", Denial::NotOnRoster.voice());
    assert!(seen.contains(&said), "{seen}");
    for path in ["/gate/gate-1/voice/1", "/gate/gate-1/voice/2"] {
        let nothing = page(&client, &site, path).await;
        assert_eq!(nothing.status(), StatusCode::NOT_FOUND, "{path}");
    }
}
