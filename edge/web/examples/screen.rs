//! Serves the clerk's screen with an invented morning, for looking at it:
//! `cargo run -p edge-web --example screen -- [ADDRESS] [empty|busy|failing]`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool for developers"
)]
#![expect(
    clippy::indexing_slicing,
    reason = "the invented morning has a fixed length"
)]

use std::sync::atomic::Ordering;
use std::time::Duration;

use edge_web::{LedgerView, Remedy};

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/site/mod.rs"]
mod site;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut words = std::env::args().skip(1);
    let listen = words.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let scene = words.next().unwrap_or_else(|| "busy".to_owned());
    let site = site::Site::start_on(&listen).await;
    println!("{}  {}", site.address, site.code.reveal());
    if scene != "empty" {
        *site.day.0.lock().unwrap() = site::busy_morning();
        site.health.send_replace(site::troubled_box());
    }
    if scene == "failing" {
        site.health.send_modify(|health| {
            health.ledger = LedgerView::Failing(Remedy {
                code: "E-DB-13".to_owned(),
                cause: "磁盘已满。".to_owned(),
                effect: "进口已关闭，出口可以出，人数另记。".to_owned(),
                advice: "请马上联系运维清理磁盘；门卫先手工登记进场人员。".to_owned(),
            });
        });
    }
    let mut seq = 1_300;
    loop {
        tokio::time::sleep(Duration::from_secs(3)).await;
        site.clock_ms.fetch_add(3_000, Ordering::Relaxed);
        if scene != "busy" {
            continue;
        }
        let mut row = site::granted(seq, "秦二宝");
        row.at_ms = site.clock_ms.load(Ordering::Relaxed);
        site.pass(row);
        seq += 1;
    }
}
