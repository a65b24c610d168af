//! The one thread that compares faces: it owns models, templates and open questions.

use std::collections::{BTreeMap, BTreeSet};

use drivers_camera::Frame;
use edge_face_protocol::{
    CameraPlace, CameraState, EngineState, Enrollment, FromFace, Picture, ToFace, Unusable, VERSION,
};

use crate::clock::now_ms;
use crate::embedding::Embedding;
use crate::error::FaceError;
use crate::gallery::Gallery;
use crate::models::id_text;
use crate::number::ten_thousandths;
use crate::process::clients::{ClientId, Clients};
use crate::process::door::Job;
use crate::process::freshness::Freshness;
use crate::quality::Purpose;
use crate::track::Track;
use crate::vault::{Held, ModelId, Vault};
use crate::vision::{Engine, Usable, decode};

/// Pause between two looks of a camera about which nobody asks, ms: it keeps a small processor
/// free for the camera before which a card was presented.
const IDLE_MS: u64 = 250;
/// Longest question, ms.
const QUESTION_MS_MAX: u64 = 10_000;
/// Pictures of one enrollment at most.
const PICTURES_MAX: usize = 5;
/// Pictures of one person are at least so alike: the genuine pairs measured begin at 0.38.
const SAME_PERSON: f32 = 0.40;
/// A face this near to another worker's template is that worker: no impostor measured is nearer
/// than 0.40.
const OTHER_PERSON: f32 = 0.60;

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
    looked_ms: Option<u64>,
    track: Track,
    freshness: Freshness,
}

