//! Between midnight and the policy's hour the evening's work day goes on.

use std::sync::atomic::Ordering;

use edge_store::Entry;
use reqwest::Client;

use crate::browser::{claimed_site, page};
use crate::site::Site;

const HOUR_MS: i64 = 3_600_000;
/// 2026-06-04 00:00 in Shanghai.
const MIDNIGHT_MS: i64 = 1_780_502_400_000;

fn refused(at_ms: i64) -> Entry {
    let body = format!(
        "{{\"at\":{at_ms},\"boot\":1,\"mono\":1,\"clock\":\"synced\",\"kind\":\"presentation\",\
         \"lane\":\"1号通道\",\"direction\":\"in\",\"by\":\"005\",\"result\":\"denied\",\
         \"reason\":\"training_missing\",\"counted\":false,\"policy\":1}}"
    );
    Entry::new(body.into_bytes())
}

async fn text(client: &Client, site: &Site, path: &str) -> String {
    page(client, site, path).await.text().await.unwrap()
}

#[tokio::test]
async fn what_a_night_shift_was_refused_stands_under_the_day_that_goes_on() {
    let (site, client) = claimed_site().await;
    let refused_ms = MIDNIGHT_MS + HOUR_MS / 2;
    let appended = site.store.writer().append(vec![refused(refused_ms)]).await;
    appended.unwrap();
    let at = |ms: i64| site.clock_ms.store(ms, Ordering::Relaxed);

    at(refused_ms + 60_000);
    let html = text(&client, &site, "/troubles").await;
    assert!(
        html.contains("2026-06-03") && html.contains("未完成三级教育"),
        "{html}"
    );
    let html = text(&client, &site, "/troubles?on=2026-06-04").await;
    assert!(
        html.contains("2026-06-03"),
        "a work day that has not begun: {html}"
    );

    at(MIDNIGHT_MS + 4 * HOUR_MS);
    let html = text(&client, &site, "/troubles").await;
    assert!(
        html.contains("2026-06-04") && !html.contains("未完成三级教育"),
        "{html}"
    );
}

#[tokio::test]
async fn the_month_turns_with_its_last_work_day() {
    let (site, client) = claimed_site().await;
    let first_of_july_ms = MIDNIGHT_MS + 27 * 24 * HOUR_MS;
    let at = |ms: i64| site.clock_ms.store(ms, Ordering::Relaxed);
    let next = "/papers/close?month=2026-07";

    at(first_of_july_ms + 4 * HOUR_MS - 1);
    let html = text(&client, &site, "/attendance").await;
    assert!(html.contains("2026年6月"), "{html}");
    let html = text(&client, &site, "/papers/close?month=2026-06").await;
    assert!(!html.contains(next), "{html}");

    at(first_of_july_ms + 4 * HOUR_MS);
    let html = text(&client, &site, "/attendance").await;
    assert!(html.contains("2026年7月"), "{html}");
    let html = text(&client, &site, "/papers/close?month=2026-06").await;
    assert!(html.contains(next), "{html}");
}
