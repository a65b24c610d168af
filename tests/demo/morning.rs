//! The scripted morning: people come, broker and city die for a while, everything is judged at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use tests::{Result, Site, SitePlan, eventually, percentile};
use tokio::time::{Duration, Instant, sleep_until};

/// What a morning with cameras must have seen at least.
const FACES: [(&str, u64); 4] = [
    ("face_presentations", 20),
    ("face_granted", 15),
    ("face_impostor_attempts", 20),
    ("card_face_mismatch_kept_out", 5),
];

/// Why a rule keeps somebody out, whatever card or face was shown.
const RULES: [&str; 11] = [
    "not_on_roster",
    "blacklisted",
    "under_sixteen",
    "not_entered",
    "left_site",
    "age_refused",
    "health_certificate",
    "training_missing",
    "contract_missing",
    "contract_ended",
    "document_expired",
];

/// Plays the morning and prints the verdict; true if every promise was kept.
pub(crate) async fn play(folder: &Path, plan: &SitePlan, seconds: u64) -> Result<bool> {
    eprintln!("正在启动 …");
    let mut site = Site::start(folder, plan).await?;
    site.devices_answer().await?;
    if site.faces.is_some() {
        site.enroll_faces().await?;
    }
    eprintln!(
        "早班开始：{} 台读卡器，{} 块闸机板",
        site.simulator.readers().len(),
        site.simulator.boards().len()
    );
    let begin = Instant::now();
    site.simulator.act("play", &json!({})).await?;
    let outages = follow_script(&mut site).await?;
    eprintln!("人都走了，等平台收齐 …");
    sleep_until(begin + Duration::from_secs(seconds)).await;
    let records = site.settled().await?;
    site.gate_box.stop().await?;
    let verify = site.gate_box.menwei(&["verify"]);
    let journal = site.simulator.journal()?;
    let Value::Object(mut verdict) = site.verdict()? else {
        return Err("the verdict is no object".into());
    };
    let judged = verdict.get("ok").and_then(Value::as_bool).unwrap_or(false);
    verdict.remove("ok");
    verdict.insert("ledger_records".to_owned(), json!(records));
    verdict.insert(
        "broker_outage_s".to_owned(),
        json!(outages.broker.as_secs()),
    );
    verdict.insert("city_outage_s".to_owned(), json!(outages.city.as_secs()));
    verdict.insert("ledger_intact".to_owned(), json!(verify.is_ok()));
    verdict.insert(
        "open_ms_p99".to_owned(),
        json!(hundredths(percentile(&openings_ms(&journal), 0.99))),
    );
    verdict.insert(
        "refused_by_rule_but_left".to_owned(),
        json!(left_all_the_same(&site)?),
    );
    let at_least = |name: &str, least| verdict.get(name).and_then(Value::as_u64) >= Some(least);
    let city_records = verdict.get("city_records").and_then(Value::as_u64);
    let kept = judged
        && verify.is_ok()
        && city_records == Some(records)
        && outages.broker.as_secs() >= 15
        && outages.city.as_secs() >= 20
        && at_least("presentations", 100)
        && at_least("refused_by_rule_but_left", 1)
        && (site.faces.is_none() || FACES.iter().all(|(name, least)| at_least(name, *least)));
    verdict.insert("ok".to_owned(), json!(kept));
    println!("{}", Value::Object(verdict));
    Ok(kept)
}

/// How long each was gone.
#[derive(Debug, Default)]
struct Outages {
    broker: Duration,
    city: Duration,
}

/// Kills broker and city and starts them again as the script's marks say.
async fn follow_script(site: &mut Site) -> Result<Outages> {
    let mut seen = 0;
    let (mut broker_down, mut city_down) = (None, None);
    let mut outages = Outages::default();
    loop {
        let lines = eventually("the script goes on", async || {
            site.simulator.process().check_alive()?;
            let lines = site.simulator.journal()?;
            Ok((lines.len() > seen).then_some(lines))
        })
        .await?;
        for line in &lines[seen..] {
            let word = |key: &str| line[key].as_str().unwrap_or_default();
            match (word("act"), word("name"), word("phase")) {
                ("mark", "broker_down", "begin") => {
                    eprintln!("消息服务器停机");
                    site.broker.down()?;
                    broker_down = Some(Instant::now());
                }
                ("mark", "broker_down", "end") => {
                    outages.broker += lasted(broker_down.take());
                    site.broker.up().await?;
                    eprintln!("消息服务器恢复");
                }
                ("mark", "city_down", "begin") => {
                    eprintln!("市级平台停机");
                    site.city.kill()?;
                    city_down = Some(Instant::now());
                }
                ("mark", "city_down", "end") => {
                    outages.city += lasted(city_down.take());
                    site.city.up().await?;
                    eprintln!("市级平台恢复");
                }
                ("play_ended", _, _) => return Ok(outages),
                _ => {}
            }
        }
        seen = lines.len();
    }
}

fn lasted(since: Option<Instant>) -> Duration {
    since.map(|at| at.elapsed()).unwrap_or_default()
}

/// People whom a rule keeps out, and whom the way out let go: as the city has it.
fn left_all_the_same(site: &Site) -> Result<usize> {
    let database = site.city.database()?;
    let mut bodies = database.prepare("SELECT body FROM record")?;
    let bodies = bodies.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
    let mut count = 0;
    for body in bodies {
        let body: Value = serde_json::from_slice(&body?)?;
        let let_go = body["kind"] == "presentation"
            && body["direction"] == "out"
            && body["result"] == "granted"
            && body["reason"]
                .as_str()
                .is_some_and(|reason| RULES.contains(&reason));
        count += usize::from(let_go);
    }
    Ok(count)
}

/// From the reader's last byte to the arm, in ms, for every card that opened one at a lane where
/// nobody was passing: who comes while another passes waits for him, not for the box.
fn openings_ms(journal: &[Value]) -> Vec<f64> {
    let mut found = Vec::new();
    let mut passing = BTreeSet::new();
    let mut read_at: BTreeMap<String, f64> = BTreeMap::new();
    for line in journal {
        let (Some(lane), Some(at)) = (line["lane"].as_str(), line["mono_ns"].as_f64()) else {
            continue;
        };
        match line["act"].as_str() {
            Some("read_ok") if !passing.contains(lane) => {
                read_at.insert(lane.to_owned(), at);
            }
            Some("arm_opened") => {
                passing.insert(lane.to_owned());
                let read = read_at.remove(lane).filter(|_| line["commanded"] == true);
                found.extend(read.map(|read| (at - read) / 1e6));
            }
            Some("walked_through") => {
                passing.remove(lane);
            }
            Some("turned_back") => {
                read_at.remove(lane);
            }
            _ => {}
        }
    }
    found
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
