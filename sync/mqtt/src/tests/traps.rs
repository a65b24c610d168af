//! The client library's traps, each with what would fall into it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use sync_wire::{Hash, Topic};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{LocalSet, spawn_local};

use crate::door::Door;
use crate::error::Fault;
use crate::ledger::Ledger;
use crate::pipe::{Arrival, Order, Pipe};
use crate::settings::Proxy;
use crate::status::SyncLink;
use crate::tests::broker::start;
use crate::tests::harness::{Broker, EPOCH, Memory, Table, settings, until, until_city};
use crate::tests::pki::Pki;

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// One packet: its type, the number behind its first two bytes of content, where there is one.
async fn packet(stream: &mut TcpStream) -> std::io::Result<(u8, Vec<u8>)> {
    let first = stream.read_u8().await?;
    let (mut length, mut shift) = (0_usize, 0);
    loop {
        let byte = stream.read_u8().await?;
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let mut content = vec![0; length];
    stream.read_exact(&mut content).await?;
    Ok((first >> 4, content))
}

/// A broker that takes everything and confirms no publish: the library's window fills up.
async fn mute_broker(listener: TcpListener, connections: Rc<RefCell<u32>>) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        *connections.borrow_mut() += 1;
        while let Ok((kind, content)) = packet(&mut stream).await {
            let answer = match kind {
                1 => vec![0x20, 2, 0, 0],
                8 => vec![0x90, 3, content[0], content[1], 1],
                12 => vec![0xd0, 0],
                _ => continue,
            };
            if stream.write_all(&answer).await.is_err() {
                break;
            }
        }
    }
}

/// A broker that confirms every publish but the third of its first connection; tells for each
/// connection how many came.
async fn forgetful_broker(listener: TcpListener, seen: watch::Sender<Vec<u32>>) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        seen.send_modify(|seen| seen.push(0));
        while let Ok((kind, content)) = packet(&mut stream).await {
            let answer = match kind {
                1 => vec![0x20, 2, 0, 0],
                3 => {
                    let topic = usize::from(u16::from_be_bytes([content[0], content[1]]));
                    let number = [content[topic + 2], content[topic + 3]];
                    seen.send_modify(|seen| *seen.last_mut().unwrap() += 1);
                    if *seen.borrow() == [3] {
                        continue;
                    }
                    [[0x40, 2].as_slice(), &number].concat()
                }
                12 => vec![0xd0, 0],
                _ => continue,
            };
            if stream.write_all(&answer).await.is_err() {
                break;
            }
        }
    }
}

/// Where a broker leaves a confirmation out, the library's numbers come round to one in use: it keeps
/// that message back and takes no other, on this connection and on every later one.
#[tokio::test]
async fn a_confirmation_that_is_left_out_costs_one_connection() {
    let everything = async {
        let (listener, port) = listener().await;
        let (sender, mut seen) = watch::channel(Vec::new());
        spawn_local(forgetful_broker(listener, sender));
        let mut pipe = Pipe::start(&settings(port, None));
        assert!(pipe.connect(order(port)));
        assert!(matches!(
            pipe.arrivals.recv().await,
            Some(Arrival::Connected)
        ));
        // The broken connection is told at once, not after two keep-alives.
        let broken = async {
            for count in 1.. {
                let send = pipe.publish("menwei/1/b/up/live".to_owned(), vec![7; 9], false);
                send.unwrap();
                tokio::select! {
                    arrival = pipe.arrivals.recv() => return (count, arrival.unwrap()),
                    _ = seen.wait_for(|seen| seen[0] >= count) => {}
                }
            }
            unreachable!("a range without an end")
        };
        let patience = Duration::from_secs(20);
        let (count, arrival) = tokio::time::timeout(patience, broken).await.unwrap();
        let left_out = matches!(arrival, Arrival::Broken(Fault::Unconfirmed { number: 3 }));
        assert!(left_out, "{arrival:?}");
        assert_eq!(count, 203, "the library's numbers came round");
        // The next connection works.
        assert!(pipe.connect(order(port)));
        assert!(matches!(
            pipe.arrivals.recv().await,
            Some(Arrival::Connected)
        ));
        for _ in 0..10 {
            let send = pipe.publish("menwei/1/b/up/live".to_owned(), vec![7; 9], false);
            send.unwrap();
        }
        let whole = seen.wait_for(|seen| seen.get(1) == Some(&10));
        tokio::time::timeout(patience, whole)
            .await
            .unwrap()
            .unwrap();
    };
    LocalSet::new().run_until(everything).await;
}

fn order(port: u16) -> Order {
    Order {
        door: Door {
            host: "127.0.0.1".to_owned(),
            port,
            proxy: None,
            tls: None,
        },
        will_topic: "menwei/1/b/state".to_owned(),
        will: Vec::new(),
    }
}

