//! Accounts that the clerk opens and closes, and what each kind may do.

use std::sync::atomic::Ordering;

use edge_domain::AuditAct;
use edge_store::Entry;
use reqwest::{Client, StatusCode};

use crate::browser::{
    PASSWORD, browser, claim, claimed_site, eventually_page_at, form, goes_to, login, page,
};
use crate::site::{MORNING_MS, Site};

const HOUR_MS: i64 = 3_600_000;

/// The clerk sends the form; the page that comes.
async fn send(clerk: &Client, site: &Site, fields: &[(&str, &str)]) -> (StatusCode, String) {
    let answer = form(clerk, site, "/accounts", fields).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

/// The code that a page hands over.
fn handed(html: &str) -> String {
    let (_, rest) = html.split_once("id=\"handed-code\">").expect(html);
    rest.split_once('<').unwrap().0.to_owned()
}

/// Opens an account; its code.
async fn opened(clerk: &Client, site: &Site, name: &str, more: &[(&str, &str)]) -> String {
    let mut fields = vec![("what", "open"), ("name", name)];
    fields.extend(more);
    let (status, html) = send(clerk, site, &fields).await;
    assert_eq!(status, StatusCode::OK, "{html}");
    handed(&html)
}

/// A browser of somebody with such an account.
async fn member(clerk: &Client, site: &Site, name: &str, more: &[(&str, &str)]) -> Client {
    let code = opened(clerk, site, name, more).await;
    let client = browser();
    assert_eq!(goes_to(&claim(&client, site, &code, name).await), "/");
    client
}

#[tokio::test]
async fn a_code_opens_an_account_once_and_only_for_its_name() {
    let (site, clerk) = claimed_site().await;
    let code = opened(&clerk, &site, "小李", &[("duty", "guard")]).await;
    let (stranger, guard) = (browser(), browser());
    let login_page = page(&stranger, &site, "/login").await.text().await;
    assert!(login_page.unwrap().contains("有开通码"));
    let wrong = claim(&stranger, &site, &code, "王小二").await;
    assert_eq!(wrong.status(), StatusCode::FORBIDDEN);
    assert_eq!(goes_to(&claim(&guard, &site, &code, "小李").await), "/");
    let again = claim(&stranger, &site, &code, "小李").await;
    assert_eq!(again.status(), StatusCode::FORBIDDEN);
    assert_eq!(
        goes_to(&login(&stranger, &site, "小李", PASSWORD).await),
        "/",
        "the password is set"
    );

    // A day later an unused code is worthless, and the page says so.
    let late = opened(&clerk, &site, "小赵", &[("duty", "operator")]).await;
    let now = MORNING_MS + 24 * HOUR_MS;
    site.clock_ms.store(now, Ordering::Relaxed);
    let refused = claim(&browser(), &site, &late, "小赵").await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let html = page(&clerk, &site, "/accounts").await.text().await.unwrap();
    assert!(html.contains("开通码已过期"), "{html}");
    let (_, html) = send(&clerk, &site, &[("what", "code"), ("name", "小赵")]).await;
    let fresh = handed(&html);
    assert_eq!(
        goes_to(&claim(&browser(), &site, &fresh, "小赵").await),
        "/"
    );
}

#[tokio::test]
async fn each_opens_the_pages_of_the_work_only() {
    let (site, clerk) = claimed_site().await;
    let guard = member(&clerk, &site, "小李", &[("duty", "guard")]).await;
    let today = page(&guard, &site, "/").await.text().await.unwrap();
    assert!(today.contains("小李") && today.contains("门卫"));
    assert!(!today.contains(">花名册</a>"), "no way to what is refused");
    let inside = page(&guard, &site, "/attendance/moment").await;
    assert_eq!(inside.status(), StatusCode::OK);
    for path in ["/people", "/people/1", "/papers/people.xlsx", "/accounts"] {
        let answer = page(&guard, &site, path).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
        assert!(answer.text().await.unwrap().contains("门卫的账号只看"));
    }

    let viewer = [("duty", "viewer"), ("days", "3")];
    let viewer = member(&clerk, &site, "检查组", &viewer).await;
    let people = page(&viewer, &site, "/people").await;
    assert_eq!(people.status(), StatusCode::OK);
    assert!(!people.text().await.unwrap().contains("登记工人</a>"));
    let team = [("what", "employer"), ("name", "甲")];
    for path in ["/teams", "/people/1/exit", "/accounts"] {
        let answer = form(&viewer, &site, path, &team).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
    }
    let now = MORNING_MS + 72 * HOUR_MS;
    site.clock_ms.store(now, Ordering::Relaxed);
    assert_eq!(goes_to(&page(&viewer, &site, "/people").await), "/login");
    let late = login(&viewer, &site, "检查组", PASSWORD).await;
    assert_eq!(late.status(), StatusCode::FORBIDDEN);
    assert!(late.text().await.unwrap().contains("期限已过"));
}

fn team(number: u32, name: &str) -> Entry {
    let body = format!(
        "{{\"at\":{MORNING_MS},\"boot\":1,\"mono\":1,\"clock\":\"synced\",\"kind\":\"team\",\
         \"team\":{number},\"employer\":1,\"name\":\"{name}\"}}"
    );
    Entry::new(body.into_bytes())
}

#[tokio::test]
async fn a_team_leader_sees_his_own_team_whatever_he_asks_for() {
    let (site, clerk) = claimed_site().await;
    let teams = vec![team(1, "钢筋一班"), team(2, "木工二班")];
    site.store.writer().append(teams).await.unwrap();
    eventually_page_at(&clerk, &site, ("/accounts", "木工二班")).await;
    let nobody = [("what", "open"), ("name", "张班长"), ("duty", "leader")];
    let (status, html) = send(&clerk, &site, &nobody).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(html.contains("要选班组"), "{html}");

    let leader = [("duty", "leader"), ("team", "2")];
    let leader = member(&clerk, &site, "张班长", &leader).await;
    for path in ["/attendance", "/attendance?team=1", "/papers?team=1"] {
        let html = page(&leader, &site, path).await.text().await.unwrap();
        assert!(html.contains("木工二班"), "{path}");
        assert!(!html.contains("钢筋一班"), "{path}");
    }
    let sheet = page(&leader, &site, "/papers/month?team=1").await;
    let sheet = sheet.text().await.unwrap();
    assert!(sheet.contains("木工二班") && !sheet.contains("钢筋一班"));
    let file = page(&leader, &site, "/papers/month.xlsx?team=1").await;
    let name = file.headers()["content-disposition"].to_str().unwrap();
    assert!(name.contains("%E6%9C%A8%E5%B7%A5"), "{name}");
    let noted = site.noted.lock().unwrap();
    let taken = noted.iter().filter(|one| one.what == AuditAct::Exported);
    let details: Vec<_> = taken.filter_map(|one| one.detail.as_deref()).collect();
    assert_eq!(details, ["木工二班_考勤表_202606.xlsx"]);
}

#[tokio::test]
async fn a_closed_account_is_out_at_once_and_nobody_closes_his_own() {
    let (site, clerk) = claimed_site().await;
    let guard = member(&clerk, &site, "小李", &[("duty", "guard")]).await;
    assert_eq!(page(&guard, &site, "/").await.status(), StatusCode::OK);
    for (fields, problem) in [
        (vec![("what", "close"), ("name", "王工")], "自己正在用"),
        (vec![("what", "code"), ("name", "王工")], "右上角"),
        (vec![("what", "code"), ("name", "没有他")], "没有这个账号"),
        (vec![("what", "crown"), ("name", "小李")], "没有这种操作"),
        (
            vec![("what", "open"), ("name", "小李"), ("duty", "guard")],
            "已经有账号",
        ),
        (
            vec![("what", "open"), ("name", "老周"), ("duty", "king")],
            "请选岗位",
        ),
        (
            vec![
                ("what", "open"),
                ("name", "老周"),
                ("duty", "viewer"),
                ("days", "400"),
            ],
            "1 到 31 天",
        ),
    ] {
        let (status, html) = send(&clerk, &site, &fields).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        assert!(html.contains(problem), "{html}");
    }
    let close = [("what", "close"), ("name", "小李")];
    let (status, _) = send(&clerk, &site, &close).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(goes_to(&page(&guard, &site, "/").await), "/login");
    let again = login(&guard, &site, "小李", PASSWORD).await;
    assert_eq!(again.status(), StatusCode::UNAUTHORIZED);
    // Every change of an account is on record, and nothing of what was refused.
    let noted = site.noted.lock().unwrap();
    let noted: Vec<_> = noted
        .iter()
        .map(|one| (one.account.as_deref(), one.what, one.detail.as_deref()))
        .collect();
    let expected = [
        (Some("王工"), AuditAct::AccountClaimed, None),
        (Some("王工"), AuditAct::AccountOpened, Some("小李，门卫")),
        (Some("小李"), AuditAct::PasswordSet, None),
        (Some("王工"), AuditAct::AccountClosed, Some("小李")),
    ];
    assert_eq!(noted, expected);
}
