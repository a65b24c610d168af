//! What a clerk waits for, on a site of five thousand workers: pages, sheets, and a file of two
//! thousand people from its sending to the last record.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use hw_sim::{SiteDay, TimingSink};
use reqwest::header::{CONTENT_TYPE, ORIGIN};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tests::{BOX_ID, GateBox, History, Result, SitePlan, bin_dir, percentile, run, with_check};
use tokio::time::Instant;

use crate::folder;
use crate::report::Report;

const WORKERS: usize = 5_000;
const LARGE_TEAM: usize = 2_000;
const TEAMS: usize = 61;
const IMPORTED: usize = 2_000;
/// Days of attendance: about 200,000 punches of five thousand workers.
const DAYS: i64 = 16;
const PASSWORD: &str = "bench-Password-1";
const FORM: &str = "application/x-www-form-urlencoded";
const SEARCHES: [&str; 8] = ["zs", "wang", "张", "lw", "0016", "gjyb", "zzzz", "li"];

/// Measures each page so many times.
pub(crate) async fn measure(times: usize) -> Result<()> {
    let folder = folder("clerk-files")?;
    let plan = SitePlan::of("bench-gate");
    let day = SiteDay::read(&plan.site_day)?;
    let devices = hw_sim::Site::start(day, 2026, &folder.join("sim"), &TimingSink::default())?;
    let terminals = devices.terminals();
    let box_plan = plan.wire(&terminals.readers, &terminals.boards, None)?;
    let mut gate_box = GateBox::new(&folder.join("box"), &box_plan)?;
    people(&gate_box)?;
    let history = History {
        days: DAYS,
        teams: 0,
        lane: "gate-1".to_owned(),
        seed: 11,
    };
    // The history begins where the box was last alive.
    gate_box.up().await?;
    let clerk = Clerk::claim(&mut gate_box).await?;
    gate_box.stop().await?;
    let records = history.write(&gate_box, BOX_ID).await?;
    gate_box.up().await?;
    clerk.sign_in("/login", "").await?;

    let mut report = Report::new("clerk");
    report.add("workers", WORKERS as f64);
    report.add("records", records as f64);
    let searches = SEARCHES.iter().cycle().take(times);
    let searches = searches.map(|typed| format!("/people?q={typed}&place=all&part=1"));
    report.add_at_most("search_ms_p95", clerk.p95(searches).await?, 50.0);
    let teams = (2..=TEAMS).cycle().take(times);
    let pages = teams.map(|team| format!("/attendance?team={team}"));
    report.add_at_most("month_page_ms_p95", clerk.p95(pages).await?, 150.0);
    let few = (times / 10).max(3);
    let large = |path: &str| std::iter::repeat_n(format!("{path}?team=1"), few);
    let totals = clerk.p95(large("/attendance")).await?;
    report.add_at_most("month_totals_2000_ms", totals, 1_000.0);
    let sheet = clerk.p95(large("/papers/month.xlsx")).await?;
    report.add_at_most("xlsx_2000x31_ms", sheet, 400.0);
    report.add_at_most("today_page_kb", clerk.first_page_kib().await?, 120.0);
    report.add_at_most("import_2000_s", clerk.import().await?, 5.0);
    gate_box.stop().await?;
    report.finish()
}

/// One team of two thousand, the others of fifty.
fn people(gate_box: &GateBox) -> Result<()> {
    let file = gate_box.folder().join("roster.json");
    let name = file.to_str().ok_or("folder's name")?;
    let count = WORKERS.to_string();
    run(
        &bin_dir()?.join("hw-sim"),
        &["people", "--count", &count, "--out", name],
    )?;
    let mut roster: Value = serde_json::from_slice(&fs::read(Path::new(name))?)?;
    let employer = roster["employers"][0]["employer"].clone();
    let team = |team| json!({"team": team, "employer": employer, "name": format!("第{team}班组")});
    roster["teams"] = (1..=TEAMS).map(team).collect();
    let workers = roster["workers"].as_array_mut().ok_or("no workers")?;
    for (place, worker) in workers.iter_mut().enumerate() {
        worker["team"] = json!(match place.checked_sub(LARGE_TEAM) {
            None => 1,
            Some(place) => 2 + place % (TEAMS - 1),
        });
    }
    fs::write(&file, serde_json::to_vec(&roster)?)?;
    gate_box.menwei(&["import", name]).map(drop)
}

