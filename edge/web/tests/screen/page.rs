//! What the pages say, and what every answer carries.

use edge_web::{LedgerView, Remedy, Verdict};
use reqwest::StatusCode;

use crate::browser::{Live, NAME, browser, claim, claimed_site, eventually_page, goes_to, page};
use crate::site::{self, Site};

#[tokio::test]
async fn every_answer_carries_the_protecting_headers() {
    let (site, client) = claimed_site().await;
    for path in [
        "/",
        "/login",
        "/claim",
        "/account",
        "/nothing",
        "/assets/app.css",
        "/events",
    ] {
        let answer = page(&client, &site, path).await;
        let policy = answer.headers()["content-security-policy"]
            .to_str()
            .unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"));
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(
            answer.headers()["x-content-type-options"],
            "nosniff",
            "{path}"
        );
        assert_eq!(answer.headers()["referrer-policy"], "same-origin", "{path}");
        let kept = path.starts_with("/assets/");
        let cache = answer.headers()["cache-control"].to_str().unwrap();
        assert_eq!(
            cache.contains("no-store") || cache.contains("no-cache"),
            !kept,
            "{path}"
        );
    }
}

#[tokio::test]
async fn assets_are_sent_once() {
    let (site, client) = (Site::start().await, browser());
    for name in ["app.css", "live.js", "icon.svg"] {
        let path = format!("/assets/{name}");
        let first = page(&client, &site, &path).await;
        assert_eq!(first.status(), StatusCode::OK);
        let etag = first.headers()["etag"].clone();
        let again = client
            .get(site.at(&path))
            .header("if-none-match", etag)
            .send()
            .await
            .unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }
    let none = page(&client, &site, "/assets/..%2f..%2fetc%2fpasswd").await;
    assert_eq!(none.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn names_are_masked_and_markup_is_only_text() {
    let (site, client) = claimed_site().await;
    let markup = "<img src=x onerror=alert(1)>";
    let mut row = site::granted(3, markup);
    row.team = Some(markup.to_owned());
    row.lane = markup.to_owned();
    row.verdict = Verdict::Denied {
        reason: markup.to_owned(),
        advice: markup.to_owned(),
    };
    site.pass(row);
    site.pass(site::granted(4, "买买提·吐尔逊江"));
    site.health.send_modify(|health| {
        *health = site::troubled_box();
        health.devices[0].name = markup.to_owned();
        health.ledger = LedgerView::Failing(Remedy {
            code: markup.to_owned(),
            cause: markup.to_owned(),
            effect: markup.to_owned(),
            advice: markup.to_owned(),
        });
    });
    let html = page(&client, &site, "/").await.text().await.unwrap();
    let mut live = Live::open(&client, &site, "0", None).await;
    let streamed = live.until("event: hb").await;
    for html in [&html, &streamed] {
        assert!(!html.contains("<img"), "markup got through");
        assert!(
            html.contains("买**") && !html.contains("吐尔逊"),
            "a full name got through"
        );
    }
}

#[tokio::test]
async fn an_empty_site_says_what_to_do_next() {
    let (site, client) = (Site::start().await, browser());
    let html = page(&client, &site, "/claim").await.text().await.unwrap();
    assert!(html.contains("开通码只能用一次"));
    let html = page(&client, &site, "/login").await.text().await.unwrap();
    assert!(html.contains("用开通码开通本机"));
    let answer = claim(&client, &site, &site.code.reveal(), NAME).await;
    assert_eq!(goes_to(&answer), "/");
    let html = page(&client, &site, "/").await.text().await.unwrap();
    for next in [
        "先建单位和班组",
        "写上通道和读卡器",
        "未配置市平台",
        "接通网络",
    ] {
        assert!(html.contains(next), "{next}");
    }
    site.day.0.lock().unwrap().on_roster = 12;
    let mut live = Live::open(&client, &site, "0", None).await;
    live.until("event: hb").await;
    let html = eventually_page(&client, &site, "今天还没有人通行").await;
    assert!(html.contains("放一张身份证试试"));
    let html = page(&client, &site, "/claim").await.text().await.unwrap();
    assert!(html.contains("开通码已失效") && html.contains("去登录"));
    let html = page(&client, &site, "/nothing").await.text().await.unwrap();
    assert!(html.contains("E-WEB-404") && html.contains("回到首页"));
    assert!(
        page(&client, &site, "/account")
            .await
            .text()
            .await
            .unwrap()
            .contains("原密码")
    );
}

#[tokio::test]
async fn faults_are_told_with_cause_effect_and_advice() {
    let (site, client) = claimed_site().await;
    *site.day.0.lock().unwrap() = site::busy_morning();
    site.health.send_replace(site::troubled_box());
    let html = eventually_page(&client, &site, "未完成三级教育").await;
    for text in [
        "外网不通，打卡照常记录，已存 1\u{202f}238 条待上传。",
        "平台下发的内容签名不符，可能不是平台所发，未执行，请联系平台核实",
        "wrong_signature，共 2 次",
        "读卡器没有应答",
        "影响：2号通道进口不能刷身份证。",
        "→ 插紧读卡器的 USB 线",
        "E-RD-02",
        "台要处理（共 6 台）",
        "推定",
        "时间待核",
        "→ 请到安全部",
        "已上传",
    ] {
        assert!(html.contains(text), "{text}");
    }
}
