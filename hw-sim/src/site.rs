//! Everything of one site, running: readers, lanes, people and the journal, and the acts of hands and feet on them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use serde::Serialize;
use tokio::sync::{Mutex, oneshot};

use crate::camera::{Album, CameraHandle, Showing};
use crate::direction::Direction;
use crate::error::SimError;
use crate::gate::{LaneCommand, LaneHandle, LanePlace, WalkEnd, WalkStyle};
use crate::journal::{Act, AtLane, Journal};
use crate::people::{Crowd, Person};
use crate::reader::{ReaderCommand, ReaderFault, ReaderHandle, ReaderPlace};
use crate::seed::Seeded;
use crate::settings::TimingSink;
use crate::site_day::{DeviceAct, SiteDay};

/// Bytes of junk that a noisy board line carries at once.
const NOISE_BYTES: usize = 40;

/// A running site. Clones are the same site; it ends with the last of them.
#[derive(Debug, Clone)]
pub struct Site {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    day: SiteDay,
    crowd: Crowd,
    journal: Journal,
    readers: BTreeMap<String, AtReaderDesk>,
    lanes: BTreeMap<String, LaneHandle>,
    cameras: BTreeMap<(String, Direction), CameraHandle>,
    album: Arc<OnceLock<Album>>,
    visits: AtomicU64,
}

#[derive(Debug)]
struct AtReaderDesk {
    handle: ReaderHandle,
    /// Held by the person whose turn it is.
    turn: Arc<Mutex<()>>,
}

/// Where the terminals are: the content of `hw-sim.json`, together with the page's address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Terminals {
    /// Reader id to the stable name of its terminal.
    pub readers: BTreeMap<String, PathBuf>,
    /// Lane id to the stable name of its board's terminal.
    pub boards: BTreeMap<String, PathBuf>,
}

impl Site {
    /// Plugs everything in below `run_folder` (`dev/<device>`, `journal.jsonl`) on the current runtime.
    ///
    /// `year` is the year that the people's birthdays are counted from.
    pub fn start(
        day: SiteDay,
        year: i16,
        run_folder: &Path,
        timings: &TimingSink,
    ) -> Result<Self, SimError> {
        Self::start_with_boards(day, year, run_folder, timings, None)
    }

    /// The same, with boards that are chips in QEMU if an image is given.
    pub fn start_with_boards(
        day: SiteDay,
        year: i16,
        run_folder: &Path,
        timings: &TimingSink,
        image: Option<&Path>,
    ) -> Result<Self, SimError> {
        std::fs::create_dir_all(run_folder).map_err(|source| SimError::WriteFile {
            path: run_folder.to_owned(),
            source,
        })?;
        let journal = Journal::open(&run_folder.join("journal.jsonl"))?;
        journal.write(Act::JournalOpened {
            site_day: day.name.clone(),
            seed: day.seed,
        });
        let devices = run_folder.join("dev");
        let (mut readers, mut lanes) = (BTreeMap::new(), BTreeMap::new());
        let album = Arc::new(OnceLock::new());
        let watched = day.lane.iter().flat_map(|lane| {
            let ways = lane.cameras();
            ways.map(|direction| (lane.lane.clone(), direction))
        });
        let cameras = (1..).zip(watched).map(|(number, place)| {
            let camera = CameraHandle::new(Arc::clone(&album), day.seed.wrapping_add(number));
            (place, camera)
        });
        let cameras = cameras.collect();
        let mut ordinal = 0;
        for lane in &day.lane {
            ordinal += 1;
            let place = LanePlace {
                lane: lane.lane.clone(),
                world: day.gate.world(lane.board),
                board: lane
                    .board
                    .then(|| (devices.join(&lane.lane), day.gate.baud)),
                ordinal,
                image: image.map(Arc::from),
            };
            let handle = LaneHandle::start(place, journal.clone(), timings.clone())?;
            lanes.insert(lane.lane.clone(), handle);
            for (reader, direction) in lane.readers() {
                ordinal += 1;
                let place = ReaderPlace {
                    reader: reader.to_owned(),
                    lane: lane.lane.clone(),
                    direction,
                    link: devices.join(reader),
                    baud: day.reader.baud,
                    ordinal,
                };
                let times = day.reader.times();
                let handle = ReaderHandle::start(place, times, journal.clone(), timings.clone())?;
                let turn = Arc::new(Mutex::new(()));
                readers.insert(reader.to_owned(), AtReaderDesk { handle, turn });
            }
        }
        let crowd = day.crowd(year);
        let visits = AtomicU64::new(0);
        Ok(Self {
            inner: Arc::new(Inner {
                day,
                crowd,
                journal,
                readers,
                lanes,
                cameras,
                album,
                visits,
            }),
        })
    }

