//! `menwei enroll`: pictures become face templates, at `menwei-face` and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use edge_domain::{IdNumber, Roster};
use edge_face_protocol::{
    CameraPlace, EngineState, Enrollment, FrameReader, FromFace, HeldTemplate, Picture, ToFace,
    Unusable, VERSION, encode,
};

use crate::error::DaemonError;

/// Longest wait for one answer: detection and embedding of a picture on a slow processor.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// What became of one picture.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The worker's number at this box, or the place of the file.
    pub(crate) who: String,
    /// Whether the template stands.
    pub(crate) done: bool,
    /// In the clerk's words.
    pub(crate) words: String,
}

/// Enrolls everybody of a folder whose files are named by the document's number.
///
/// # Errors
/// The folder or the socket cannot be used.
pub(crate) fn enroll(
    folder: &Path,
    socket: &Path,
    roster: &Roster,
    consents: &[u32],
) -> Result<Vec<Outcome>, DaemonError> {
    let mut line = Line::open(socket)?;
    line.consents(consents, None)?;
    let numbers: BTreeMap<&IdNumber, u32> = roster
        .standings()
        .iter()
        .map(|standing| (&standing.number, standing.worker.0))
        .collect();
    let mut outcomes = Vec::new();
    for (place, path) in (1..).zip(pictures(folder)?) {
        let number = path.file_stem().and_then(|stem| stem.to_str());
        let number = number.and_then(|text| IdNumber::parse(text).ok());
        let worker = number.and_then(|number| numbers.get(&number).copied());
        let verdict = match worker {
            Some(worker) => line.enroll(worker, Sitter::Pictures(vec![fs::read(&path)?]))?,
            None => Err("文件名应为花名册上工人的证件号码".to_owned()),
        };
        outcomes.push(Outcome {
            who: worker.map_or(format!("第 {place} 张"), |worker| {
                format!("{worker} 号工人")
            }),
            done: verdict.is_ok(),
            words: verdict.err().unwrap_or_else(|| "已登记".to_owned()),
        });
    }
    Ok(outcomes)
}

fn pictures(folder: &Path) -> Result<BTreeSet<PathBuf>, DaemonError> {
    let refused = |source| DaemonError::File {
        file: folder.to_path_buf(),
        source,
    };
    let entries = fs::read_dir(folder).map_err(refused)?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    Ok(files
        .filter(|path| {
            let ending = path.extension().and_then(|ending| ending.to_str());
            matches!(ending, Some("jpg" | "jpeg" | "png"))
        })
        .collect())
}

/// Where an enrollment gets its pictures.
#[derive(Debug)]
pub(crate) enum Sitter {
    /// Files.
    Pictures(Vec<Vec<u8>>),
    /// Whoever stands before this camera, for so long.
    Camera {
        /// Which camera.
        place: CameraPlace,
        /// For how long.
        limit: Duration,
    },
}

/// A connection of its own; the box's is left alone.
pub(crate) struct Line {
    stream: UnixStream,
    reader: FrameReader,
    last: u64,
    liveness: bool,
}

impl Line {
    /// Connects and greets.
    ///
    /// # Errors
    /// Nobody listens, or the other end has no models or is of another version; in Chinese.
    pub(crate) fn open(socket: &Path) -> Result<Self, DaemonError> {
        match Self::greet(socket)? {
            (line, EngineState::Ready) => Ok(line),
            (_, EngineState::NoModels { why }) => Err(talk(why)),
        }
    }

    /// The same for whoever needs no models.
    ///
    /// # Errors
    /// Nobody listens, or the other end is of another version; in Chinese.
    pub(crate) fn open_blind(socket: &Path) -> Result<Self, DaemonError> {
        Self::greet(socket).map(|(line, _)| line)
    }

    fn greet(socket: &Path) -> Result<(Self, EngineState), DaemonError> {
        let failed = |source| DaemonError::File {
            file: socket.to_path_buf(),
            source,
        };
        let stream = UnixStream::connect(socket).map_err(failed)?;
        stream.set_read_timeout(Some(ANSWER_MAX)).map_err(failed)?;
        let mut line = Self {
            stream,
            reader: FrameReader::default(),
            last: 0,
            liveness: false,
        };
        line.say(&ToFace::Hello { version: VERSION })?;
        let greeting = line.hear(|message| {
            if let FromFace::Hello {
                version,
                engine,
                liveness,
                ..
            } = message
            {
                Some((version, engine, liveness))
            } else {
                None
            }
        })?;
        match greeting {
            (VERSION, engine, liveness) => Ok((Self { liveness, ..line }, engine)),
            _ => Err(talk("menwei-face 与 menwei 的版本不同")),
        }
    }

    /// Tells whose consent stands: nobody else is enrolled, and nobody else keeps a template; and,
    /// where it is said, whose picture may be kept for face terminals.
    ///
    /// # Errors
    /// The connection is gone.
    pub(crate) fn consents(
        &mut self,
        consents: &[u32],
        pictures: Option<Vec<u32>>,
    ) -> Result<(), DaemonError> {
        self.say(&ToFace::Consents {
            workers: consents.to_vec(),
            pictures,
        })
    }

