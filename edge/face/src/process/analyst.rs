//! The one thread that compares faces: it owns models, templates and open questions.

use std::collections::BTreeMap;

use drivers_camera::Frame;
use edge_face_protocol::{
    CameraPlace, CameraState, EngineState, Enrollment, FromFace, Picture, ToFace, Unusable, VERSION,
};

use crate::clock::now_ms;
use crate::error::FaceError;
use crate::gallery::Nearest;
use crate::models::id_text;
use crate::number::ten_thousandths;
use crate::process::clients::{ClientId, Clients};
use crate::process::door::Job;
use crate::process::liveness::Liveness;
use crate::process::shots::Shots;
use crate::process::sitting::{Sitting, faces};
use crate::process::templates::Templates;
use crate::track::Track;
use crate::vault::{ModelId, Vault};
use crate::vision::{Engine, view};

/// Pause between two looks of a camera about which nobody asks, ms: it keeps a small processor
/// free for the camera before which a card was presented.
const IDLE_MS: u64 = 250;
/// Longest enrollment before a camera, ms.
const SITTING_MS_MAX: u64 = 20_000;
/// How long a frame is waited for where somebody wants to see what a camera sees, ms.
const VIEW_MS_MAX: u64 = 2_000;
/// Askers that wait for the view of one camera at most.
const VIEWS_MAX: usize = 4;
/// Longest question, ms.
const QUESTION_MS_MAX: u64 = 10_000;

#[derive(Debug)]
struct Question {
    client: ClientId,
    id: u64,
    worker: u32,
    /// Frames before it do not count.
    from_ms: u64,
    until_ms: u64,
}

#[derive(Debug, Default)]
struct Watched {
    state: Option<CameraState>,
    question: Option<Question>,
    sitting: Option<Sitting>,
    /// Who wants to see what the camera sees, and until when.
    views: Vec<(ClientId, u64, u64)>,
    looked_ms: Option<u64>,
    track: Track,
    liveness: Liveness,
}

/// What compares.
pub(crate) struct Analyst {
    pub(crate) clients: Clients,
    templates: Templates,
    pub(crate) model: ModelId,
    /// The models, or why there are none.
    pub(crate) engine: Result<Engine, String>,
    /// Below this change a frame shows what the one before showed, tenths of a gray level.
    pub(crate) still_max: u16,
    watched: BTreeMap<CameraPlace, Watched>,
    shots: Shots,
}

impl Analyst {
    pub(crate) fn new(
        clients: Clients,
        vault: Vault,
        model: ModelId,
        engine: Result<Engine, String>,
        places: impl IntoIterator<Item = CameraPlace>,
    ) -> Self {
        let watched = places.into_iter().map(|place| (place, Watched::default()));
        Self {
            clients,
            templates: Templates::new(vault),
            model,
            engine,
            still_max: 0,
            watched: watched.collect(),
            shots: Shots::default(),
        }
    }

    /// Takes one message of a connection.
    pub(crate) fn job(&mut self, job: Job) {
        match job {
            Job::Greeted(client) => self.greet(client),
            Job::Gone(client) => {
                for watched in self.watched.values_mut() {
                    watched
                        .question
                        .take_if(|question| question.client == client);
                    watched.sitting.take_if(|sitting| sitting.client == client);
                    watched.views.retain(|asked| asked.0 != client);
                }
            }
            Job::Asked(client, message) => self.asked(client, message),
        }
    }

    fn asked(&mut self, client: ClientId, message: ToFace) {
        match message {
            ToFace::Consents { workers, pictures } => {
                let pictures = pictures.map(|workers| workers.into_iter().collect());
                let obeyed = self.templates.obey(workers.into_iter().collect(), pictures);
                if let Err(error) = obeyed {
                    tracing::error!(%error, "The templates are not as the consents want them");
                    self.clients.remove(client);
                }
            }
            ToFace::Enroll {
                id,
                worker,
                pictures,
            } => {
                let verdict = self.enroll(worker, &pictures);
                self.verdict(client, id, verdict);
            }
            ToFace::EnrollAtCamera {
                id,
                worker,
                place,
                for_ms,
            } => self.sit(client, (id, worker), (&place, for_ms)),
            ToFace::HowEnrolled { id, worker } => {
                let held = self.templates.held(worker);
                self.clients
                    .tell(client, &FromFace::HowEnrolled { id, held });
            }
            ToFace::Kept { id } => {
                let pictures = self.templates.kept();
                self.clients.tell(client, &FromFace::Kept { id, pictures });
            }
            ToFace::Portrait { id, worker } => {
                self.picture(client, id, Ok(self.templates.picture(worker)));
            }
            ToFace::Shot { id, of } => {
                self.shots.forget(now_ms());
                self.picture(client, id, self.shots.picture(client, &of));
            }
            ToFace::View { id, place } => self.ask_view((client, id), &place),
            ToFace::Verify {
                id,
                place,
                worker,
                for_ms,
            } => {
                let from_ms = now_ms();
                let question = Question {
                    client,
                    id,
                    worker,
                    from_ms,
                    until_ms: from_ms.saturating_add(for_ms.min(QUESTION_MS_MAX)),
                };
                self.ask(&place, question);
            }
            ToFace::Enough { id } => {
                for watched in self.watched.values_mut() {
                    watched.question.take_if(|question| question.id == id);
                }
            }
            ToFace::Ping { id } => {
                self.clients.tell(client, &FromFace::Pong { id });
            }
            ToFace::Hello { .. } => self.clients.remove(client),
        }
    }

