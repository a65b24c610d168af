//! A clerk at the screen without a browser: the requests that one would send.

use std::fmt::Write as _;

use reqwest::header::{CONTENT_TYPE, ORIGIN};
use reqwest::{Client, Response};

use super::browser::PASSWORD;
use crate::Result;

const FORM: &str = "application/x-www-form-urlencoded";

/// Somebody who is signed in.
#[derive(Debug)]
pub struct Clerk {
    client: Client,
    screen: String,
}

impl Clerk {
    /// Makes or opens the account of that name with a one-time code.
    pub async fn claim(screen: &str, name: &str, code: &str) -> Result<Self> {
        let clerk = Self::at(screen)?;
        let fields = [("code", code), ("again", PASSWORD)];
        clerk.sign_in("/claim", name, &fields).await?;
        Ok(clerk)
    }

    /// Signs in with the password that [`claim`](Self::claim) gave.
    pub async fn enter(screen: &str, name: &str) -> Result<Self> {
        let clerk = Self::at(screen)?;
        clerk.sign_in("/login", name, &[]).await?;
        Ok(clerk)
    }

    fn at(screen: &str) -> Result<Self> {
        let client = Client::builder().no_proxy().cookie_store(true).build()?;
        let screen = screen.to_owned();
        Ok(Self { client, screen })
    }

    async fn sign_in(&self, path: &str, name: &str, more: &[(&str, &str)]) -> Result<()> {
        let fields = [&[("name", name), ("password", PASSWORD)], more].concat();
        self.send(path, &fields).await.map(drop)
    }

    /// What an address answers; an error where it refuses.
    pub async fn get(&self, path: &str) -> Result<Response> {
        let answer = self.client.get(format!("{}{path}", self.screen)).send();
        Ok(answer.await?.error_for_status()?)
    }

    /// The page at an address.
    pub async fn page(&self, path: &str) -> Result<String> {
        Ok(self.get(path).await?.text().await?)
    }

    /// Sends a form; the page that follows.
    pub async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Result<String> {
        let answer = self.post(path, FORM, encoded(fields)?.into_bytes()).await?;
        Ok(answer.text().await?)
    }

    /// Brings a file; where that leads, and the page there.
    pub async fn bring(&self, path: &str, file: &str) -> Result<(String, String)> {
        let body = format!(
            "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n{file}\r\n--edge--\r\n"
        );
        let kind = "multipart/form-data; boundary=edge";
        let answer = self.post(path, kind, body.into_bytes()).await?;
        let shown = answer.url().path().to_owned();
        Ok((shown, answer.text().await?))
    }

    async fn post(&self, path: &str, kind: &str, body: Vec<u8>) -> Result<Response> {
        let answer = self
            .client
            .post(format!("{}{path}", self.screen))
            .header(ORIGIN, &self.screen)
            .header(CONTENT_TYPE, kind)
            .body(body)
            .send()
            .await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        Err(format!("{path}: {status}: {}", answer.text().await?).into())
    }
}

/// Fields as a form sends them.
fn encoded(fields: &[(&str, &str)]) -> Result<String> {
    let mut text = String::new();
    for (name, value) in fields {
        let and = if text.is_empty() { "" } else { "&" };
        write!(text, "{and}{name}=")?;
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() {
                text.push(char::from(byte));
            } else {
                write!(text, "%{byte:02X}")?;
            }
        }
    }
    Ok(text)
}
