//! The event stream.

use std::sync::atomic::Ordering;

use edge_web::HealthView;

use crate::browser::{Live, claimed_site, form};
use crate::site;

#[tokio::test]
async fn the_stream_brings_a_passage_and_replays_after_a_reconnect() {
    let (site, client) = claimed_site().await;
    let mut live = Live::open(&client, &site, "0", None).await;
    live.until("event: hb").await;
    site.pass(site::granted(11, "单雄信"));
    let seen = live.until("id: 11\n").await;
    assert!(seen.contains("event: row") && seen.contains("单**"));
    drop(live);

    site.pass(site::granted(12, "仇和"));
    site.pass(site::granted(15, "覃月英"));
    // The browser repeats its old address, but the header tells where it really was.
    let mut live = Live::open(&client, &site, "0", Some("11")).await;
    let seen = live.until("event: hb").await;
    let ids: Vec<&str> = seen
        .lines()
        .filter_map(|line| line.strip_prefix("id: "))
        .collect();
    assert_eq!(
        ids,
        ["12", "15"],
        "what was missed, oldest first, nothing twice"
    );

    site.health
        .send_modify(|health| health.sync.acked_through = 12);
    let seen = live.until("已上传").await;
    assert!(
        seen.contains("data-seq=\"11\"") && !seen.contains("id: "),
        "old rows keep the place"
    );
}

#[tokio::test]
async fn a_ledger_that_began_anew_reloads_the_page() {
    let (site, client) = claimed_site().await;
    site.pass(site::granted(5, "单雄信"));
    let mut live = Live::open(&client, &site, "5000", None).await;
    live.until("event: reload").await;
    assert!(live.ended().await);
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let (site, client) = claimed_site().await;
    let mut live = Live::open(&client, &site, "0", None).await;
    live.until("event: hb").await;
    form(&client, &site, "/logout", &[]).send().await.unwrap();
    site.pass(site::granted(6, "单雄信"));
    let seen = live.until("event: logout").await;
    assert!(!seen.contains("单**"));
    assert!(live.ended().await);
}

#[tokio::test]
async fn a_changed_lamp_reaches_the_page() {
    let (site, client) = claimed_site().await;
    let mut live = Live::open(&client, &site, "0", None).await;
    live.until("event: hb").await;
    site.health.send_replace(site::troubled_box());
    let seen = live.until("E-RD-02").await;
    assert!(seen.contains("event: devices"));
    site.health.send_replace(HealthView::default());
    live.until("还没有设备").await;
    // The page tells the box's time, never the browser's.
    site.clock_ms.fetch_add(60_000, Ordering::Relaxed);
    site.health.send_replace(site::troubled_box());
    live.until("data: 07:03:11").await;
}

#[tokio::test]
async fn shutting_down_ends_the_streams() {
    let (site, client) = claimed_site().await;
    let mut live = Live::open(&client, &site, "0", None).await;
    live.until("event: hb").await;
    site.stop.cancel();
    assert!(live.ended().await);
}
