//! Clients that take their time.

use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use openssl::ssl::{SslConnector, SslFiletype, SslMethod};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_openssl::SslStream;

use super::door::{Door, Wants};
use super::serve::{Patience, serve};
use crate::pki::{self, Validity};

/// Short, and long enough for a machine with much else to do.
const SHORT: Patience = Patience {
    handshake: Duration::from_secs(5),
    head: Duration::from_secs(4),
    whole: Duration::from_secs(8),
};

/// A client's end, as the box with this certificate has it.
async fn connect(home: &Path, port: u16) -> SslStream<TcpStream> {
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.set_ca_file(home.join("ca.pem")).unwrap();
    let pem = SslFiletype::PEM;
    connector
        .set_certificate_file(home.join("box-1/box.pem"), pem)
        .unwrap();
    connector
        .set_private_key_file(home.join("box-1/box.key"), pem)
        .unwrap();
    let ssl = connector.build().configure().unwrap();
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut stream = SslStream::new(ssl.into_ssl("localhost").unwrap(), stream).unwrap();
    std::pin::Pin::new(&mut stream).connect().await.unwrap();
    stream
}

/// Sends what it can: who talks too long may be hung up meanwhile.
async fn asks(home: &Path, port: u16, head: &str) -> SslStream<TcpStream> {
    let mut stream = connect(home, port).await;
    drop(stream.write_all(head.as_bytes()).await);
    stream
}

/// Everything that comes until the end, however it ends.
async fn rest(mut stream: impl AsyncRead + Unpin) -> String {
    let mut all = Vec::new();
    let mut piece = [0; 1_024];
    while let Ok(count @ 1..) = stream.read(&mut piece).await {
        all.extend_from_slice(&piece[..count]);
    }
    String::from_utf8(all).unwrap()
}

#[tokio::test]
async fn who_dawdles_is_hung_up_and_others_are_served() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path();
    let long = Validity::new(jiff::civil::date(2020, 1, 1), 36_000).unwrap();
    pki::init(dir, long).unwrap();
    pki::issue_broker(dir, &[], long).unwrap();
    pki::issue_box(dir, "box-1", &dir.join("box-1"), long).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = Router::new()
        .route("/", get(async || "here"))
        .route("/never", get(std::future::pending::<&'static str>));
    let door = Door::open(dir, Wants::Certificate).unwrap();
    let server = tokio::spawn(serve(listener, (door, app), SHORT));

    let mute = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let half = asks(dir, port, "GET / HTTP/1.1\r\nHost: x\r\n").await;
    let endless = asks(dir, port, "GET /never HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let long_head = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(32_768));
    let wide = asks(dir, port, &long_head).await;
    let answer = rest(asks(dir, port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await).await;
    assert!(answer.ends_with("here"), "{answer}");
    for (stream, what) in [
        (half, "half a head"),
        (endless, "no answer"),
        (wide, "a long head"),
    ] {
        let told = rest(stream).await;
        assert!(!told.contains("200 OK"), "{what}: {told}");
    }
    assert_eq!(rest(mute).await, "", "no handshake");
    server.abort();
}