    /// A camera's new state.
    pub(crate) fn camera(&mut self, place: &CameraPlace, state: CameraState) {
        if let Some(watched) = self.watched.get_mut(place) {
            watched.state = Some(state);
        }
        self.clients.tell_all(&FromFace::Camera {
            place: place.clone(),
            state,
        });
    }

    /// Cameras in the order in which they must be looked at: those with a question first.
    pub(crate) fn order(&self) -> Vec<CameraPlace> {
        let mut places: Vec<_> = self.watched.iter().collect();
        places.sort_by_key(|(_, watched)| (watched.question.is_none(), watched.looked_ms));
        places.into_iter().map(|(place, _)| place.clone()).collect()
    }

    /// Looks at a frame, if anybody wants to know.
    ///
    /// # Errors
    /// `OpenCV` fails.
    pub(crate) fn frame(&mut self, place: &CameraPlace, frame: &Frame) -> Result<(), FaceError> {
        self.view_frame(place, frame);
        self.sitting_frame(place, frame)?;
        let now_ms = now_ms();
        let (Ok(engine), Some(watched)) = (&mut self.engine, self.watched.get_mut(place)) else {
            return Ok(());
        };
        watched
            .question
            .take_if(|question| question.until_ms <= now_ms);
        let asked = watched
            .question
            .as_ref()
            .is_some_and(|question| question.from_ms <= frame.at_ms);
        let idle = watched
            .looked_ms
            .is_none_or(|looked_ms| now_ms.saturating_sub(looked_ms) >= IDLE_MS);
        if !asked && (self.templates.gallery.len() == 0 || !idle) {
            return Ok(());
        }
        watched.looked_ms = Some(now_ms);
        let usable = match engine.watch(&frame.image, &mut watched.track)? {
            Ok(usable) => usable,
            Err(why) => {
                // Nobody is there most of the time.
                if why != Unusable::NoFace {
                    tracing::debug!(?place, ?why, "A frame is of no use");
                }
                return Ok(());
            }
        };
        if let Err(why) = watched
            .liveness
            .check(now_ms, &usable.prints, self.still_max)
        {
            tracing::debug!(?place, ?why, "A frame is of no use");
            return Ok(());
        }
        let width = f64::from(usable.face.width);
        tracing::debug!(?place, width, "A face is compared");
        let nearest = self.templates.gallery.nearest(&usable.embedding);
        if let Some(Nearest {
            worker, similarity, ..
        }) = nearest
            && !watched
                .liveness
                .is_one_person(now_ms, (worker, similarity), &usable.embedding)
        {
            tracing::warn!(?place, "One face goes by many names: it is nobody's");
            return Ok(());
        }
        if asked && let Some(question) = &watched.question {
            let similarity = self
                .templates
                .gallery
                .compare(question.worker, &usable.embedding);
            if let Some(similarity) = similarity {
                let asked = (question.client, question.id);
                self.shots.put(asked, now_ms, (&frame.image, usable.face))?;
                let message = FromFace::Compared {
                    id: question.id,
                    similarity: ten_thousandths(similarity),
                };
                self.clients.tell(question.client, &message);
            }
        }
        if let Some(nearest) = nearest {
            self.tell_nearest(place, nearest);
        }
        Ok(())
    }

    fn tell_nearest(&self, place: &CameraPlace, nearest: Nearest) {
        self.clients.tell_all(&FromFace::Nearest {
            place: place.clone(),
            worker: nearest.worker,
            similarity: ten_thousandths(nearest.similarity),
            second: nearest.second.map(ten_thousandths),
            enrolled: u32::try_from(self.templates.gallery.len()).unwrap_or(u32::MAX),
        });
    }

    fn greet(&self, client: ClientId) {
        let engine = match &self.engine {
            Ok(_) => EngineState::Ready,
            Err(why) => EngineState::NoModels { why: why.clone() },
        };
        self.clients.tell(
            client,
            &FromFace::Hello {
                version: VERSION,
                engine,
                model: id_text(self.model),
                liveness: self.engine.as_ref().is_ok_and(Engine::has_spoof),
            },
        );
        for (place, watched) in &self.watched {
            self.clients.tell(
                client,
                &FromFace::Camera {
                    place: place.clone(),
                    state: watched.state.unwrap_or(CameraState::Unknown),
                },
            );
        }
    }

