//! Claiming, signing in and out, and what is refused at the door.

use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};

use crate::browser::{NAME, PASSWORD, browser, claim, claimed_site, form, goes_to, login, page};
use crate::site::{self, Site};

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
async fn a_large_body_is_refused() {
    let (site, client) = (Site::start().await, browser());
    let answer = login(&client, &site, NAME, &"a".repeat(70_000)).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
}
