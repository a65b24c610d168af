//! The screen over real HTTP on loopback, as a browser and as an attacker would use it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod site;

use std::sync::atomic::Ordering;
use std::time::Duration;

use edge_web::{HealthView, LedgerView, Remedy, Verdict};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use site::Site;

const NAME: &str = "王工";
const PASSWORD: &str = "六月的第一场雨很大啊";

/// A browser: keeps cookies, follows nothing by itself.
fn browser() -> Client {
    Client::builder()
        .cookie_store(true)
        .redirect(Policy::none())
        .build()
        .unwrap()
}

/// A form as a page of this screen sends it.
fn form(client: &Client, site: &Site, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
    let body: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", escaped(value)))
        .collect();
    client
        .post(site.at(path))
        .header("origin", &site.address)
        .header("accept", "text/html")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.join("&"))
}

fn escaped(text: &str) -> String {
    let bytes: Vec<String> = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    bytes.concat()
}

async fn page(client: &Client, site: &Site, path: &str) -> Response {
    client
        .get(site.at(path))
        .header("accept", "text/html")
        .send()
        .await
        .unwrap()
}

fn goes_to(answer: &Response) -> &str {
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    answer.headers()["location"].to_str().unwrap()
}

async fn claim(client: &Client, site: &Site, code: &str, name: &str) -> Response {
    let fields = [
        ("code", code),
        ("name", name),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ];
    form(client, site, "/claim", &fields).send().await.unwrap()
}

async fn login(client: &Client, site: &Site, name: &str, password: &str) -> Response {
    let fields = [("name", name), ("password", password)];
    form(client, site, "/login", &fields).send().await.unwrap()
}

async fn claimed_site() -> (Site, Client) {
    let (site, client) = (Site::start().await, browser());
    let answer = claim(&client, &site, &site.code.reveal(), NAME).await;
    assert_eq!(goes_to(&answer), "/");
    (site, client)
}

#[tokio::test]
async fn the_first_visitor_claims_the_box_and_the_code_works_once() {
    let (site, client) = (Site::start().await, browser());
    assert_eq!(goes_to(&page(&client, &site, "/").await), "/claim");
    let answer = claim(&client, &site, &site.code.reveal(), NAME).await;
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    assert_eq!(goes_to(&answer), "/");
    let today = page(&client, &site, "/").await;
    assert_eq!(today.status(), StatusCode::OK);
    assert!(today.text().await.unwrap().contains(NAME));

    let stranger = browser();
    let again = claim(&stranger, &site, &site.code.reveal(), "李四光").await;
    assert_eq!(again.status(), StatusCode::FORBIDDEN);
    assert_eq!(goes_to(&page(&stranger, &site, "/").await), "/login");
}

#[tokio::test]
async fn a_wrong_code_is_refused_and_guessing_is_slowed_down() {
    let (site, client) = (Site::start().await, browser());
    for _ in 0..5 {
        let answer = claim(&client, &site, "0000-000x", NAME).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    }
    let answer = claim(&client, &site, &site.code.reveal(), NAME).await;
    assert_eq!(
        answer.status(),
        StatusCode::TOO_MANY_REQUESTS,
        "even the right code has to wait"
    );
    assert!(answer.headers().contains_key("retry-after"));
    assert!(answer.text().await.unwrap().contains("秒后再试"));
}

#[tokio::test]
async fn a_weak_or_mistyped_password_is_sent_back_with_the_reason() {
    let (site, client) = (Site::start().await, browser());
    let code = site.code.reveal();
    for (name, password, again, reason) in [
        (NAME, "short", "short", "10 个字符以上"),
        (NAME, PASSWORD, "another password", "不一样"),
        ("", PASSWORD, PASSWORD, "账号请用"),
    ] {
        let fields = [
            ("code", &*code),
            ("name", name),
            ("password", password),
            ("again", again),
        ];
        let answer = form(&client, &site, "/claim", &fields)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().await.unwrap().contains(reason), "{reason}");
    }
    assert_eq!(
        goes_to(&claim(&client, &site, &code, NAME).await),
        "/",
        "the code is not used up"
    );
}

