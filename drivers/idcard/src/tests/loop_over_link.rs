//! The loop over an in-process link, with a scripted reader at the far end.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use drivers_link::{BoxedLink, LinkAddress, LinkError, LinkOpener, OpenFuture};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::sample::{
    FOUND, NOT_FOUND, READ_FAILED, RESIDENT, SAM_ID, SELECTED, golden_reply, reply, sam_id_reply,
    text_block,
};
use crate::{
    CardRead, Command, CommandFrame, Field, FrameDecoder, Masked, PollSettings, ReadFailure,
    ReaderEvent, ReaderSettings, SamId, SamStatus, run,
};

/// Hands out the links it was given, one per attempt; afterwards nothing is there.
struct Plugs(Mutex<VecDeque<DuplexStream>>);

impl LinkOpener for Plugs {
    fn open<'a>(&'a self, address: &'a LinkAddress) -> OpenFuture<'a> {
        let next = self.0.lock().unwrap().pop_front();
        let missing = LinkError::Missing {
            address: address.to_string(),
            source: std::io::Error::from(std::io::ErrorKind::NotFound),
        };
        Box::pin(async move {
            let link: BoxedLink = Box::new(next.ok_or(missing)?);
            Ok(link)
        })
    }
}

/// The reader's end of a link.
struct Device {
    link: DuplexStream,
    decoder: FrameDecoder<CommandFrame>,
}

impl Device {
    /// The next command of the host.
    async fn hears(&mut self) -> Command {
        let mut buffer = [0; 64];
        loop {
            let count = self.link.read(&mut buffer).await.unwrap();
            assert_ne!(count, 0, "the host hung up");
            if let Some(frame) = self.decoder.feed(&buffer[..count]).pop() {
                return Command::from_code(frame.command, frame.parameter).unwrap();
            }
        }
    }

    async fn says(&mut self, bytes: &[u8]) {
        self.link.write_all(bytes).await.unwrap();
    }

    async fn answers(&mut self, command: Command, bytes: &[u8]) {
        assert_eq!(self.hears().await, command);
        self.says(bytes).await;
    }

    async fn tells_identity(&mut self) {
        self.answers(Command::SamId, &sam_id_reply(&SAM_ID)).await;
    }

    async fn finds_and_selects(&mut self) {
        self.answers(Command::Find, &FOUND).await;
        self.answers(Command::Select, &SELECTED).await;
    }
}

struct Scene {
    devices: VecDeque<Device>,
    events: mpsc::Receiver<ReaderEvent>,
    reader: JoinHandle<()>,
}

impl Scene {
    fn new(plugs: usize, queue: usize, poll: PollSettings) -> Self {
        let mut devices = VecDeque::new();
        let mut links = VecDeque::new();
        for _ in 0..plugs {
            let (ours, theirs) = duplex(16 * 1024);
            links.push_back(ours);
            devices.push_back(Device {
                link: theirs,
                decoder: FrameDecoder::new(),
            });
        }
        let (sender, events) = mpsc::channel(queue);
        let settings = ReaderSettings {
            address: "serial:/dev/menwei/reader0".parse().unwrap(),
            poll,
            jitter: Arc::new(|| 200),
        };
        let reader = tokio::spawn(run(settings, Arc::new(Plugs(Mutex::new(links))), sender));
        Self {
            devices,
            events,
            reader,
        }
    }

    fn plugged() -> (Self, Device) {
        let mut scene = Self::new(1, 16, PollSettings::default());
        let device = scene.devices.pop_front().unwrap();
        (scene, device)
    }

    async fn event(&mut self) -> ReaderEvent {
        self.events.recv().await.unwrap()
    }

    async fn online(&mut self, device: &mut Device) {
        device.tells_identity().await;
        let sam_id = SamId::from_bytes(SAM_ID);
        assert_eq!(self.event().await, ReaderEvent::Online { sam_id });
    }

