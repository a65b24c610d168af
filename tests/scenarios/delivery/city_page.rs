//! The city's page in a real browser, with everything on it that a city can have to say.

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use serde_json::{Value, json};
use sync_wire::{Compression, Hash, Header, Message, Tier, Topic, chain};
use tests::{BOX_ID, Browser, City, Result, Site, bin_dir, eventually, free_port, run, tls_as};

use crate::clerk::{AXE, SIZES, WATCH_RULES, open};
use crate::help::{Gate, plan};

const OTHER: &str = "box-2";
const EPOCH: &str = "00112233aabbccdd";
const AT: i64 = 1_795_302_124_000;

/// Runs a command of the city's operator.
fn operator(site: &Site, arguments: &[&str]) -> Result<String> {
    let settings = site.city.folder().join("city.toml");
    let settings = settings.display().to_string();
    let all = [arguments, &["--config", &settings]].concat();
    run(&bin_dir()?.join("menwei-city"), &all)
}

/// Another box that does not send all that it has, and not always the same.
struct Odd {
    client: AsyncClient,
}

impl Odd {
    async fn connect(site: &Site, folder: &Path) -> Result<Self> {
        let mut options = MqttOptions::new(OTHER, "localhost", site.broker.port());
        options
            .set_keep_alive(Duration::from_secs(30))
            .set_transport(tls_as(folder, "box")?);
        let (client, mut events) = AsyncClient::new(options, 16);
        loop {
            if let Event::Incoming(Packet::ConnAck(_)) = events.poll().await? {
                break;
            }
        }
        tokio::spawn(async move { while events.poll().await.is_ok() {} });
        Ok(Self { client })
    }

    /// Sends records `from` to the last of these bodies, which are its ledger from 1 on.
    async fn send(&self, bodies: &[String], from: usize) -> Result<()> {
        let mut hashes = vec![chain::genesis(OTHER, EPOCH)];
        for body in bodies {
            let before: Hash = *hashes.last().ok_or("no hash")?;
            hashes.push(chain::next(&before, body.as_bytes()));
        }
        let to = bodies.len();
        let header = Header {
            v: 1,
            site: "3499002026TEST002".to_owned(),
            r#box: OTHER.to_owned(),
            epoch: EPOCH.to_owned(),
            lane: Tier::Live,
            from: u64::try_from(from)?,
            to: u64::try_from(to)?,
            n: u64::try_from(to - from + 1)?,
            z: Compression::None,
            prev: hashes[from - 1],
            head: hashes[to],
            sent_at: AT,
            replay: false,
        };
        let bodies = bodies[from - 1..]
            .iter()
            .cloned()
            .map(String::into_bytes)
            .collect();
        let message = Message { header, bodies }.encode()?;
        let topic = Topic::UpLive.of(OTHER);
        self.client
            .publish(topic, QoS::AtLeastOnce, false, message)
            .await?;
        Ok(())
    }
}

fn body(minute: i64, rest: &str) -> String {
    let at = AT + minute * 60_000;
    format!("{{\"at\":{at},\"boot\":1,\"mono\":{minute},\"clock\":\"synced\",{rest}}}")
}

/// Holes, a record that nobody understands, and another continuation of the same ledger.
async fn odd_box(site: &Site, folder: &Path) -> Result<()> {
    City::issue_box(site.city.folder(), OTHER, folder)?;
    let odd = Odd::connect(site, folder).await?;
    let gap = |minute: i64| {
        let (from, to) = (AT + minute, AT + minute + 1);
        body(
            minute,
            &format!("\"kind\":\"gap\",\"from\":{from},\"to\":{to},\"cause\":\"powered_off\""),
        )
    };
    let mut ledger: Vec<String> = (0..7).map(gap).collect();
    ledger[1] = body(1, "\"kind\":\"retina_scan\",\"worker\":17");
    odd.send(&ledger[..3], 1).await?;
    odd.send(&ledger, 6).await?;
    let another: Vec<String> = (10..13).map(gap).collect();
    odd.send(&another, 1).await?;
    eventually("the city has it", async || {
        let count: i64 = site.city.database()?.query_row(
            "SELECT (SELECT count(*) FROM parked) + (SELECT count(*) FROM alarm WHERE box = ?1)",
            [OTHER],
            |row| row.get(0),
        )?;
        Ok((site.city.count(OTHER)? == 5 && count >= 2).then_some(()))
    })
    .await
}

/// Brings a picture, which the browser makes, with the box's certificate.
async fn photo(site: &Site, browser: &Browser, port: u16) -> Result<()> {
    let read = |name: &str| fs::read(site.gate_box.folder().join(name));
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([reqwest::Certificate::from_pem(&read("ca.pem")?)?])
        .identity(reqwest::Identity::from_pkcs8_pem(
            &read("box.pem")?,
            &read("box.key")?,
        )?)
        .build()?;
    let drawn = browser
        .script(
            "const canvas = document.createElement('canvas');
             [canvas.width, canvas.height] = [120, 160];
             canvas.getContext('2d').fillRect(20, 30, 60, 70);
             return canvas.toDataURL('image/jpeg').split(',')[1];",
        )
        .await?;
    let photo = BASE64_STANDARD.decode(drawn.as_str().ok_or("no picture")?)?;
    let name = Hash::from_bytes(openssl::sha::sha256(&photo));
    let url = format!("https://localhost:{port}/photo/{}", name.to_hex());
    let answer = client.put(url).body(photo).send().await?;
    assert_eq!(answer.status(), 201, "{}", answer.text().await?);
    Ok(())
}