/// A signed-in clerk.
struct Clerk {
    client: Client,
    screen: String,
}

impl Clerk {
    /// Makes the account with the box's first code.
    async fn claim(gate_box: &mut GateBox) -> Result<Self> {
        let client = Client::builder().no_proxy().cookie_store(true).build()?;
        let code = gate_box.claim_code().await?;
        let screen = gate_box.screen().to_owned();
        let clerk = Self { client, screen };
        let again = format!("&code={code}&again={PASSWORD}");
        clerk.sign_in("/claim", &again).await?;
        Ok(clerk)
    }

    async fn sign_in(&self, path: &str, more: &str) -> Result<()> {
        let form = format!("name=clerk&password={PASSWORD}{more}");
        self.post(path, FORM, form.into_bytes()).await.map(drop)
    }

    async fn get(&self, path: &str) -> Result<Response> {
        let answer = self.client.get(format!("{}{path}", self.screen)).send();
        Ok(answer.await?.error_for_status()?)
    }

    async fn post(&self, path: &str, kind: &str, body: Vec<u8>) -> Result<Response> {
        let sent = self
            .client
            .post(format!("{}{path}", self.screen))
            .header(ORIGIN, &self.screen)
            .header(CONTENT_TYPE, kind)
            .body(body)
            .send();
        Ok(sent.await?.error_for_status()?)
    }

    /// From the asking to the last byte, ms; the first asking of all is not counted.
    async fn p95(&self, paths: impl Iterator<Item = String>) -> Result<f64> {
        let mut found = Vec::new();
        for (turn, path) in paths.enumerate() {
            if turn == 0 {
                self.get(&path).await?.bytes().await?;
            }
            let begin = Instant::now();
            self.get(&path).await?.bytes().await?;
            found.push(begin.elapsed().as_secs_f64() * 1e3);
        }
        Ok(percentile(&found, 0.95))
    }

    /// 今日 with everything that it names, as it crosses the wire the first time.
    async fn first_page_kib(&self) -> Result<f64> {
        let page = self.get("/").await?.text().await?;
        let mut bytes = page.len();
        for asset in page.split('"').filter(|word| word.starts_with("/assets/")) {
            bytes += self.get(asset).await?.bytes().await?.len();
        }
        Ok(bytes as f64 / 1024.0)
    }

    /// Two thousand new people: sent, checked, taken in; seconds.
    async fn import(&self) -> Result<f64> {
        let mut file =
            "姓名,身份证号码,联系电话,班组,工种,进场日期,合同签订日期,三级教育日期\n".to_owned();
        for n in 0..IMPORTED {
            let number = with_check(&format!(
                "349999{}{:02}{:02}{:03}",
                1970 + n % 30,
                1 + n % 12,
                1 + n % 28,
                n / 28
            ));
            writeln!(
                file,
                "新来{n},{number},139{n:08},第1班组,钢筋工,2026-11-01,2026-11-01,2026-11-01"
            )?;
        }
        let body = format!(
            "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n{file}\r\n--edge--\r\n"
        );
        let begin = Instant::now();
        let kind = "multipart/form-data; boundary=edge";
        let checked = self.post("/import", kind, body.into_bytes()).await?;
        let path = checked.url().path().to_owned();
        let page = checked.text().await?;
        if !page.contains(&format!("导入 {IMPORTED} 人")) {
            return Err(format!("the file was not taken: {page}").into());
        }
        self.post(&path, FORM, b"what=save".to_vec()).await?;
        while self
            .get(&format!("{path}?auto=1"))
            .await?
            .text()
            .await?
            .contains("<progress")
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(begin.elapsed().as_secs_f64())
    }
}
