//! The clerk's browser loses the box: it says so, and afterwards it shows what a fresh page shows.

use serde_json::json;
use tests::{Result, Site, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::clerk::screen::{PC, clerks_browser};
use crate::help::{Gate, plan};

/// A network cable between the browser and the box: pulled, it carries nothing and says nothing.
struct Cable {
    port: u16,
    plugged: watch::Sender<bool>,
}

impl Cable {
    async fn to(far: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (plugged, state) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let state = state.clone();
                tokio::spawn(async move {
                    let far = TcpStream::connect(("127.0.0.1", far)).await?;
                    let ((from_near, to_near), (from_far, to_far)) =
                        (near.into_split(), far.into_split());
                    tokio::spawn(carry(from_near, to_far, state.clone()));
                    carry(from_far, to_near, state).await
                });
            }
        });
        Ok(Self { port, plugged })
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut plugged: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let mut bytes = vec![0; 4_096];
    loop {
        let read = from.read(&mut bytes).await?;
        if plugged.wait_for(|plugged| *plugged).await.is_err() || read == 0 {
            return Ok(());
        }
        to.write_all(&bytes[..read]).await?;
    }
}

#[tokio::test]
async fn a_browser_that_loses_the_box_says_so_and_catches_up_without_a_reload() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("one-gate")).await?;
    Gate::from(&site).devices_answer(0).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let port = site
        .gate_box
        .screen()
        .rsplit(':')
        .next()
        .unwrap_or_default();
    let cable = Cable::to(port.trim_end_matches('/').parse()?).await?;
    browser
        .open(&format!("http://127.0.0.1:{}/", cable.port))
        .await?;
    let state =
        |state: &str| format!("return document.getElementById('live').dataset.state === '{state}'");
    browser.until("the page is live", &state("live")).await?;
    browser.script("window.never_reloaded = true").await?;

    cable.plugged.send_replace(false);
    let gate = Gate::from(&site);
    for (reader, person) in [
        ("gate-1-in", "admitted:0"),
        ("gate-1-out", "admitted:0"),
        ("gate-2-in", "hmt:1"),
    ] {
        let (presented, _) = gate.passes(reader, person).await?;
        assert_eq!(presented["result"], "granted", "the gate needs no browser");
    }
    gate.stays_out("gate-1-in", "untrained:0").await?;
    browser.until("it is told", &state("lost")).await?;
    let words = browser
        .script(
            "return [document.getElementById('live').innerText,
                 document.getElementById('body').classList.contains('stale'),
                 document.querySelector('#tiles .tile-figure').innerText]",
        )
        .await?;
    let (said, is_grey, figure): (String, bool, String) = serde_json::from_value(words)?;
    assert!(
        said.contains("网页已与考勤盒断开") && said.contains("打卡不受影响"),
        "{said}"
    );
    assert!(said.contains("数据截至"), "{said}");
    assert!(is_grey && figure == "0", "nothing new is shown: {figure}");

    cable.plugged.send_replace(true);
    browser
        .until("the page is live again", &state("live"))
        .await?;
    let same = "return (async () => {
        const fresh = new DOMParser().parseFromString(await (await fetch('/')).text(), 'text/html');
        const rows = page => Array.from(page.querySelectorAll('#strip [data-seq]'))
            .map(row => row.dataset.seq + ' ' + row.textContent.replace(/\\s+/g, ' ').trim());
        const tile = page => page.querySelector('#tiles .tile-figure').textContent;
        return rows(document).length >= 4 && tile(document) === '1'
            && JSON.stringify([rows(document), tile(document)]) === JSON.stringify([rows(fresh), tile(fresh)]);
    })()";
    eventually("it shows what a fresh page shows", async || {
        Ok((browser.script(same).await? == json!(true)).then_some(()))
    })
    .await?;
    let reloaded = browser.script("return window.never_reloaded").await?;
    assert_eq!(reloaded, json!(true), "nobody pressed F5");
    assert_eq!(browser.script("return window.forbidden").await?, json!([]));
    browser.close().await
}