async fn text(browser: &Browser, id: &str) -> Result<String> {
    let shown = browser
        .script(&format!("return document.getElementById('{id}').innerText"))
        .await?;
    Ok(shown.as_str().unwrap_or_default().to_owned())
}

/// Sends orders of every kind of end: done, refused, still waiting.
fn orders(site: &Site) -> Result<()> {
    let policy = site.city.folder().join("policy.toml");
    fs::write(&policy, "training = \"ignored\"\npresence_h_max = 18\n")?;
    let policy = policy.display().to_string();
    operator(site, &["policy", "publish", BOX_ID, &policy])?;
    operator(site, &["policy", "publish", OTHER, &policy])?;
    let reason = ["--reason", "平台列入黑名单"];
    let unknown = ["revoke", BOX_ID, "4000000"];
    operator(site, &[&unknown[..], &reason].concat())?;
    Ok(())
}

#[tokio::test]
async fn the_citys_page_says_what_is_the_matter_and_what_to_do() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("one-gate")).await?;
    let port = free_port()?;
    site.city.kill()?;
    site.city
        .set(&format!("https_listen = \"127.0.0.1:{port}\"\n"));
    site.city.up().await?;
    Gate::from(&site).devices_answer(0).await?;
    Gate::from(&site).passes("gate-1-in", "admitted:0").await?;
    Gate::from(&site).passes("gate-1-out", "admitted:0").await?;
    Gate::from(&site)
        .visit("gate-2-in", "not_on_roster")
        .await?;
    site.settled().await?;

    // Nothing is the matter yet, and the page says that.
    let browser = Browser::start(folder.path()).await?;
    browser.in_every_page(WATCH_RULES).await?;
    open(&browser, &site.city.page()?).await?;
    let live = "return document.getElementById('live').classList.contains('on')";
    browser.until("the page is live", live).await?;
    assert!(
        text(&browser, "no-todo")
            .await?
            .contains("没有需要处理的事")
    );
    assert!(text(&browser, "no-alarms").await?.contains("没有告警"));

    odd_box(&site, &folder.path().join("odd")).await?;
    photo(&site, &browser, port).await?;
    orders(&site)?;
    eventually("the box has answered", async || {
        let sent = operator(&site, &["sent"])?;
        Ok((sent.contains("已执行") && sent.contains("未执行")).then_some(()))
    })
    .await?;
    browser
        .until(
            "all of it stands on the page, which was never loaded again",
            "const text = (id) => document.getElementById(id).innerText;
             return text('todo').includes('缺 2 条记录：第 4–5 号') && text('todo').includes('1 条记录暂存（第 2 号起）')
                 && text('sent').includes('已执行') && text('sent').includes('未执行')
                 && text('t-forks') === '1' && text('forks').includes('同一序号有两份不同记录')
                 && text('boxes').includes('3499002026TEST002 · 1 台')
                 && text('t-photos') === '1' && text('t-missing') === '2' && text('t-parked') === '1'
                 && !document.getElementById('alarms').hidden",
        )
        .await?;
    let alarms = text(&browser, "alarms").await?;
    assert!(
        alarms.contains(OTHER) && alarms.contains("两份不同记录"),
        "{alarms}"
    );
    assert!(text(&browser, "todo").await?.contains("原文已保存"));

    assert!(text(&browser, "records").await?.contains("box-2"));

    // Without its script the page says the same.
    let plain = reqwest::Client::builder().no_proxy().build()?;
    let plain = plain.get(site.city.page()?).send().await?.text().await?;
    for words in [
        "缺 2 条记录：第 4–5 号",
        "1 条记录暂存",
        "平台保留先到的",
        "3499002026TEST002 · 1 台",
        "未执行",
        "照片",
    ] {
        assert!(plain.contains(words), "{words}");
    }

    let axe = fs::read_to_string(bin_dir()?.join("../tools/axe.min.js"))
        .map_err(|error| format!("axe-core is fetched by `./dev setup`: {error}"))?;
    for (width, height) in SIZES {
        browser.resize(width, height).await?;
        open(&browser, &site.city.page()?).await?;
        browser.until("the page is live", live).await?;
        let wide = "return document.documentElement.scrollWidth - innerWidth";
        let wide = browser.script(wide).await?;
        assert!(
            wide.as_i64() <= Some(0),
            "at {width} it is {wide} px too wide"
        );
        browser.script(&axe).await?;
        assert_eq!(browser.script(AXE).await?, json!([]), "at {width}");
    }

    // Why a day is empty, asked by hand.
    browser
        .script(&format!(
            "document.getElementById('day-box').value = '{BOX_ID}';
             document.getElementById('day-date').value = '2026-01-02';
             document.querySelector('#day-form button').click();"
        ))
        .await?;
    let answered = "return document.getElementById('day-sentence').innerText.length > 5";
    browser.until("the day's answer", answered).await?;
    assert_eq!(
        browser.script("return window.forbidden").await?,
        Value::Array(Vec::new())
    );
    browser.close().await
}
