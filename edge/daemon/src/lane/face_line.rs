//! The line to `menwei-face`: one task for all lanes, on the gate thread.
//!
//! It only carries: questions of the lanes there, measurements back. Without the other end, or with
//! one that hangs, every camera is down, and the lanes go on with cards alone.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use edge_domain::{
    Camera, Direction, FaceEvidence, FaceFinding, FaceFrame, FaceMatch, FacePolicy, FaceWatch,
    LookId, Similarity, WorkerId, compare,
};
use edge_face_protocol::{
    CameraPlace, CameraState, EngineState, FrameReader, FromFace, ToFace, VERSION, Way, encode,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::clock::Clock;
use crate::lane::camera_lamps::FaceTrouble;
use crate::lane::face_pictures::{GatePictures, KeepOrder, PictureShelf};
use crate::lane::task::LaneNews;
use crate::people::Consents;

/// Pause before the socket is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Longest silence after a question for a sign of life.
const SILENCE_MAX: Duration = Duration::from_secs(5);
/// How often a sign of life is asked for.
const PING: Duration = Duration::from_secs(1);
/// Longest write; the other end reads all the time.
const WRITE_MAX: Duration = Duration::from_secs(1);
/// Questions of the lanes that wait at most.
const ORDERS_MAX: usize = 32;

/// A lane's question.
#[derive(Debug)]
pub(crate) struct LookOrder {
    pub(super) place: CameraPlace,
    pub(super) look: LookId,
    pub(super) worker: WorkerId,
    pub(super) for_ms: u64,
}

impl LookOrder {
    /// The question of a look; `for_ms` is the time that is left.
    pub(super) fn new(
        lane: &str,
        (look, direction, worker): (LookId, Direction, WorkerId),
        for_ms: u64,
    ) -> Self {
        Self {
            place: place(lane, direction),
            look,
            worker,
            for_ms,
        }
    }
}

/// The name of a lane's camera on the line.
pub(super) fn place(lane: &str, direction: Direction) -> CameraPlace {
    CameraPlace {
        lane: lane.to_owned(),
        way: match direction {
            Direction::In => Way::In,
            Direction::Out => Way::Out,
        },
    }
}

/// What a lane wants of the line.
#[derive(Debug)]
pub(crate) enum FaceOrder {
    /// An answer to a question.
    Look(LookOrder),
    /// The pictures of a look whose presentation is durable.
    Keep(KeepOrder),
}

/// The line before it runs, and where lanes ask.
pub(crate) type FaceDesk = (FaceLine, mpsc::Sender<FaceOrder>);

/// What the line tells a lane.
#[derive(Debug)]
pub(super) enum FaceNews {
    /// A camera came or went, with what is wrong.
    Camera(Direction, Result<(), FaceTrouble>),
    /// The answer to a look.
    Seen(LookId, FaceEvidence),
    /// Somebody presented his face alone.
    Alone(Direction, WorkerId),
}

/// The line's own end.
pub(crate) struct FaceLine {
    socket: PathBuf,
    policy: FacePolicy,
    clock: Clock,
    consents: watch::Receiver<Consents>,
    /// The other end has no models: its cameras are of no use.
    blind: bool,
    orders: mpsc::Receiver<FaceOrder>,
    lanes: BTreeMap<CameraPlace, mpsc::Sender<LaneNews>>,
    watches: BTreeMap<CameraPlace, FaceWatch>,
    looks: BTreeMap<u64, Question>,
    pictures: GatePictures,
    last: u64,
}

/// A question under way.
#[derive(Debug)]
struct Question {
    place: CameraPlace,
    look: LookId,
    worker: WorkerId,
    until: Instant,
    seen: Vec<Similarity>,
}

/// The way of a camera as the lane calls it.
pub(super) fn direction(way: Way) -> Direction {
    match way {
        Way::In => Direction::In,
        Way::Out => Direction::Out,
    }
}

/// A line that is not yet open, and where lanes ask.
pub(crate) fn face_line(
    socket: PathBuf,
    policy: FacePolicy,
    clock: Clock,
    consents: watch::Receiver<Consents>,
    shelf: PictureShelf,
) -> FaceDesk {
    let (sender, orders) = mpsc::channel(ORDERS_MAX);
    let line = FaceLine {
        socket,
        policy,
        clock,
        consents,
        blind: false,
        orders,
        lanes: BTreeMap::new(),
        watches: BTreeMap::new(),
        looks: BTreeMap::new(),
        pictures: GatePictures::new(shelf),
        last: 0,
    };
    (line, sender)
}

impl FaceLine {
    /// Tells what a camera sees to this lane.
    pub(super) fn connect(&mut self, place: CameraPlace, lane: mpsc::Sender<LaneNews>) {
        self.watches.insert(place.clone(), FaceWatch::default());
        self.lanes.insert(place, lane);
    }

    /// Runs for ever: opens the socket again and again.
    pub(crate) async fn run(mut self) {
        let mut told = false;
        loop {
            let ended = match UnixStream::connect(&self.socket).await {
                Ok(stream) => {
                    told = false;
                    self.talk(stream).await
                }
                Err(error) => error.to_string(),
            };
            if !told {
                tracing::warn!(why = ended, "No faces: menwei-face does not answer");
                told = true;
            }
            self.pictures.clear();
            self.all_down(&FaceTrouble::NoProcess).await;
            self.wait_without_line().await;
        }
    }

    /// Answers whoever asks meanwhile.
    async fn wait_without_line(&mut self) {
        let pause = sleep(RETRY);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => return,
                Some(order) = self.orders.recv() => {
                    // Pictures went with the connection.
                    if let FaceOrder::Look(order) = order {
                        let nothing = FaceEvidence::Seen(Vec::new());
                        self.tell(&order.place, FaceNews::Seen(order.look, nothing)).await;
                    }
                }
            }
        }
    }

    /// One connection, until it ends; why.
    async fn talk(&mut self, mut stream: UnixStream) -> String {
        let mut reader = FrameReader::default();
        let mut part = vec![0; 16 * 1024];
        let mut ping = tokio::time::interval(PING);
        let mut heard = Instant::now();
        let mut ready = false;
        if let Err(why) = say(&mut stream, &ToFace::Hello { version: VERSION }).await {
            return why;
        }
        loop {
            let until = self.looks.values().map(|look| look.until).min();
            let messages = tokio::select! {
                read = stream.read(&mut part) => {
                    let bytes = match read {
                        Ok(read) => part.get(..read).filter(|bytes| !bytes.is_empty()),
                        Err(error) => return error.to_string(),
                    };
                    let Some(bytes) = bytes else { return "hung up".to_owned() };
                    reader.push(bytes);
                    Vec::new()
                }
                _ = ping.tick() => {
                    if heard.elapsed() > SILENCE_MAX {
                        return "no sign of life".to_owned();
                    }
                    vec![ToFace::Ping { id: 0 }]
                }
                Some(order) = self.orders.recv() => self.order(order).await,
                Ok(()) = self.consents.changed() => vec![self.consented()],
                () = at(until) => Vec::new(),
            };
            for message in messages {
                if let Err(why) = say(&mut stream, &message).await {
                    return why;
                }
            }
            loop {
                let answer = match reader.next_message::<FromFace>() {
                    Ok(Some(message)) => message,
                    Ok(None) => break,
                    Err(error) => return error.to_string(),
                };
                heard = Instant::now();
                let reply = match (ready, answer) {
                    (
                        false,
                        FromFace::Hello {
                            version, engine, ..
                        },
                    ) if version == VERSION => {
                        ready = true;
                        self.greeted(engine).await
                    }
                    (true, answer) => self.answer(answer).await,
                    (false, _) => return "a greeting of another version".to_owned(),
                };
                if let Some(reply) = reply
                    && let Err(why) = say(&mut stream, &reply).await
                {
                    return why;
                }
            }
            self.end_looks().await;
        }
    }

    async fn greeted(&mut self, engine: EngineState) -> Option<ToFace> {
        self.blind = engine != EngineState::Ready;
        if let EngineState::NoModels { why } = engine {
            self.all_down(&FaceTrouble::NoModels(why)).await;
        }
        Some(self.consented())
    }

    fn consented(&mut self) -> ToFace {
        let consents = self.consents.borrow_and_update();
        ToFace::Consents {
            workers: consents.workers.clone(),
            pictures: Some(consents.pictures.clone()),
        }
    }

    async fn order(&mut self, order: FaceOrder) -> Vec<ToFace> {
        match order {
            FaceOrder::Look(order) => self.look(order).await.into_iter().collect(),
            FaceOrder::Keep(order) => {
                let consents = self.consents.borrow();
                self.pictures.ask(&order, &consents, &mut self.last)
            }
        }
    }

    /// Without a consent there is no template, and nothing to ask for.
    async fn look(&mut self, order: LookOrder) -> Option<ToFace> {
        if !self.consents.borrow().workers.contains(&order.worker.0) {
            let news = FaceNews::Seen(order.look, FaceEvidence::NotEnrolled);
            self.tell(&order.place, news).await;
            return None;
        }
        self.last += 1;
        let question = Question {
            place: order.place.clone(),
            look: order.look,
            worker: order.worker,
            until: Instant::now() + Duration::from_millis(order.for_ms),
            seen: Vec::new(),
        };
        self.looks.insert(self.last, question);
        Some(ToFace::Verify {
            id: self.last,
            place: order.place,
            worker: order.worker.0,
            for_ms: order.for_ms,
        })
    }

    async fn answer(&mut self, message: FromFace) -> Option<ToFace> {
        match message {
            FromFace::Compared { id, similarity } => return self.compared(id, similarity).await,
            FromFace::NotEnrolled { id } => {
                if let Some(look) = self.looks.remove(&id) {
                    let evidence = FaceEvidence::NotEnrolled;
                    self.tell(&look.place, FaceNews::Seen(look.look, evidence))
                        .await;
                }
            }
            FromFace::Nearest {
                place,
                worker,
                similarity,
                second,
                enrolled,
            } => {
                let frame = FaceFrame {
                    best: FaceMatch {
                        worker: WorkerId(worker),
                        similarity: Similarity::new(similarity),
                    },
                    second: second.map(Similarity::new),
                };
                self.nearest(&place, &frame, enrolled).await;
            }
            FromFace::Picture { id, picture } => self.pictures.answered(id, picture),
            FromFace::Camera { .. } if self.blind => {}
            FromFace::Camera { place, state } => {
                let news = trouble(state).map_or(Ok(()), Err);
                self.tell(&place, FaceNews::Camera(direction(place.way), news))
                    .await;
            }
            FromFace::Hello { .. }
            | FromFace::Enrolled { .. }
            | FromFace::HowEnrolled { .. }
            | FromFace::Kept { .. }
            | FromFace::Pong { .. } => {}
        }
        None
    }

    /// One more frame for a look; it ends as soon as the frames agree.
    async fn compared(&mut self, id: u64, similarity: i16) -> Option<ToFace> {
        let look = self.looks.get_mut(&id)?;
        look.seen.push(Similarity::new(similarity));
        let evidence = FaceEvidence::Seen(look.seen.clone());
        match compare(&evidence, &self.policy) {
            FaceFinding::Same | FaceFinding::Other => {
                let look = self.looks.remove(&id)?;
                self.pictures
                    .over(id, (&look.place, look.look), look.worker);
                self.tell(&look.place, FaceNews::Seen(look.look, evidence))
                    .await;
                Some(ToFace::Enough { id })
            }
            FaceFinding::NotEnrolled | FaceFinding::NoFace | FaceFinding::Uncertain => None,
        }
    }

    async fn nearest(&mut self, place: &CameraPlace, frame: &FaceFrame, enrolled: u32) {
        let mono_ms = self.clock.now().mono_ms;
        let Some(watch) = self.watches.get_mut(place) else {
            return;
        };
        let enrolled = usize::try_from(enrolled).unwrap_or(usize::MAX);
        if let Some(worker) = watch.frame(mono_ms, frame, enrolled, &self.policy) {
            self.tell(place, FaceNews::Alone(direction(place.way), worker))
                .await;
        }
    }

    /// Looks whose time is over are answered with what was seen.
    async fn end_looks(&mut self) {
        let now = Instant::now();
        let over: Vec<u64> = self
            .looks
            .iter()
            .filter(|(_, look)| look.until <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            if let Some(look) = self.looks.remove(&id) {
                self.pictures
                    .over(id, (&look.place, look.look), look.worker);
                let evidence = FaceEvidence::Seen(look.seen);
                self.tell(&look.place, FaceNews::Seen(look.look, evidence))
                    .await;
            }
        }
    }

    async fn all_down(&mut self, trouble: &FaceTrouble) {
        let looks = std::mem::take(&mut self.looks);
        for look in looks.into_values() {
            let evidence = FaceEvidence::Seen(look.seen);
            self.tell(&look.place, FaceNews::Seen(look.look, evidence))
                .await;
        }
        let places: Vec<CameraPlace> = self.lanes.keys().cloned().collect();
        for place in places {
            let news = FaceNews::Camera(direction(place.way), Err(trouble.clone()));
            self.tell(&place, news).await;
        }
    }

    async fn tell(&self, place: &CameraPlace, news: FaceNews) {
        let Some(lane) = self.lanes.get(place) else {
            return;
        };
        if lane.send(LaneNews::Face(news)).await.is_err() {
            tracing::debug!(lane = place.lane, "A lane has ended");
        }
    }
}

async fn say(stream: &mut UnixStream, message: &ToFace) -> Result<(), String> {
    let frame = encode(message).map_err(|error| error.to_string())?;
    match timeout(WRITE_MAX, stream.write_all(&frame)).await {
        Ok(written) => written.map_err(|error| error.to_string()),
        Err(_) => Err("does not read".to_owned()),
    }
}

async fn at(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

fn trouble(state: CameraState) -> Option<FaceTrouble> {
    Some(match state {
        CameraState::Ok => return None,
        CameraState::Unknown | CameraState::Offline => FaceTrouble::Offline,
        CameraState::Covered => FaceTrouble::Covered,
        CameraState::Frozen => FaceTrouble::Frozen,
        CameraState::Dark => FaceTrouble::Dark,
        CameraState::Blurred => FaceTrouble::Blurred,
    })
}

/// How a lane takes a camera's news.
pub(super) fn camera(news: &Result<(), FaceTrouble>) -> Camera {
    if news.is_ok() {
        Camera::Up
    } else {
        Camera::Down
    }
}