    /// Whose pictures are kept for face terminals, each with its name.
    ///
    /// # Errors
    /// The connection is gone.
    pub(crate) fn kept(&mut self) -> Result<Vec<(u32, String)>, DaemonError> {
        self.last += 1;
        let id = self.last;
        self.say(&ToFace::Kept { id })?;
        self.hear(|message| {
            if let FromFace::Kept {
                id: answered,
                pictures,
            } = message
                && answered == id
            {
                Some(pictures)
            } else {
                None
            }
        })
    }

    /// A worker's kept picture, a JPEG file.
    ///
    /// # Errors
    /// The connection is gone.
    pub(crate) fn portrait(&mut self, worker: u32) -> Result<Option<Vec<u8>>, DaemonError> {
        self.last += 1;
        let id = self.last;
        self.say(&ToFace::Portrait { id, worker })?;
        self.picture(id)
    }

    /// What a camera sees now, a JPEG file.
    ///
    /// # Errors
    /// The connection is gone.
    pub(crate) fn view(&mut self, place: CameraPlace) -> Result<Option<Vec<u8>>, DaemonError> {
        self.last += 1;
        let id = self.last;
        self.say(&ToFace::View { id, place })?;
        self.picture(id)
    }

    fn picture(&mut self, id: u64) -> Result<Option<Vec<u8>>, DaemonError> {
        self.hear(|message| {
            if let FromFace::Picture {
                id: answered,
                picture,
            } = message
                && answered == id
            {
                Some(picture.map(|picture| picture.0))
            } else {
                None
            }
        })
    }

    /// Whether a model tells living faces from pictures.
    pub(crate) fn liveness(&self) -> bool {
        self.liveness
    }

    /// Whether a worker has a template.
    ///
    /// # Errors
    /// The connection is gone.
    pub(crate) fn held(&mut self, worker: u32) -> Result<HeldTemplate, DaemonError> {
        self.last += 1;
        let id = self.last;
        self.say(&ToFace::HowEnrolled { id, worker })?;
        self.hear(|message| {
            if let FromFace::HowEnrolled { id: answered, held } = message
                && answered == id
            {
                Some(held)
            } else {
                None
            }
        })
    }

    /// Makes a worker's template; the inner error is the verdict in the clerk's words.
    ///
    /// # Errors
    /// The connection is gone.
    pub(crate) fn enroll(
        &mut self,
        worker: u32,
        sitter: Sitter,
    ) -> Result<Result<(), String>, DaemonError> {
        self.last += 1;
        let id = self.last;
        self.say(&match sitter {
            Sitter::Pictures(files) => ToFace::Enroll {
                id,
                worker,
                pictures: files.into_iter().map(Picture).collect(),
            },
            Sitter::Camera { place, limit } => ToFace::EnrollAtCamera {
                id,
                worker,
                place,
                for_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
            },
        })?;
        self.hear(|message| {
            if let FromFace::Enrolled {
                id: answered,
                verdict,
            } = message
                && answered == id
            {
                Some(words(verdict))
            } else {
                None
            }
        })
    }

    fn say(&mut self, message: &ToFace) -> Result<(), DaemonError> {
        let frame = encode(message).map_err(|_| talk("照片文件太大"))?;
        Ok(self.stream.write_all(&frame)?)
    }

    fn hear<T>(&mut self, wanted: impl Fn(FromFace) -> Option<T>) -> Result<T, DaemonError> {
        let mut part = vec![0; 16 * 1024];
        loop {
            let message = self.reader.next_message::<FromFace>();
            if let Some(message) = message.map_err(|_| talk("menwei-face 的应答看不懂"))? {
                if let Some(answer) = wanted(message) {
                    return Ok(answer);
                }
            } else {
                let read = self.stream.read(&mut part)?;
                let bytes = part.get(..read).filter(|bytes| !bytes.is_empty());
                self.reader
                    .push(bytes.ok_or_else(|| talk("menwei-face 断开了连接"))?);
            }
        }
    }
}

fn talk(why: impl Into<String>) -> DaemonError {
    DaemonError::Refused(why.into())
}

/// The verdict in the clerk's words.
fn words(verdict: Enrollment) -> Result<(), String> {
    Err(match verdict {
        Enrollment::Done => return Ok(()),
        Enrollment::NoConsent => "本人没有同意使用人脸（或已退场），不能登记；刷卡照常".to_owned(),
        Enrollment::Taken { worker } => {
            format!("这张脸已登记给 {worker} 号工人，请核对是不是同一个人")
        }
        Enrollment::Disagree { .. } => "几张照片不像同一个人，请重拍".to_owned(),
        Enrollment::Failed { why } => why,
        Enrollment::Refused { why, .. } => refused(why).to_owned(),
    })
}

fn refused(why: Unusable) -> &'static str {
    match why {
        Unusable::NotAPicture => "不是能用的照片（只收 JPEG、PNG，边长 48 至 6000 像素），请重拍",
        Unusable::NoFace => "照片里找不到人脸，请正对镜头重拍",
        Unusable::SeveralFaces => "照片里不止一个人，请单独重拍",
        Unusable::TooSmall => "人脸太小，请靠近些重拍",
        Unusable::Cut => "人脸没有拍全，请重拍",
        Unusable::Turned => "脸没有正对镜头，请重拍",
        Unusable::Blurred => "照片模糊，请拿稳重拍",
        Unusable::TooDark => "照片太暗，请到亮处重拍",
        Unusable::TooBright => "照片太亮，请避开强光重拍",
        Unusable::NotAlive => "这张照片刚用过，请重拍",
    }
}
