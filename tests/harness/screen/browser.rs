//! A real Chromium, driven over the WebDriver protocol.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::ports::free_port;
use crate::process::Process;
use crate::{Result, eventually};

/// Of every account that is made here.
pub(crate) const PASSWORD: &str = "scenario-Password-1";

/// One browser window.
#[derive(Debug)]
pub struct Browser {
    driver: Process,
    session: String,
    /// Chromium itself: it would live on if only its driver died.
    chromium: Option<u64>,
    client: reqwest::Client,
}

impl Browser {
    /// Starts ChromeDriver and a headless Chromium with its profile below `folder`.
    pub async fn start(folder: &Path) -> Result<Self> {
        let port = free_port()?;
        let log = folder.join("chromedriver.log");
        let driver = Process::start(
            "chromedriver",
            Path::new("/usr/bin/chromedriver"),
            &[&format!("--port={port}")],
            &log,
        )?;
        let client = reqwest::Client::builder().no_proxy().build()?;
        let base = format!("http://127.0.0.1:{port}");
        eventually("chromedriver listens", async || {
            Ok(client
                .get(format!("{base}/status"))
                .send()
                .await
                .ok()
                .map(|_| ()))
        })
        .await?;
        let profile = folder.join("chromium-profile");
        // A busy machine may not let a page run for long; a script that hangs still ends the test.
        let options = json!({"capabilities": {"alwaysMatch": {
            "timeouts": {"script": 120_000}, "goog:chromeOptions": {
            "binary": "/usr/bin/chromium",
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic",
                "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--hide-scrollbars", format!("--user-data-dir={}", profile.display())],
        }}}});
        let answer: Value = client
            .post(format!("{base}/session"))
            .json(&options)
            .send()
            .await?
            .json()
            .await?;
        let id = answer["value"]["sessionId"]
            .as_str()
            .ok_or_else(|| format!("no browser session: {answer}"))?;
        let chromium = &answer["value"]["capabilities"]["goog:processID"];
        let chromium = chromium.as_u64().ok_or("the browser names no process")?;
        Ok(Self {
            driver,
            session: format!("{base}/session/{id}"),
            chromium: Some(chromium),
            client,
        })
    }

    async fn command(&self, path: &str, body: Value) -> Result<Value> {
        let url = format!("{}/{path}", self.session);
        let answer: Value = self
            .client
            .post(url)
            .json(&body)
            .send()
            .await?
            .json()
            .await?;
        if let Some(error) = answer["value"]["error"].as_str() {
            return Err(format!("browser: {path}: {error}: {}", answer["value"]["message"]).into());
        }
        Ok(answer["value"].clone())
    }

    /// Sets the size of the page itself, as a phone or a PC has it.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.developer("Emulation.setDeviceMetricsOverride", metrics)
            .await
            .map(drop)
    }

    /// Runs a script at the beginning of every page from now on.
    pub async fn in_every_page(&self, script: &str) -> Result<()> {
        let source = json!({"source": script});
        self.developer("Page.addScriptToEvaluateOnNewDocument", source)
            .await
            .map(drop)
    }

    async fn developer(&self, method: &str, parameters: Value) -> Result<Value> {
        self.command(
            "goog/cdp/execute",
            json!({"cmd": method, "params": parameters}),
        )
        .await
    }

    /// Opens an address.
    pub async fn open(&self, url: &str) -> Result<()> {
        self.command("url", json!({"url": url})).await?;
        Ok(())
    }

    /// Runs a script in the page; its `return` value comes back.
    pub async fn script(&self, script: &str) -> Result<Value> {
        self.command("execute/sync", json!({"script": script, "args": []}))
            .await
    }

    /// Waits until `script` returns true. While a page is being replaced its elements are missing, so
    /// a script that finds none of them is one that is not true yet.
    pub async fn until(&self, what: &str, script: &str) -> Result<()> {
        let guarded = format!(
            "try {{ return (() => {{ {script} }})() === true }} catch (missing) {{ return false }}"
        );
        eventually(what, async || {
            Ok(self
                .script(&guarded)
                .await?
                .as_bool()
                .unwrap_or(false)
                .then_some(()))
        })
        .await
    }

    async fn element(&self, css: &str) -> Result<String> {
        let found = self
            .command("element", json!({"using": "css selector", "value": css}))
            .await?;
        found
            .as_object()
            .and_then(|object| object.values().next())
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| format!("nothing matches {css}").into())
    }

    /// Types into the first element that matches.
    pub async fn fill(&self, css: &str, text: &str) -> Result<()> {
        let element = self.element(css).await?;
        self.command(&format!("element/{element}/value"), json!({"text": text}))
            .await?;
        Ok(())
    }

    /// Makes the clerk's account with a one-time code; the clerk is signed in then.
    pub async fn claim(&self, screen: &str, code: &str) -> Result<()> {
        self.open(&format!("{screen}/claim")).await?;
        for (field, text) in [
            ("code", code),
            ("name", "王敏"),
            ("password", PASSWORD),
            ("again", PASSWORD),
        ] {
            self.fill(&format!("[name={field}]"), text).await?;
        }
        self.click("button[type=submit]").await?;
        self.until("the clerk is in", "return location.pathname === '/'")
            .await
    }

    /// Signs in with the password that [`claim`](Self::claim) gave.
    pub async fn enter(&self, screen: &str, name: &str) -> Result<()> {
        self.open(&format!("{screen}/login")).await?;
        self.fill("[name=name]", name).await?;
        self.fill("[name=password]", PASSWORD).await?;
        self.click("main button[type=submit]").await?;
        self.until("signed in", "return location.pathname === '/'")
            .await
    }

    /// Clicks the first element that matches.
    pub async fn click(&self, css: &str) -> Result<()> {
        let element = self.element(css).await?;
        self.command(&format!("element/{element}/click"), json!({}))
            .await?;
        Ok(())
    }

    /// Saves a picture of what is on screen.
    pub async fn screenshot(&self, file: &Path) -> Result<()> {
        let shot = self.developer("Page.captureScreenshot", json!({})).await?;
        let data = shot["data"].as_str().ok_or("the browser gave no picture")?;
        save(file, data)
    }

    /// Saves what the page prints, on the paper that its style sheet asks for.
    pub async fn pdf(&self, file: &Path) -> Result<()> {
        let how = json!({"preferCSSPageSize": true, "printBackground": true});
        let print = self.developer("Page.printToPDF", how).await?;
        save(
            file,
            print["data"]
                .as_str()
                .ok_or("the browser printed nothing")?,
        )
    }

    /// Saves what an address answers to this browser's session.
    pub async fn download(&self, url: &str, file: &Path) -> Result<()> {
        let script = "const answer = await fetch(arguments[0]);
            const bytes = new Uint8Array(await answer.arrayBuffer());
            let text = '';
            for (const byte of bytes) { text += String.fromCharCode(byte); }
            return answer.ok ? btoa(text) : null;";
        let body = json!({"script": script, "args": [url]});
        let data = self.command("execute/sync", body).await?;
        save(
            file,
            data.as_str().ok_or_else(|| format!("{url} gave nothing"))?,
        )
    }

    /// Closes the window and the driver.
    pub async fn close(mut self) -> Result<()> {
        self.client.delete(&self.session).send().await?;
        self.chromium = None;
        self.driver.kill()
    }
}

fn save(file: &Path, base64_text: &str) -> Result<()> {
    let bytes = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, base64_text)?;
    Ok(std::fs::write(file, bytes)?)
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(chromium) = self.chromium {
            Command::new("kill")
                .args(["-KILL", &chromium.to_string()])
                .status()
                .ok();
        }
    }
}