/// A cursor that cannot be read for minutes starves no watchdog: the gate beside it works.
#[tokio::test(start_paused = true)]
async fn a_ledger_that_does_not_say_where_to_go_on_is_asked_again_and_told_of() {
    let everything = async {
        let (listener, port) = listener().await;
        let memory = Memory::new(3);
        *memory.failures.borrow_mut() = 8;
        let mut running = start(settings(port, None), memory.clone());
        let seen = until(&mut running.status, |status| status.turns >= 7).await;
        let told = seen.last_error.unwrap();
        assert!(told.contains("账本") && told.contains("打卡照常"), "{told}");
        assert!(seen.last_error_detail.unwrap().contains("malformed"));
        // Then it begins as usual.
        drop(listener.accept().await.unwrap());
        assert_eq!(*memory.failures.borrow(), 0);
    };
    LocalSet::new().run_until(everything).await;
}

/// A publish of quality of service 0.
fn publish(topic: &str, payload: &[u8]) -> Vec<u8> {
    let mut rest = topic.len() + 2 + payload.len();
    let mut packet = vec![0x30];
    while rest > 0x7f {
        packet.push(u8::try_from(rest & 0x7f).unwrap() | 0x80);
        rest >>= 7;
    }
    packet.push(u8::try_from(rest).unwrap());
    packet.extend(u16::try_from(topic.len()).unwrap().to_be_bytes());
    [packet.as_slice(), topic.as_bytes(), payload].concat()
}

/// A broker in other hands, which delivers what it is given.
async fn foreign_broker(listener: TcpListener, mut given: mpsc::Receiver<Vec<u8>>) {
    let (mut stream, _) = listener.accept().await.unwrap();
    loop {
        let answer = match packet(&mut stream).await.unwrap() {
            (1, _) => vec![0x20, 2, 0, 0],
            (8, content) => vec![0x90, 3, content[0], content[1], 1],
            _ => continue,
        };
        stream.write_all(&answer).await.unwrap();
        if answer[0] == 0x90 {
            break;
        }
    }
    while let Some(packet) = given.recv().await {
        stream.write_all(&packet).await.unwrap();
    }
}

/// An acknowledgement.
fn word(epoch: &str, through: u64, head: Hash) -> Vec<u8> {
    let head = head.to_hex();
    format!("{{\"v\":1,\"epoch\":\"{epoch}\",\"through\":{through},\"head\":\"{head}\",\"now\":1}}")
        .into_bytes()
}

