//! A broker that never confirms one of the city's messages: the number of that message comes round again
//! and collides. The city must be heard and hear again after the next connection.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use crate::common::database::{Store, on_both_databases};
use crate::common::{EPOCH, SITE, Site};
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod, SslStream};
use sync_city::Silent;
use sync_wire::Topic;

/// Numbers that the city gives to messages before it begins anew.
const NUMBERS: usize = 100;
/// No answer within this is none.
const NOTHING: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(30);

type Stream = SslStream<std::net::TcpStream>;

/// A broker by its bytes (MQTT 3.1.1), for one client.
struct Fake(Stream);

impl Fake {
    /// The kind of the next packet and what follows its length; none where nothing comes.
    fn packet(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut kind = [0_u8];
        self.0.read_exact(&mut kind).ok()?;
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            let mut byte = [0_u8];
            self.0.read_exact(&mut byte).ok()?;
            length |= usize::from(byte[0] & 127) << shift;
            shift += 7;
            if byte[0] < 128 {
                break;
            }
        }
        let mut rest = vec![0; length];
        self.0.read_exact(&mut rest).ok()?;
        Some((kind[0] >> 4, rest))
    }

    /// Takes the client's greeting; gives its name.
    fn greet(&mut self) -> String {
        let (kind, rest) = self.packet().unwrap();
        assert_eq!(kind, 1, "CONNECT");
        self.0.write_all(&[0x20, 2, 0, 0]).unwrap();
        let length = usize::from(u16::from_be_bytes([rest[10], rest[11]]));
        String::from_utf8(rest[12..12 + length].to_vec()).unwrap()
    }

    /// The number of the next message, where one comes; subscriptions and pings are answered.
    fn message(&mut self, confirm: impl Fn(u16) -> bool) -> Option<u16> {
        loop {
            let (kind, rest) = self.packet()?;
            match kind {
                3 => {
                    let topic = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
                    let number = u16::from_be_bytes([rest[topic + 2], rest[topic + 3]]);
                    if confirm(number) {
                        self.0
                            .write_all(&[0x40, 2, rest[topic + 2], rest[topic + 3]])
                            .unwrap();
                    }
                    return Some(number);
                }
                8 => {
                    self.0
                        .write_all(&[0x90, 5, rest[0], rest[1], 1, 1, 1])
                        .unwrap();
                    self.hello();
                }
                12 => self.0.write_all(&[0xd0, 0]).unwrap(),
                _ => {}
            }
        }
    }

    /// A box asks something that the city answers.
    fn hello(&mut self) {
        let topic = Topic::UpCtl.of("box-1");
        let head = sync_wire::chain::genesis("box-1", EPOCH).to_hex();
        let hello = format!(
            r#"{{"type":"hello","v":1,"number":1,"site":"{SITE}","box":"box-1","epoch":"{EPOCH}","first":1,"last":0,"head":"{head}","acked_through":0,"software":"t","clock":"synced","sent_at":1}}"#
        );
        let length = 2 + topic.len() + hello.len();
        let mut bytes = vec![0x30, u8::try_from(length % 128 + 128).unwrap()];
        bytes.push(u8::try_from(length / 128).unwrap());
        bytes.extend(u16::try_from(topic.len()).unwrap().to_be_bytes());
        bytes.extend(topic.as_bytes());
        bytes.extend(hello.as_bytes());
        self.0.write_all(&bytes).unwrap();
    }
}

/// Serves the connection that speaks to boxes; says when it has heard an answer on its second one.
fn broker(site: &Site, told: mpsc::Sender<()>) -> u16 {
    let mut acceptor = SslAcceptor::mozilla_intermediate(SslMethod::tls()).unwrap();
    let (certificate, key) = (site.path("broker.pem"), site.path("broker.key"));
    acceptor
        .set_certificate_file(certificate, SslFiletype::PEM)
        .unwrap();
    acceptor
        .set_private_key_file(key, SslFiletype::PEM)
        .unwrap();
    let acceptor = acceptor.build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut lines, mut others) = (0, Vec::new());
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let Ok(stream) = acceptor.accept(stream) else {
                continue;
            };
            let mut line = Fake(stream);
            if line.greet().contains("bulk") {
                others.push(line);
                continue;
            }
            lines += 1;
            if lines == 1 {
                // The first of them is never confirmed.
                line.message(|_| false).unwrap();
                for _ in 1..NUMBERS {
                    line.hello();
                    line.message(|_| true).unwrap();
                }
                line.hello();
                line.0.get_ref().set_read_timeout(Some(NOTHING)).unwrap();
                assert_eq!(line.message(|_| true), None, "its number is taken");
            } else if line.message(|_| true).is_some() {
                told.send(()).unwrap();
                return;
            }
        }
    });
    port
}

async fn a_number_that_collides_ends_with_its_connection(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let (tell, told) = mpsc::channel();
    let mut settings = site.settings();
    settings.broker_port = broker(&site, tell);
    let city = sync_city::run(&settings, Arc::new(Silent)).await.unwrap();
    let heard = tokio::task::spawn_blocking(move || told.recv_timeout(PATIENCE));
    heard
        .await
        .unwrap()
        .expect("the city subscribes and answers again");
    city.stop().await.unwrap();
}

on_both_databases!(a_number_that_collides_ends_with_its_connection);