    /// The scenario.
    pub fn day(&self) -> &SiteDay {
        &self.inner.day
    }

    /// Everybody.
    pub fn crowd(&self) -> &Crowd {
        &self.inner.crowd
    }

    /// The truth.
    pub fn journal(&self) -> &Journal {
        &self.inner.journal
    }

    /// Readers by id.
    pub fn readers(&self) -> impl Iterator<Item = &ReaderHandle> {
        self.inner.readers.values().map(|desk| &desk.handle)
    }

    /// Lanes by id.
    pub fn lanes(&self) -> impl Iterator<Item = &LaneHandle> {
        self.inner.lanes.values()
    }

    /// One reader.
    pub fn reader(&self, reader: &str) -> Result<&ReaderHandle, SimError> {
        self.desk(reader).map(|desk| &desk.handle)
    }

    /// One lane.
    pub fn lane(&self, lane: &str) -> Result<&LaneHandle, SimError> {
        self.inner
            .lanes
            .get(lane)
            .ok_or_else(|| unknown("lane", lane))
    }

    /// The camera of one lane that looks that way.
    pub fn camera(&self, lane: &str, direction: Direction) -> Result<&CameraHandle, SimError> {
        self.inner
            .cameras
            .get(&(lane.to_owned(), direction))
            .ok_or_else(|| unknown("camera", lane))
    }

    /// The names of the pictures that cameras can show.
    pub fn shots(&self) -> Vec<&str> {
        self.inner
            .album
            .get()
            .map_or_else(Vec::new, |album| album.names().collect())
    }

    /// Whose face a picture shows, if he is one of the site's people.
    pub fn face_owner(&self, shot: &str) -> Option<&Arc<Person>> {
        let letter = shot.trim_end_matches(|one: char| one.is_ascii_digit());
        let mut faces = self.inner.day.face.iter();
        let face = faces.find(|face| face.portrait == letter)?;
        self.inner.crowd.find(&face.who)
    }

    /// Somebody steps before a camera, in place of whoever is there, or all go away.
    pub fn show_face(
        &self,
        (lane, direction): (&str, Direction),
        shot: Option<&str>,
        showing: Showing,
        visit: Option<u64>,
    ) -> Result<(), SimError> {
        self.camera(lane, direction)?.show(shot, showing)?;
        let lane = lane.to_owned();
        self.journal().write(match shot {
            Some(shot) => Act::FaceShown {
                at: AtLane {
                    visit,
                    lane,
                    direction,
                    person: self.face_owner(shot).map(|owner| owner.number.clone()),
                },
                shot: shot.to_owned(),
                showing,
            },
            None => Act::FaceGone { lane, direction },
        });
        Ok(())
    }

    /// Gives the cameras the portraits of a folder to show; only the first time counts.
    pub fn bring_album(&self, folder: &Path) -> Result<(), SimError> {
        let album = Album::read(folder)?;
        self.inner.album.get_or_init(|| album);
        Ok(())
    }

    /// The reader beside a lane's camera.
    pub(crate) fn reader_at(&self, lane: &str, direction: Direction) -> Result<&str, SimError> {
        self.readers()
            .map(|handle| &handle.place)
            .find(|place| place.lane == lane && place.direction == direction)
            .map(|place| place.reader.as_str())
            .ok_or_else(|| unknown("reader", lane))
    }

    /// A person by number or by group and place.
    pub fn person(&self, word: &str) -> Result<&Arc<Person>, SimError> {
        self.inner
            .crowd
            .find(word)
            .ok_or_else(|| unknown("person", word))
    }

    /// The right to stand at a reader; waits until everybody before has had his turn.
    pub(crate) fn turn(&self, reader: &str) -> Result<Arc<Mutex<()>>, SimError> {
        self.desk(reader).map(|desk| Arc::clone(&desk.turn))
    }

