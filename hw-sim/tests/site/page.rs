//! The page and its API over a real socket.

use hw_sim::{Site, Stage, TimingSink, listen, serve};
use serde_json::{Value, json};

use crate::mini_box::fast_day;

async fn served(folder: &std::path::Path) -> (Site, String) {
    let site = Site::start(fast_day(""), 2026, folder, &TimingSink::default()).unwrap();
    let (listener, bound) = listen("127.0.0.1:0").await.unwrap();
    tokio::spawn(serve(listener, Stage::new(site.clone())));
    (site, format!("http://{bound}"))
}

#[tokio::test]
async fn hands_feet_and_faults_work_over_the_api() {
    let folder = tempfile::tempdir().unwrap();
    let (site, base) = served(folder.path()).await;
    let http = reqwest::Client::new();
    let post = async |path: &str, body: Value| {
        let answer = http
            .post(format!("{base}{path}"))
            .json(&body)
            .send()
            .await
            .unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap(),
        )
    };
    let put = json!({ "reader": "a-in", "person": "admitted:0" });
    assert_eq!(post("/api/put", put).await, (200, json!({ "visit": 1 })));
    let mut view = site.reader("a-in").unwrap().view();
    view.wait_for(|view| view.person.is_some()).await.unwrap();
    assert_eq!(post("/api/lift", json!({ "reader": "a-in" })).await.0, 200);
    let walk = json!({ "lane": "a", "direction": "in", "style": "force", "person": "left:0" });
    assert_eq!(
        post("/api/walk", walk).await,
        (200, json!({ "end": "intruded" }))
    );
    assert_eq!(
        post("/api/fire", json!({ "lane": "a", "on": true }))
            .await
            .0,
        200
    );
    let mut lane = site.lane("a").unwrap().view();
    lane.wait_for(|view| view.fire && view.open_in && view.open_out)
        .await
        .unwrap();
    let fault = json!({ "device": "a-in", "kind": "half_frame", "bytes": 9 });
    assert_eq!(post("/api/fault", fault).await.0, 200);
    assert_eq!(
        post("/api/fault", json!({ "device": "a-in", "kind": "unplug" }))
            .await
            .0,
        200
    );
    view.wait_for(|view| !view.plugged).await.unwrap();
    assert_eq!(
        post("/api/fault", json!({ "device": "a", "kind": "melt" }))
            .await
            .0,
        400
    );
    assert_eq!(post("/api/lift", json!({ "reader": "b" })).await.0, 404);
    let state: Value = http
        .get(format!("{base}/api/state"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(state["lanes"][0]["view"]["fire"], true);
    assert_eq!(
        state["inside"],
        json!([site.person("left:0").unwrap().number])
    );
}

#[tokio::test]
async fn the_page_is_whole_and_speaks_only_to_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let (_site, base) = served(folder.path()).await;
    let http = reqwest::Client::new();
    let page = http.get(&base).send().await.unwrap();
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.starts_with("default-src 'none'"));
    let text = page.text().await.unwrap();
    assert!(text.contains("模拟工地") && !text.contains("http:") && !text.contains("https:"));
    for file in ["/page.js", "/page.css"] {
        assert_eq!(
            http.get(format!("{base}{file}"))
                .send()
                .await
                .unwrap()
                .status(),
            200
        );
    }
    let foreign = http
        .get(&base)
        .header("host", "evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(foreign.status(), 403);
    let form = http
        .post(format!("{base}/api/fire"))
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(form.status(), 415);
}

#[tokio::test]
async fn changes_are_sent_as_they_happen() {
    let folder = tempfile::tempdir().unwrap();
    let (site, base) = served(folder.path()).await;
    let mut events = reqwest::get(format!("{base}/api/events")).await.unwrap();
    let mut text = String::new();
    let mut put = false;
    while !text.contains("\"act\":\"card_put\"") || text.matches("event: state").count() < 2 {
        text.push_str(&String::from_utf8_lossy(
            &events.chunk().await.unwrap().unwrap(),
        ));
        if !put && text.contains("event: state") {
            put = true;
            site.put("a-in", "admitted:0").await.unwrap();
        }
    }
}

#[tokio::test]
async fn only_loopback_addresses_are_taken() {
    assert!(listen("0.0.0.0:0").await.is_err());
    assert!(listen("somewhere").await.is_err());
}