    fn ask(&mut self, place: &CameraPlace, question: Question) {
        if !self.templates.gallery.has(question.worker) {
            let message = FromFace::NotEnrolled { id: question.id };
            self.clients.tell(question.client, &message);
        } else if let Some(watched) = self.watched.get_mut(place) {
            watched.question = Some(question);
        }
    }

    /// Enrolls from picture files.
    fn enroll(&mut self, worker: u32, pictures: &[Picture]) -> Result<Enrollment, FaceError> {
        let engine = match (self.templates.allows(worker), &mut self.engine) {
            (true, Ok(engine)) => engine,
            (true, Err(why)) => return Ok(Enrollment::Failed { why: why.clone() }),
            (false, _) => return Ok(Enrollment::NoConsent),
        };
        match faces(engine, pictures)? {
            Ok(sat) => self.templates.settle(worker, sat),
            Err(refused) => Ok(refused),
        }
    }

    /// Begins an enrollment before a camera.
    fn sit(
        &mut self,
        client: ClientId,
        (id, worker): (u64, u32),
        (place, for_ms): (&CameraPlace, u64),
    ) {
        let watched = self.watched.get_mut(place);
        let verdict = match (self.templates.allows(worker), &self.engine, watched) {
            (false, ..) => Enrollment::NoConsent,
            (true, Err(why), _) => Enrollment::Failed { why: why.clone() },
            (true, Ok(_), None) => Enrollment::Failed {
                why: "人脸程序里没有这台摄像头，请运维检查 face.toml".to_owned(),
            },
            (true, Ok(_), Some(watched)) => {
                let now_ms = now_ms();
                let until_ms = now_ms.saturating_add(for_ms.min(SITTING_MS_MAX));
                watched.sitting = Some(Sitting::new(client, (id, worker), (now_ms, until_ms)));
                return;
            }
        };
        self.verdict(client, id, Ok(verdict));
    }

    /// Somebody wants to see what a camera sees: its next frame.
    fn ask_view(&mut self, (client, id): (ClientId, u64), place: &CameraPlace) {
        let asked = (client, id, now_ms().saturating_add(VIEW_MS_MAX));
        match self.watched.get_mut(place) {
            Some(watched) if watched.views.len() < VIEWS_MAX => watched.views.push(asked),
            Some(_) | None => self.picture(client, id, Ok(None)),
        }
    }

    /// Shows a frame to whoever wants to see what this camera sees.
    fn view_frame(&mut self, place: &CameraPlace, frame: &Frame) {
        let waiting = self.watched.get_mut(place);
        let asked = waiting.map(|watched| std::mem::take(&mut watched.views));
        for (client, id, _) in asked.unwrap_or_default() {
            self.picture(client, id, view(&frame.image).map(Some));
        }
    }

    fn picture(&self, client: ClientId, id: u64, made: Result<Option<Vec<u8>>, FaceError>) {
        let picture = made.unwrap_or_else(|error| {
            tracing::error!(%error, "A picture is not made");
            None
        });
        let picture = picture.map(Picture);
        self.clients
            .tell(client, &FromFace::Picture { id, picture });
    }

    /// Takes a frame for whoever sits before this camera.
    fn sitting_frame(&mut self, place: &CameraPlace, frame: &Frame) -> Result<(), FaceError> {
        let (Ok(engine), Some(watched)) = (&mut self.engine, self.watched.get_mut(place)) else {
            return Ok(());
        };
        let Some(sitting) = &mut watched.sitting else {
            return Ok(());
        };
        if sitting.frame(frame, engine, &mut watched.liveness)?
            && let Some(sitting) = watched.sitting.take()
        {
            let verdict = self.templates.settle(sitting.worker, sitting.sat);
            self.verdict(sitting.client, sitting.id, verdict);
        }
        Ok(())
    }

    /// Ends the sittings and forgets the faces whose time is up, and tells whoever waits for the view
    /// of a camera without frames.
    pub(crate) fn end_what_is_over(&mut self) {
        let now_ms = now_ms();
        self.shots.forget(now_ms);
        let watched = self.watched.values_mut();
        let blind: Vec<_> = watched
            .flat_map(|one| {
                one.views
                    .extract_if(.., |(_, _, until_ms)| *until_ms <= now_ms)
            })
            .collect();
        for (client, id, _) in blind {
            self.picture(client, id, Ok(None));
        }
        let sittings = self.watched.values_mut().filter_map(|watched| {
            let sitting = &mut watched.sitting;
            sitting.take_if(|sitting| sitting.until_ms <= now_ms)
        });
        let over: Vec<Sitting> = sittings.collect();
        for sitting in over {
            self.verdict(sitting.client, sitting.id, Ok(sitting.too_late()));
        }
    }

    fn verdict(&self, client: ClientId, id: u64, verdict: Result<Enrollment, FaceError>) {
        let verdict = verdict.unwrap_or_else(|error| {
            tracing::error!(%error, "An enrollment failed");
            Enrollment::Failed {
                why: "人脸程序出错，请再试一次；一直不行请联系运维".to_owned(),
            }
        });
        self.clients
            .tell(client, &FromFace::Enrolled { id, verdict });
    }
}