    /// A number for a new turn.
    pub(crate) fn next_visit(&self) -> u64 {
        self.inner
            .visits
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1)
    }

    /// Where the terminals are.
    pub fn terminals(&self) -> Terminals {
        let readers = self
            .readers()
            .map(|handle| (handle.place.reader.clone(), handle.place.link.clone()));
        let boards = self.lanes().filter_map(|handle| {
            let (link, _) = handle.place.board.as_ref()?;
            Some((handle.place.lane.clone(), link.clone()))
        });
        Terminals {
            readers: readers.collect(),
            boards: boards.collect(),
        }
    }

    /// Waits until the box has spoken to every reader and every board.
    pub async fn wait_for_box(&self) -> Result<(), SimError> {
        for reader in self.readers() {
            let stopped = |_| SimError::Stopped {
                device: reader.place.reader.clone(),
            };
            drop(
                reader
                    .view()
                    .wait_for(|view| view.heard)
                    .await
                    .map_err(stopped)?,
            );
        }
        for lane in self.lanes() {
            let stopped = |_| SimError::Stopped {
                device: lane.place.lane.clone(),
            };
            drop(
                lane.view()
                    .wait_for(|view| view.heard)
                    .await
                    .map_err(stopped)?,
            );
        }
        Ok(())
    }

    /// A hand puts a card on a reader. Gives the number of the turn.
    pub async fn put(&self, reader: &str, person: &str) -> Result<u64, SimError> {
        let person = Arc::clone(self.person(person)?);
        let visit = self.next_visit();
        self.reader(reader)?
            .order(ReaderCommand::Put { visit, person })
            .await?;
        Ok(visit)
    }

    /// A hand takes the card off a reader.
    pub async fn lift(&self, reader: &str) -> Result<(), SimError> {
        self.reader(reader)?.order(ReaderCommand::Lift).await
    }

    /// Somebody walks; waits for the end of the walk.
    pub async fn walk(
        &self,
        lane: &str,
        who: (Option<u64>, Option<String>),
        direction: Direction,
        style: WalkStyle,
    ) -> Result<WalkEnd, SimError> {
        let (visit, person) = who;
        let (done, over) = oneshot::channel();
        let walk = LaneCommand::Walk {
            visit,
            person,
            direction,
            style,
            done: Some(done),
        };
        self.lane(lane)?.order(walk).await?;
        over.await.map_err(|_| SimError::Stopped {
            device: lane.to_owned(),
        })
    }

    /// Arms a fault of a reader.
    pub async fn fault(&self, reader: &str, fault: ReaderFault) -> Result<(), SimError> {
        self.reader(reader)?
            .order(ReaderCommand::Fault(fault))
            .await
    }

    /// Does something to a reader or a board by hand.
    pub async fn device_act(&self, device: &str, act: DeviceAct) -> Result<(), SimError> {
        if let Ok(reader) = self.reader(device) {
            let command = match act {
                DeviceAct::Unplug => ReaderCommand::Unplug,
                DeviceAct::Plug => ReaderCommand::Plug,
                DeviceAct::WrongBaudOn => ReaderCommand::Fault(ReaderFault::WrongBaud { on: true }),
                DeviceAct::WrongBaudOff => {
                    ReaderCommand::Fault(ReaderFault::WrongBaud { on: false })
                }
                DeviceAct::Noise => ReaderCommand::Fault(ReaderFault::NoiseInside),
                DeviceAct::FireOn
                | DeviceAct::FireOff
                | DeviceAct::TamperOn
                | DeviceAct::TamperOff
                | DeviceAct::ResetBoard => return Err(unknown("board", device)),
            };
            return reader.order(command).await;
        }
        let command = match act {
            DeviceAct::Unplug => LaneCommand::Unplug,
            DeviceAct::Plug => LaneCommand::Plug,
            DeviceAct::FireOn => LaneCommand::Fire(true),
            DeviceAct::FireOff => LaneCommand::Fire(false),
            DeviceAct::TamperOn => LaneCommand::Tamper(true),
            DeviceAct::TamperOff => LaneCommand::Tamper(false),
            DeviceAct::ResetBoard => LaneCommand::ResetBoard,
            DeviceAct::WrongBaudOn => LaneCommand::WrongBaud(true),
            DeviceAct::WrongBaudOff => LaneCommand::WrongBaud(false),
            DeviceAct::Noise => LaneCommand::Noise(self.junk()),
        };
        self.lane(device)?.order(command).await
    }

    fn junk(&self) -> Vec<u8> {
        let mut seeded = Seeded::new(self.day().seed).fork(self.next_visit());
        std::iter::repeat_with(|| seeded.byte())
            .take(NOISE_BYTES)
            .collect()
    }

    fn desk(&self, reader: &str) -> Result<&AtReaderDesk, SimError> {
        self.inner
            .readers
            .get(reader)
            .ok_or_else(|| unknown("reader", reader))
    }
}

fn unknown(what: &'static str, name: &str) -> SimError {
    SimError::Unknown {
        what,
        name: name.to_owned(),
    }
}
