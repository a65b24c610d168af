//! The clerk's page asks `menwei-face`: one connection for each question, on a thread of its own.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use edge_domain::Direction;
use edge_face_protocol::{CameraPlace, HeldTemplate, Way};
use edge_store::Reader;
use edge_web::{
    BoxFuture, FaceCamera, FaceDesk, FaceSource, FaceStanding, Refusal, TemplateStanding,
};
use tokio::task::spawn_blocking;

use crate::config::SiteConfig;
use crate::error::DaemonError;
use crate::people::enroll::{Line, Sitter};
use crate::people::{Consents, FaceUses};

/// How long somebody has to stand before the camera as he should. The page waits 15 seconds at most.
const SITTING: Duration = Duration::from_secs(8);

/// The clerk's way to faces.
pub(crate) struct ClerkFaces {
    socket: PathBuf,
    cameras: Vec<FaceCamera>,
    reader: Arc<Mutex<Reader>>,
    uses: FaceUses,
    basis: Option<String>,
}

impl ClerkFaces {
    /// `None` for a box without faces.
    pub(crate) fn new(config: &SiteConfig, reader: Reader) -> Option<Self> {
        let lanes = config.lanes.iter();
        let cameras = lanes.flat_map(|lane| {
            lane.cameras.iter().map(|camera| FaceCamera {
                lane: lane.id.as_str().to_owned(),
                inward: camera.direction == Direction::In,
                name: camera.name.clone(),
            })
        });
        Some(Self {
            socket: config.face_socket.clone()?,
            cameras: cameras.collect(),
            reader: Arc::new(Mutex::new(reader)),
            uses: FaceUses::of(config),
            basis: config.policy.photo_upload_basis.clone(),
        })
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Line) -> Result<T, DaemonError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let socket = self.socket.clone();
        let asked = spawn_blocking(move || question(&mut Line::open(&socket)?));
        match asked.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(DaemonError::Refused(why))) => Err(Refusal(why)),
            Ok(Err(error)) => {
                tracing::warn!(%error, "menwei-face does not answer the clerk");
                Err(no_answer())
            }
            Err(_) => Err(no_answer()),
        }
    }
}

fn no_answer() -> Refusal {
    Refusal::new("人脸程序没有应答，刷卡照常。请过一分钟再试，一直不行请联系运维。")
}

impl FaceDesk for ClerkFaces {
    fn feeds_terminals(&self) -> bool {
        self.uses.terminals
    }

    fn upload_basis(&self) -> Option<&str> {
        self.basis.as_deref()
    }

    fn cameras(&self) -> Vec<FaceCamera> {
        self.cameras.clone()
    }

    fn view(&self, lane: String, inward: bool) -> BoxFuture<'_, Result<Option<Vec<u8>>, Refusal>> {
        let place = place(lane, inward);
        let socket = self.socket.clone();
        Box::pin(async move {
            // Models are not needed to see what a camera sees.
            let asked = spawn_blocking(move || Line::open_blind(&socket)?.view(place));
            match asked.await {
                Ok(Ok(picture)) => Ok(picture),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "menwei-face shows no camera");
                    Err(no_answer())
                }
                Err(_) => Err(no_answer()),
            }
        })
    }

    fn standing(&self, worker: u32) -> BoxFuture<'_, Result<FaceStanding, Refusal>> {
        Box::pin(async move {
            self.ask(move |line| {
                Ok(FaceStanding {
                    template: match line.held(worker)? {
                        HeldTemplate::Nothing => TemplateStanding::Nothing,
                        HeldTemplate::Present => TemplateStanding::Enrolled,
                        HeldTemplate::OtherModel => TemplateStanding::OtherModel,
                    },
                    liveness: line.liveness(),
                })
            })
            .await
        })
    }

    fn enroll(&self, worker: u32, source: FaceSource) -> BoxFuture<'_, Result<(), Refusal>> {
        let reader = Arc::clone(&self.reader);
        let uses = self.uses;
        Box::pin(async move {
            self.ask(move |line| {
                let reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
                // The consent may be a second old; the box's own line tells it a little later.
                let consents = Consents::read(&reader, uses)?;
                line.consents(&consents.workers, Some(consents.pictures))?;
                drop(reader);
                line.enroll(worker, asked(source))
            })
            .await?
            .map_err(Refusal)
        })
    }
}

fn asked(source: FaceSource) -> Sitter {
    match source {
        FaceSource::Pictures(files) => Sitter::Pictures(files),
        FaceSource::Camera { lane, inward } => Sitter::Camera {
            place: place(lane, inward),
            limit: SITTING,
        },
    }
}

fn place(lane: String, inward: bool) -> CameraPlace {
    CameraPlace {
        lane,
        way: if inward { Way::In } else { Way::Out },
    }
}