    async fn card(&mut self) -> Box<CardRead> {
        loop {
            let event = self.event().await;
            if let ReaderEvent::Card(card) = event {
                return card;
            }
            assert_eq!(event, ReaderEvent::Arriving);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_card_is_reported_and_then_removed() {
    let (mut scene, mut device) = Scene::plugged();
    scene.online(&mut device).await;
    device.answers(Command::Find, &NOT_FOUND).await;
    device.finds_and_selects().await;
    device.answers(Command::ReadBase, &golden_reply()).await;
    assert_eq!(
        scene.card().await.text.reveal(Field::Number),
        "349901199003070016"
    );
    device.answers(Command::Find, &NOT_FOUND).await;
    device.answers(Command::Find, &NOT_FOUND).await;
    assert_eq!(scene.event().await, ReaderEvent::Removed);
}

#[tokio::test(start_paused = true)]
async fn the_first_bytes_of_a_card_are_announced() {
    let (mut scene, mut device) = Scene::plugged();
    scene.online(&mut device).await;
    device.finds_and_selects().await;
    let frame = golden_reply();
    device.answers(Command::ReadBase, &frame[..7]).await;
    assert_eq!(scene.event().await, ReaderEvent::Arriving);
    device.says(&frame[7..700]).await;
    device.says(&frame[700..]).await;
    assert!(matches!(scene.event().await, ReaderEvent::Card(_)));
}

#[tokio::test(start_paused = true)]
async fn the_last_byte_is_enough() {
    let (mut scene, mut device) = Scene::plugged();
    scene.online(&mut device).await;
    device.finds_and_selects().await;
    let frame = golden_reply();
    let (last, rest) = frame.split_last().unwrap();
    device.answers(Command::ReadBase, rest).await;
    assert_eq!(scene.event().await, ReaderEvent::Arriving);
    assert!(scene.events.try_recv().is_err());
    let before = tokio::time::Instant::now();
    device.says(&[*last]).await;
    scene.card().await;
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn noise_around_every_reply_changes_nothing() {
    let (mut scene, mut device) = Scene::plugged();
    let noisy = |frame: &[u8]| [&[0x00, 0xFF, 0xAA][..], frame, &[0xAA, 0x13, 0x37]].concat();
    device
        .answers(Command::SamId, &noisy(&sam_id_reply(&SAM_ID)))
        .await;
    assert!(matches!(scene.event().await, ReaderEvent::Online { .. }));
    device.answers(Command::Find, &noisy(&FOUND)).await;
    device.answers(Command::Select, &noisy(&SELECTED)).await;
    device
        .answers(Command::ReadBase, &noisy(&golden_reply()))
        .await;
    scene.card().await;
}

#[tokio::test(start_paused = true)]
async fn every_reply_may_come_twice() {
    let (mut scene, mut device) = Scene::plugged();
    let twice = |frame: &[u8]| [frame, frame].concat();
    device
        .answers(Command::SamId, &twice(&sam_id_reply(&SAM_ID)))
        .await;
    assert!(matches!(scene.event().await, ReaderEvent::Online { .. }));
    device.answers(Command::Find, &twice(&FOUND)).await;
    device.answers(Command::Select, &twice(&SELECTED)).await;
    device
        .answers(Command::ReadBase, &twice(&golden_reply()))
        .await;
    scene.card().await;
    device.answers(Command::Find, &NOT_FOUND).await;
    device.answers(Command::Find, &NOT_FOUND).await;
    assert_eq!(scene.event().await, ReaderEvent::Removed);
}

#[tokio::test(start_paused = true)]
async fn a_card_pulled_away_in_the_middle_of_its_reply() {
    let (mut scene, mut device) = Scene::plugged();
    scene.online(&mut device).await;
    device.finds_and_selects().await;
    device
        .answers(Command::ReadBase, &golden_reply()[..600])
        .await;
    assert_eq!(scene.event().await, ReaderEvent::Arriving);
    device.answers(Command::Find, &NOT_FOUND).await;
    device.answers(Command::Find, &NOT_FOUND).await;
    let failure = ReadFailure::PulledAway;
    assert_eq!(scene.event().await, ReaderEvent::ReadFailed { failure });
    assert_eq!(scene.event().await, ReaderEvent::Removed);
}

#[tokio::test(start_paused = true)]
async fn a_reply_with_a_wrong_check_is_read_again() {
    let (mut scene, mut device) = Scene::plugged();
    scene.online(&mut device).await;
    device.finds_and_selects().await;
    let mut broken = golden_reply();
    broken[900] ^= 1;
    device.answers(Command::ReadBase, &broken).await;
    device.finds_and_selects().await;
    device.answers(Command::ReadBase, &golden_reply()).await;
    scene.card().await;
}

#[tokio::test(start_paused = true)]
async fn a_false_header_before_a_reply_costs_only_time() {
    let (mut scene, mut device) = Scene::plugged();
    scene.online(&mut device).await;
    device.finds_and_selects().await;
    let mut bytes = vec![0xAA, 0xAA, 0xAA, 0x96, 0x69, 0x09, 0x0A];
    bytes.extend(golden_reply());
    device.answers(Command::ReadBase, &bytes).await;
    scene.card().await;
}

#[tokio::test(start_paused = true)]
async fn a_read_refused_once_is_tried_again() {
    let (mut scene, mut device) = Scene::plugged();
    scene.online(&mut device).await;
    device.finds_and_selects().await;
    device.answers(Command::ReadBase, &READ_FAILED).await;
    device.finds_and_selects().await;
    device.answers(Command::ReadBase, &golden_reply()).await;
    scene.card().await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_without_license_is_left_alone_for_five_minutes() {
    let (mut scene, mut device) = Scene::plugged();
    scene.online(&mut device).await;
    device
        .answers(Command::Find, &reply([0, 0, 0x66], &[]))
        .await;
    let status = SamStatus::SamNotAuthorized;
    assert_eq!(scene.event().await, ReaderEvent::Fatal { status });
    let left_at = tokio::time::Instant::now();
    scene.online(&mut device).await;
    assert!(left_at.elapsed() >= Duration::from_secs(299));
}

#[tokio::test(start_paused = true)]
async fn an_unplugged_reader_comes_back_with_its_identity() {
    let mut scene = Scene::new(2, 16, PollSettings::default());
    let mut first = scene.devices.pop_front().unwrap();
    scene.online(&mut first).await;
    drop(first);
    assert!(matches!(scene.event().await, ReaderEvent::Offline { .. }));
    let mut second = scene.devices.pop_front().unwrap();
    scene.online(&mut second).await;
}

#[tokio::test(start_paused = true)]
async fn another_reader_in_its_place_is_reported() {
    let mut scene = Scene::new(2, 16, PollSettings::default());
    let mut first = scene.devices.pop_front().unwrap();
    scene.online(&mut first).await;
    drop(first);
    assert!(matches!(scene.event().await, ReaderEvent::Offline { .. }));
    let mut second = scene.devices.pop_front().unwrap();
    second
        .answers(Command::SamId, &sam_id_reply(&[9; 16]))
        .await;
    let (was, now) = (SamId::from_bytes(SAM_ID), SamId::from_bytes([9; 16]));
    assert_eq!(
        scene.event().await,
        ReaderEvent::IdentityChanged { was, now }
    );
    assert_eq!(scene.event().await, ReaderEvent::Online { sam_id: now });
}

#[tokio::test(start_paused = true)]
async fn a_silent_reader_is_offline_and_its_link_is_opened_again() {
    let mut scene = Scene::new(2, 16, PollSettings::default());
    assert!(matches!(scene.event().await, ReaderEvent::Offline { .. }));
    let mut second = scene.devices.remove(1).unwrap();
    scene.online(&mut second).await;
}

#[tokio::test(start_paused = true)]
async fn garbage_for_ever_is_a_silent_reader() {
    let (mut scene, mut device) = Scene::plugged();
    let babble = tokio::spawn(async move {
        while device.link.write_all(&[0x5A; 97]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(matches!(scene.event().await, ReaderEvent::Offline { .. }));
    babble.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_not_there_is_reported_once() {
    let mut scene = Scene::new(0, 16, PollSettings::default());
    assert!(matches!(scene.event().await, ReaderEvent::Offline { .. }));
    let more = tokio::time::timeout(Duration::from_mins(10), scene.events.recv()).await;
    assert!(more.is_err());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_dropped_when_the_lane_is_slow() {
    let mut scene = Scene::new(1, 1, PollSettings::default());
    let mut device = scene.devices.pop_front().unwrap();
    device.tells_identity().await;
    device.finds_and_selects().await;
    device.answers(Command::ReadBase, &golden_reply()).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(matches!(scene.event().await, ReaderEvent::Online { .. }));
    scene.card().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_address_follows_its_card() {
    let poll = PollSettings {
        reads_new_address: true,
        ..PollSettings::default()
    };
    let mut scene = Scene::new(1, 16, poll);
    let mut device = scene.devices.pop_front().unwrap();
    scene.online(&mut device).await;
    device.finds_and_selects().await;
    device.answers(Command::ReadBase, &golden_reply()).await;
    scene.card().await;
    let address = text_block(&[("测试省测试市新路9号", 70)]);
    let bytes = reply([0, 0, 0x90], &address);
    assert_eq!(bytes.len(), 81);
    device.answers(Command::ReadNewAddress, &bytes).await;
    let address = Masked::new("测试省测试市新路9号");
    assert_eq!(scene.event().await, ReaderEvent::NewAddress { address });
}

#[tokio::test(start_paused = true)]
async fn the_reader_stops_when_nobody_listens() {
    let (scene, mut device) = Scene::plugged();
    assert_eq!(device.hears().await, Command::SamId);
    drop(scene.events);
    scene.reader.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_event_in_the_log_shows_nothing_of_the_card() {
    let (mut scene, mut device) = Scene::plugged();
    scene.online(&mut device).await;
    device.finds_and_selects().await;
    device.answers(Command::ReadBase, &golden_reply()).await;
    let shown = format!("{:?}", scene.card().await);
    for (secret, _) in RESIDENT.iter().filter(|(text, _)| text.len() > 2) {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