/// What compares.
pub(crate) struct Analyst {
    pub(crate) clients: Clients,
    pub(crate) vault: Vault,
    pub(crate) model: ModelId,
    /// The models, or why there are none.
    pub(crate) engine: Result<Engine, String>,
    gallery: Gallery,
    /// Whose consent stands; `None` until somebody has said it.
    consents: Option<BTreeSet<u32>>,
    watched: BTreeMap<CameraPlace, Watched>,
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
            vault,
            model,
            engine,
            gallery: Gallery::default(),
            consents: None,
            watched: watched.collect(),
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
                }
            }
            Job::Asked(client, ToFace::Consents { workers }) => {
                if let Err(error) = self.consents(workers.into_iter().collect()) {
                    tracing::error!(%error, "The templates are not as the consents want them");
                    self.clients.remove(client);
                }
            }
            Job::Asked(
                client,
                ToFace::Enroll {
                    id,
                    worker,
                    pictures,
                },
            ) => {
                let verdict = self.enroll(worker, &pictures).unwrap_or_else(|error| {
                    tracing::error!(%error, "An enrollment failed");
                    Enrollment::Failed {
                        why: "人脸程序出错，请再试一次；一直不行请联系运维".to_owned(),
                    }
                });
                self.clients
                    .tell(client, &FromFace::Enrolled { id, verdict });
            }
            Job::Asked(
                client,
                ToFace::Verify {
                    id,
                    place,
                    worker,
                    for_ms,
                },
            ) => {
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
            Job::Asked(_, ToFace::Enough { id }) => {
                for watched in self.watched.values_mut() {
                    watched.question.take_if(|question| question.id == id);
                }
            }
            Job::Asked(client, ToFace::Ping { id }) => {
                self.clients.tell(client, &FromFace::Pong { id });
            }
            Job::Asked(client, ToFace::Hello { .. }) => self.clients.remove(client),
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
        if !asked && (self.gallery.len() == 0 || !idle) {
            return Ok(());
        }
        watched.looked_ms = Some(now_ms);
        let usable = match engine.watch(&frame.image, &mut watched.track)? {
            Ok(usable) if watched.freshness.is_new(&usable.prints) => usable,
            Ok(_) => {
                tracing::debug!(?place, why = ?Unusable::NotAlive, "A frame is of no use");
                return Ok(());
            }
            Err(why) => {
                tracing::trace!(?place, ?why, "A frame is of no use");
                return Ok(());
            }
        };
        if asked && let Some(question) = &watched.question {
            let similarity = self.gallery.compare(question.worker, &usable.embedding);
            if let Some(similarity) = similarity {
                let message = FromFace::Compared {
                    id: question.id,
                    similarity: ten_thousandths(similarity),
                };
                self.clients.tell(question.client, &message);
            }
        }
        self.tell_nearest(place, &usable);
        Ok(())
    }

    fn tell_nearest(&self, place: &CameraPlace, usable: &Usable) {
        let Some(nearest) = self.gallery.nearest(&usable.embedding) else {
            return;
        };
        tracing::debug!(
            ?place,
            width = f64::from(usable.width),
            "A face was compared"
        );
        self.clients.tell_all(&FromFace::Nearest {
            place: place.clone(),
            worker: nearest.worker,
            similarity: ten_thousandths(nearest.similarity),
            second: nearest.second.map(ten_thousandths),
            enrolled: u32::try_from(self.gallery.len()).unwrap_or(u32::MAX),
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

    /// Destroys every template without a consent and loads the others.
    fn consents(&mut self, consents: BTreeSet<u32>) -> Result<(), FaceError> {
        for worker in self.gallery.workers() {
            if !consents.contains(&worker) {
                self.gallery.remove(worker);
            }
        }
        for worker in self.vault.workers()? {
            if !consents.contains(&worker) {
                self.vault.destroy(worker)?;
                tracing::info!(worker, "A template without a consent is destroyed");
            } else if !self.gallery.has(worker) {
                match self.vault.read(worker) {
                    Ok(Some(Held::Template(template))) => self.gallery.put(worker, template),
                    Ok(Some(Held::OtherModel)) => {
                        tracing::warn!(worker, "A template is of another model: enroll again");
                    }
                    Ok(None) => {}
                    Err(error) => tracing::error!(%error, worker, "A template is not readable"),
                }
            }
        }
        tracing::info!(
            consents = consents.len(),
            enrolled = self.gallery.len(),
            "Templates are as the consents want them"
        );
        self.consents = Some(consents);
        Ok(())
    }

    fn ask(&mut self, place: &CameraPlace, question: Question) {
        if !self.gallery.has(question.worker) {
            let message = FromFace::NotEnrolled { id: question.id };
            self.clients.tell(question.client, &message);
        } else if let Some(watched) = self.watched.get_mut(place) {
            watched.question = Some(question);
        }
    }

    fn enroll(&mut self, worker: u32, pictures: &[Picture]) -> Result<Enrollment, FaceError> {
        let consents = self.consents.as_ref();
        if !consents.is_some_and(|consents| consents.contains(&worker)) {
            return Ok(Enrollment::NoConsent);
        }
        let engine = match &mut self.engine {
            Ok(engine) => engine,
            Err(why) => return Ok(Enrollment::Failed { why: why.clone() }),
        };
        let mut template: Vec<Embedding> = Vec::new();
        for (picture, file) in pictures.iter().take(PICTURES_MAX).enumerate() {
            let looked = match decode(&file.0) {
                Ok(image) => engine.look(&image, Purpose::Enroll)?,
                Err(why) => Err(why),
            };
            match looked {
                Ok(usable) => template.push(usable.embedding),
                Err(why) => return Ok(Enrollment::Refused { picture, why }),
            }
        }
        let Some(first) = template.first() else {
            return Ok(Enrollment::Refused {
                picture: 0,
                why: Unusable::NotAPicture,
            });
        };
        let alike = template.iter().map(|one| one.similarity(first));
        let least = alike.min_by(f32::total_cmp).unwrap_or(1.0);
        if least < SAME_PERSON {
            return Ok(Enrollment::Disagree {
                similarity: ten_thousandths(least),
            });
        }
        for other in self.gallery.workers() {
            let near = self.gallery.compare(other, first);
            if other != worker && near.is_some_and(|near| near >= OTHER_PERSON) {
                return Ok(Enrollment::Taken { worker: other });
            }
        }
        self.vault.write(worker, &template)?;
        self.gallery.put(worker, template);
        tracing::info!(worker, pictures = pictures.len(), "Enrolled");
        Ok(Enrollment::Done)
    }
}
