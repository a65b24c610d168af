//! What a browser does: keep a cookie, send a form, read a stream.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode};

use crate::site::Site;

pub(crate) const NAME: &str = "王工";
pub(crate) const PASSWORD: &str = "六月的第一场雨很大啊";

/// A browser: keeps cookies, follows nothing by itself.
pub(crate) fn browser() -> Client {
    Client::builder()
        .cookie_store(true)
        .redirect(Policy::none())
        .build()
        .unwrap()
}

/// A form as a page of this screen sends it.
pub(crate) fn form(
    client: &Client,
    site: &Site,
    path: &str,
    fields: &[(&str, &str)],
) -> RequestBuilder {
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

pub(crate) fn escaped(text: &str) -> String {
    let bytes: Vec<String> = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    bytes.concat()
}

pub(crate) async fn page(client: &Client, site: &Site, path: &str) -> Response {
    client
        .get(site.at(path))
        .header("accept", "text/html")
        .send()
        .await
        .unwrap()
}

pub(crate) fn goes_to(answer: &Response) -> &str {
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    answer.headers()["location"].to_str().unwrap()
}

pub(crate) async fn claim(client: &Client, site: &Site, code: &str, name: &str) -> Response {
    let fields = [
        ("code", code),
        ("name", name),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ];
    form(client, site, "/claim", &fields).send().await.unwrap()
}

pub(crate) async fn login(client: &Client, site: &Site, name: &str, password: &str) -> Response {
    let fields = [("name", name), ("password", password)];
    form(client, site, "/login", &fields).send().await.unwrap()
}

pub(crate) async fn claimed_site() -> (Site, Client) {
    let (site, client) = (Site::start().await, browser());
    let answer = claim(&client, &site, &site.code.reveal(), NAME).await;
    assert_eq!(goes_to(&answer), "/");
    (site, client)
}

/// An event stream as its text.
pub(crate) struct Live {
    answer: Response,
}

pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

impl Live {
    pub(crate) async fn open(
        client: &Client,
        site: &Site,
        since: &str,
        last: Option<&str>,
    ) -> Self {
        Self::open_at(client, site, &format!("/events?since={since}"), last).await
    }

    /// The stream at an address.
    pub(crate) async fn open_at(
        client: &Client,
        site: &Site,
        path: &str,
        last: Option<&str>,
    ) -> Self {
        let mut request = client.get(site.at(path));
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
    pub(crate) async fn until(&mut self, text: &str) -> String {
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

    pub(crate) async fn ended(&mut self) -> bool {
        let read = async { while let Ok(Some(_)) = self.answer.chunk().await {} };
        tokio::time::timeout(PATIENCE, read).await.is_ok()
    }
}

/// The page of 今日 once it contains `text`: figures may be a quarter of a second old.
pub(crate) async fn eventually_page(client: &Client, site: &Site, text: &str) -> String {
    eventually_page_at(client, site, ("/", text)).await
}

/// The page at an address once it contains a text.
pub(crate) async fn eventually_page_at(
    client: &Client,
    site: &Site,
    (path, text): (&str, &str),
) -> String {
    let look = async {
        loop {
            let html = page(client, site, path).await.text().await.unwrap();
            if html.contains(text) {
                return html;
            }
        }
    };
    tokio::time::timeout(PATIENCE, look)
        .await
        .expect("the page never said it")
}
