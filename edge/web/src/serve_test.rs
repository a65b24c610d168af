//! Browsers that take their time, and machines that want all places.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::connection::{ADDRESS_MAX, CONNECTIONS_MAX};
use crate::router::within;
use crate::serve::{Patience, run};

/// Short, and long enough for a machine with much else to do.
const SHORT: Patience = Patience {
    head: Duration::from_secs(2),
    stall: Duration::from_secs(2),
    end: Duration::from_secs(5),
};
const ASKED: &[u8] = b"GET / HTTP/1.1\r\nhost: box\r\nconnection: close\r\n\r\n";
const LARGE: usize = 64 * 1024 * 1024;

struct Screen {
    address: SocketAddr,
    stop: CancellationToken,
    served: tokio::task::JoinHandle<Result<(), crate::WebError>>,
}

impl Screen {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let pages = Router::new()
            .route("/", get(|| async { "here" }))
            .route("/large", get(|| async { vec![b'x'; LARGE] }))
            .route(
                "/bring",
                post(|body: Bytes| async move { body.len().to_string() }),
            )
            .layer(axum::middleware::from_fn(|request, next| {
                within(SHORT.head, request, next)
            }));
        let stop = CancellationToken::new();
        let ended = stop.clone().cancelled_owned();
        let served = tokio::spawn(run(listener, pages, SHORT, ended));
        Self {
            address,
            stop,
            served,
        }
    }

    /// A connection from one of this machine's addresses, 127.0.0.`host`.
    async fn from(&self, host: u8) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket
            .bind(SocketAddr::from(([127, 0, 0, host], 0)))
            .unwrap();
        socket.connect(self.address).await.unwrap()
    }

    async fn says(&self, host: u8, text: &[u8]) -> TcpStream {
        let mut stream = self.from(host).await;
        drop(stream.write_all(text).await);
        stream
    }

    /// A clerk's browser that asks and is answered.
    async fn answers(&self, host: u8) {
        let answer = rest(self.says(host, ASKED).await).await;
        assert!(answer.ends_with("here"), "{answer}");
    }
}

/// Everything that comes until the end, however it ends.
async fn rest(mut stream: TcpStream) -> String {
    let mut all = Vec::new();
    let mut piece = [0; 1_024];
    while let Ok(count @ 1..) = stream.read(&mut piece).await {
        all.extend_from_slice(&piece[..count]);
    }
    String::from_utf8(all).unwrap()
}

#[tokio::test]
async fn who_says_nothing_or_half_a_head_is_hung_up_and_the_clerk_is_served() {
    let screen = Screen::start().await;
    let mut slow = Vec::new();
    for number in 0..CONNECTIONS_MAX {
        let half: &[u8] = if number % 2 == 0 {
            b""
        } else {
            b"GET / HTTP/1.1\r\nhost:"
        };
        let host = if number < ADDRESS_MAX { 2 } else { 3 };
        slow.push(screen.says(host, half).await);
    }
    // Every place is taken: the clerk waits until those who dawdle are hung up.
    screen.answers(4).await;
    for stream in slow {
        let told = rest(stream).await;
        assert!(!told.contains("here"), "{told}");
    }
}

#[tokio::test]
async fn a_head_that_drips_and_one_without_end_are_given_up() {
    let screen = Screen::start().await;
    let mut drip = screen.says(2, b"GET / HTTP/1.1\r\n").await;
    let dripping = async {
        // One field after the other, each within the time.
        while drip.write_all(b"x: y\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    dripping.await;
    let long = [b"GET / HTTP/1.1\r\nx: ".to_vec(), vec![b'y'; 100_000]].concat();
    let told = rest(screen.says(2, &long).await).await;
    assert!(!told.contains("here"), "{told}");
    screen.answers(2).await;
}

#[tokio::test]
async fn one_address_cannot_have_all_places() {
    let screen = Screen::start().await;
    let mut greedy = Vec::new();
    for _ in 0..ADDRESS_MAX {
        greedy.push(screen.says(2, b"GET").await);
    }
    // One more from there is hung up at once, the clerk is served at once.
    let more = screen.from(2).await;
    assert_eq!(rest(more).await, "");
    screen.answers(3).await;
    drop(greedy);
}

#[tokio::test]
async fn a_body_that_never_comes_is_answered_and_hung_up() {
    let screen = Screen::start().await;
    let head = b"POST /bring HTTP/1.1\r\nhost: box\r\norigin: http://box\r\nsec-fetch-site: same-origin\r\ncontent-length: 1000\r\n\r\nhalf";
    let told = rest(screen.says(2, head).await).await;
    assert!(told.contains("E-WEB-504"), "{told}");
}

#[tokio::test]
async fn who_takes_nothing_in_is_hung_up_and_does_not_hold_up_the_end() {
    let screen = Screen::start().await;
    let deaf = screen
        .says(2, b"GET /large HTTP/1.1\r\nhost: box\r\n\r\n")
        .await;
    screen.answers(3).await;
    screen.stop.cancel();
    assert!(screen.served.await.unwrap().is_ok());
    let mut got = 0;
    let mut deaf = deaf;
    let mut piece = vec![0; 1024 * 1024];
    while let Ok(count @ 1..) = deaf.read(&mut piece).await {
        got += count;
    }
    assert!(got < LARGE, "all of it had found room");
}