/// A message and why it is refused: topic, bytes, code.
type ForeignWord = (String, Vec<u8>, &'static str);

/// What is not the city's word on this ledger; and one that is, with fields that nobody knows yet.
fn foreign_words(right: &[u8], hash: Hash) -> (Vec<ForeignWord>, Vec<u8>) {
    let ours = Topic::DownAck.of("box-demo");
    let right = right.to_vec();
    let version = String::from_utf8(right.clone())
        .unwrap()
        .replace("\"v\":1", "\"v\":2");
    // The right one with something more in it.
    let with = |more: &str| {
        let text = String::from_utf8(right.clone()).unwrap();
        text.replacen("{\"v\":1,", &format!("{{\"v\":1,{more}"), 1)
            .into_bytes()
    };
    let range = format!("{{\"from\":2,\"to\":3,\"head\":\"{}\"}}", hash.to_hex());
    let known = with("\"hello\":1,\"tide\":{\"high\":[1,null]},");
    let rows = vec![
        (Topic::DownAck.of("box-2"), right.clone(), "other_topic"),
        (Topic::UpLive.of("box-demo"), right.clone(), "other_topic"),
        ("somewhere/else".to_owned(), right.clone(), "other_topic"),
        (
            Topic::DownAck.of("box-demo") + "/x",
            b"{}".to_vec(),
            "other_topic",
        ),
        (ours.clone(), b"\xff\xfe".to_vec(), "unreadable_ack"),
        (ours.clone(), b"{\"v\":1}".to_vec(), "unreadable_ack"),
        (
            ours.clone(),
            [b"{\"v\":1,\"deep\":".to_vec(), vec![b'['; 4_000]].concat(),
            "unreadable_ack",
        ),
        (ours.clone(), with("\"now\":1,"), "unreadable_ack"),
        (ours.clone(), vec![b' '; 65_537], "too_long"),
        (ours.clone(), vec![b'x'; 1_000_000], "too_long"),
        (
            ours.clone(),
            with(&format!("\"ranges\":[{}],", vec![range; 65].join(","))),
            "too_long",
        ),
        (ours.clone(), version.into_bytes(), "other_version"),
        (
            ours.clone(),
            b"{\"v\":7,\"all\":\"else\"}".to_vec(),
            "other_version",
        ),
        (ours, word("ffffffffffffffff", 3, hash), "other_epoch"),
    ];
    (rows, known)
}

/// What a broker in other hands could deliver settles nothing; each is counted with its reason.
#[tokio::test]
async fn what_is_not_the_citys_word_on_this_ledger_is_refused_with_its_reason() {
    let everything = async {
        let (listener, port) = listener().await;
        let (give, given) = mpsc::channel(1);
        spawn_local(foreign_broker(listener, given));
        let memory = Memory::new(3);
        let whole = *memory.head().borrow();
        let mut running = start(settings(port, None), memory);
        let ours = Topic::DownAck.of("box-demo");
        let right = word(EPOCH, whole.seq, whole.hash);
        let (rows, known) = foreign_words(&right, whole.hash);
        for (place, (topic, payload, code)) in rows.iter().enumerate() {
            give.send(publish(topic, payload)).await.unwrap();
            let count = u64::try_from(place).unwrap() + 1;
            let seen = running.refused(count).await;
            let why = seen.refusals.last.unwrap();
            assert_eq!(why.code, *code, "row {count}");
            assert!(why.clerk.contains("打卡照常"), "{}", why.clerk);
            assert_eq!(seen.acked_through, 0, "row {count}");
        }
        // Fields of a later city are ignored, and what is right in it is taken.
        give.send(publish(&ours, &known)).await.unwrap();
        let seen = until(&mut running.status, |status| status.acked_through == 3).await;
        let before = seen.refusals.total();
        // Longer than anything may be: refused with its reason, at the price of the connection.
        give.send(publish(&ours, &vec![b'x'; 1_100_000]))
            .await
            .unwrap();
        let seen = running.refused(before + 1).await;
        assert_eq!(seen.refusals.last.unwrap().code, "too_long");
        let said = until(&mut running.status, |status| status.last_error.is_some()).await;
        assert!(said.last_error.unwrap().contains("过长"));
    };
    LocalSet::new().run_until(everything).await;
}

/// Packet numbers never wrap onto one in use, and a broker that confirms nothing is left: the
/// library alone would wait for ever.
#[tokio::test]
async fn a_broker_that_confirms_nothing_is_left() {
    let everything = async {
        let (listener, port) = listener().await;
        let connections = Rc::new(RefCell::new(0));
        spawn_local(mute_broker(listener, Rc::clone(&connections)));
        let mut settings = settings(port, None);
        settings.engine.hello_ms = 2;
        settings.engine.hello_ms_max = 2;
        let mut running = start(settings, Memory::new(10));
        let left = until(&mut running.status, |status| status.last_error.is_some()).await;
        assert!(left.last_error.unwrap().contains("没有应答"));
        until(&mut running.status, |_| *connections.borrow() > 1).await;
    };
    LocalSet::new().run_until(everything).await;
}

/// The library reconnects at once whenever it is polled: here it is polled on order only.
#[tokio::test]
async fn a_broken_connection_is_not_tried_again_without_an_order() {
    let everything = async {
        let (listener, port) = listener().await;
        let accepted = Rc::new(RefCell::new(0));
        let count = Rc::clone(&accepted);
        spawn_local(async move {
            loop {
                drop(listener.accept().await.unwrap());
                *count.borrow_mut() += 1;
            }
        });
        let mut pipe = Pipe::start(&settings(port, None));
        for orders in 1..=5 {
            assert!(pipe.connect(order(port)));
            let arrival = pipe.arrivals.recv().await.unwrap();
            assert!(matches!(arrival, Arrival::Broken(_)));
            assert_eq!(*accepted.borrow(), orders);
        }
    };
    LocalSet::new().run_until(everything).await;
}

/// After a restart of a broker without a memory the library drops what it had queued.
#[tokio::test]
async fn a_broker_that_dies_in_the_middle_of_a_drain_costs_nothing() {
    let everything = async {
        let mut broker = Broker::start(None);
        let (table, _) = broker.city();
        let ledger = Memory::new(20_000);
        let mut running = start(settings(broker.port, None), ledger.clone());
        for reached in [2_000, 9_000] {
            until(&mut running.status, |status| status.acked_through > reached).await;
            broker.kill().await;
            until(&mut running.status, |status| {
                status.link == SyncLink::Offline
            })
            .await;
            assert!(running.status.borrow().backlog > 0);
            broker.restart();
        }
        until(&mut running.status, |status| status.acked_through == 20_000).await;
        ledger.check(&table.borrow());
    };
    LocalSet::new().run_until(everything).await;
}

/// Publishing from the task that polls deadlocks where both queues are full: nothing here does.
#[tokio::test]
async fn a_flood_from_the_city_stops_nothing() {
    let everything = async {
        let broker = Broker::start(None);
        let (table, _) = broker.city();
        let ledger = Memory::new(1);
        let mut running = start(settings(broker.port, None), ledger.clone());
        until(&mut running.status, |status| status.acked_through == 1).await;
        for _ in 0..10 {
            let junk = (Topic::DownAck, vec![b'x'; 5_000]);
            table.borrow_mut().to_publish = vec![junk; 60];
            ledger.append(300);
        }
        until(&mut running.status, |status| {
            status.acked_through == 3_001 && status.refusals.total() >= 60
        })
        .await;
        ledger.check(&table.borrow());
    };
    LocalSet::new().run_until(everything).await;
}

#[tokio::test]
async fn certificates_are_replaced_without_a_restart() {
    let everything = async {
        let pki = Pki::new();
        let broker = Broker::start(Some(&pki));
        let (table, _) = broker.city();
        pki.replace_box("box-demo");
        let files = pki.files("ca", "present");
        let ledger = Memory::new(5);
        let mut running = start(settings(broker.port, Some(files.clone())), ledger.clone());
        until(&mut running.status, |status| status.acked_through == 5).await;
        let states = |table: &Table| table.states.len();
        let first = states(&table.borrow());

        pki.replace_box("box-renewed");
        until_city(&table, |table| states(table) > first).await;
        ledger.append(1);
        until(&mut running.status, |status| status.acked_through == 6).await;

        // That the new file was really used shows where it is one that the broker refuses.
        pki.replace_box("stranger");
        let refused = until(&mut running.status, |status| {
            status
                .last_error
                .as_ref()
                .is_some_and(|error| error.contains("没有接受本机证书"))
        })
        .await;
        assert_ne!(refused.link, SyncLink::Online);
        pki.replace_box("box-demo");
        ledger.append(1);
        until(&mut running.status, |status| status.acked_through == 7).await;

        // A file that is half written changes nothing.
        std::fs::write(&files.key, "-----BEGIN").unwrap();
        ledger.append(1);
        until(&mut running.status, |status| status.acked_through == 8).await;
        assert_eq!(running.status.borrow().link, SyncLink::Online);
    };
    LocalSet::new().run_until(everything).await;
}

/// A proxy that connects to whatever is asked for, or refuses.
async fn proxy(listener: TcpListener, asked: Rc<RefCell<Vec<String>>>, allows: bool) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        let request = String::from_utf8(request).unwrap();
        let target = request.split(' ').nth(1).unwrap().to_owned();
        asked.borrow_mut().push(request);
        if !allows {
            stream
                .write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n")
                .await
                .unwrap();
            continue;
        }
        let mut broker = TcpStream::connect(target).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        spawn_local(async move {
            // Either end may close.
            let _closed = tokio::io::copy_bidirectional(&mut stream, &mut broker).await;
        });
    }
}