#[tokio::test]
async fn an_unknown_account_and_a_wrong_password_look_the_same() {
    let (site, _) = claimed_site().await;
    let client = browser();
    let unknown = login(&client, &site, "无此人", PASSWORD).await;
    let wrong = login(&client, &site, NAME, "not the password").await;
    assert_eq!(unknown.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    let unknown = unknown.text().await.unwrap().replace("无此人", NAME);
    assert_eq!(unknown, wrong.text().await.unwrap());
    assert_eq!(goes_to(&login(&client, &site, NAME, PASSWORD).await), "/");
}

#[tokio::test]
async fn guessing_a_password_is_slowed_down() {
    let (site, _) = claimed_site().await;
    let client = browser();
    for _ in 0..5 {
        let answer = login(&client, &site, NAME, "not the password").await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
    let answer = login(&client, &site, NAME, PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    let other = login(&client, &site, "无此人", PASSWORD).await;
    assert_eq!(
        other.status(),
        StatusCode::UNAUTHORIZED,
        "others on the same PC may go on"
    );
}

#[tokio::test]
async fn nothing_is_shown_without_a_session() {
    let (site, client) = claimed_site().await;
    site.pass(site::granted(7, "单雄信"));
    let stranger = browser();
    for path in ["/", "/account", "/?auto=1"] {
        assert_eq!(goes_to(&page(&stranger, &site, path).await), "/login");
    }
    for path in ["/", "/events", "/account"] {
        let answer = stranger.get(site.at(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert!(!answer.text().await.unwrap().contains('单'));
    }
    let forged = stranger
        .get(site.at("/"))
        .header("cookie", "menwei=AAAA; menwei=")
        .send();
    assert_eq!(forged.await.unwrap().status(), StatusCode::UNAUTHORIZED);

    let answer = form(&client, &site, "/logout", &[]).send().await.unwrap();
    assert_eq!(goes_to(&answer), "/login");
    assert_eq!(goes_to(&page(&client, &site, "/").await), "/login");
}

#[tokio::test]
async fn a_cookie_replayed_after_logout_is_worthless() {
    let (site, client) = claimed_site().await;
    let answer = login(&browser(), &site, NAME, PASSWORD).await;
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let raw = Client::builder().redirect(Policy::none()).build().unwrap();
    let get = || raw.get(site.at("/")).header("cookie", &cookie).send();
    assert_eq!(get().await.unwrap().status(), StatusCode::OK);
    let leave = form(&raw, &site, "/logout", &[])
        .header("cookie", &cookie)
        .send();
    assert_eq!(leave.await.unwrap().status(), StatusCode::SEE_OTHER);
    assert_eq!(get().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(page(&client, &site, "/").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_new_password_ends_every_session() {
    let (site, client) = claimed_site().await;
    let phone = browser();
    assert_eq!(goes_to(&login(&phone, &site, NAME, PASSWORD).await), "/");
    let new = "换一个更长的密码才放心";
    let change = |old| [("old", old), ("password", new), ("again", new)];
    let refused = form(&client, &site, "/account", &change("wrong"))
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let changed = form(&client, &site, "/account", &change(PASSWORD))
        .send()
        .await
        .unwrap();
    assert_eq!(goes_to(&changed), "/login");
    for client in [&client, &phone] {
        assert_eq!(goes_to(&page(client, &site, "/").await), "/login");
    }
    assert_eq!(
        login(&phone, &site, NAME, PASSWORD).await.status(),
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(goes_to(&login(&phone, &site, NAME, new).await), "/");
}

#[tokio::test]
async fn another_site_cannot_make_a_browser_act() {
    let (site, client) = claimed_site().await;
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("x-nothing", "neither header"),
    ] {
        for path in ["/logout", "/login", "/claim", "/account", "/alive"] {
            let answer = client
                .post(site.at(path))
                .header(name, value)
                .send()
                .await
                .unwrap();
            assert_eq!(
                answer.status(),
                StatusCode::FORBIDDEN,
                "{path} with {name}: {value}"
            );
        }
    }
    assert_eq!(
        page(&client, &site, "/").await.status(),
        StatusCode::OK,
        "still signed in"
    );
}

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
async fn a_large_body_is_refused() {
    let (site, client) = (Site::start().await, browser());
    let answer = login(&client, &site, NAME, &"a".repeat(70_000)).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
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
    for next in ["导入花名册", "写上通道和读卡器", "未配置市平台", "接通网络"]
    {
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
        "读卡器没有应答",
        "影响：2号通道进口不能刷身份证。",
        "→ 插紧读卡器的 USB 线",
        "E-RD-02",
        "台要处理（共 6 台）",
        "推定",
        "→ 请到安全部",
        "已上传",
    ] {
        assert!(html.contains(text), "{text}");
    }
}

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

/// An event stream as its text.
struct Live {
    answer: Response,
}

const PATIENCE: Duration = Duration::from_mins(1);

impl Live {
    async fn open(client: &Client, site: &Site, since: &str, last: Option<&str>) -> Self {
        let mut request = client.get(site.at(&format!("/events?since={since}")));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = request
            .header("accept", "text/event-stream")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        Self { answer }
    }

    /// Reads on until `text` came; everything that was read.
    async fn until(&mut self, text: &str) -> String {
        let mut bytes = Vec::new();
        let read = async {
            while !String::from_utf8_lossy(&bytes).contains(text) {
                let more = self.answer.chunk().await.unwrap();
                bytes.extend(more.expect("the stream ended"));
            }
        };
        tokio::time::timeout(PATIENCE, read)
            .await
            .expect("the event never came");
        String::from_utf8(bytes).unwrap()
    }

    async fn ended(&mut self) -> bool {
        let read = async { while let Ok(Some(_)) = self.answer.chunk().await {} };
        tokio::time::timeout(PATIENCE, read).await.is_ok()
    }
}

/// The page of 今日 once it contains `text`: figures may be a quarter of a second old.
async fn eventually_page(client: &Client, site: &Site, text: &str) -> String {
    let look = async {
        loop {
            let html = page(client, site, "/").await.text().await.unwrap();
            if html.contains(text) {
                return html;
            }
        }
    };
    tokio::time::timeout(PATIENCE, look)
        .await
        .expect("the page never said it")
}