#[tokio::test]
async fn through_a_proxy() {
    let everything = async {
        let pki = Pki::new();
        let broker = Broker::start(Some(&pki));
        let (table, _) = broker.city();
        let asked = Rc::new(RefCell::new(Vec::new()));
        let (open, port) = listener().await;
        spawn_local(proxy(open, Rc::clone(&asked), true));
        let mut settings = settings(broker.port, Some(pki.files("ca", "box-demo")));
        settings.proxy = Some(Proxy {
            host: "127.0.0.1".to_owned(),
            port,
            login: Some(("gate".to_owned(), "secret".to_owned())),
        });
        assert!(!format!("{settings:?}").contains("secret"));
        let ledger = Memory::new(300);
        let mut running = start(settings.clone(), ledger.clone());
        until(&mut running.status, |status| status.acked_through == 300).await;
        ledger.check(&table.borrow());
        let request = asked.borrow()[0].clone();
        assert!(
            request.starts_with(&format!("CONNECT 127.0.0.1:{} ", broker.port)),
            "{request}"
        );
        // RFC 7617: base64 of gate:secret.
        assert!(request.contains("Basic Z2F0ZTpzZWNyZXQ="), "{request}");

        let (closed, port) = listener().await;
        spawn_local(proxy(closed, Rc::clone(&asked), false));
        settings.proxy.as_mut().unwrap().port = port;
        let mut refused = start(settings, Memory::new(1));
        let refused = until(&mut refused.status, |status| status.last_error.is_some()).await;
        assert!(refused.last_error.unwrap().contains("代理服务器"));
    };
    LocalSet::new().run_until(everything).await;
}
