//! The messages of both sides.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Version of this protocol; both programs come in one package.
pub const VERSION: u16 = 4;

/// How long the face of a question can be asked for, ms.
pub const SHOT_MS_MAX: u64 = 15_000;

/// Largest picture that `menwei-face` gives away, bytes: what the city takes at most.
pub const PICTURE_BYTES_MAX: usize = 50 * 1024;

/// The way that a camera faces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// It sees who comes in.
    In,
    /// It sees who goes out.
    Out,
}

/// Which camera: a lane has at most one for each way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CameraPlace {
    /// Lane id.
    pub lane: String,
    /// The way that it faces.
    pub way: Way,
}

/// The bytes of one picture file; they mask themselves in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture(pub Vec<u8>);

impl fmt::Debug for Picture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Picture({} bytes)", self.0.len())
    }
}

impl Serialize for Picture {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Picture {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD
            .decode(text)
            .map(Self)
            .map_err(|_| serde::de::Error::custom("a picture is no base64"))
    }
}

/// What `menwei` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum ToFace {
    /// First frame.
    Hello {
        /// [`VERSION`].
        version: u16,
    },
    /// Everybody who is engaged here and whose consent is on record, sent after the greeting and
    /// after every change. Templates of anybody else are destroyed, and nobody else is enrolled.
    Consents {
        /// The workers' numbers.
        workers: Vec<u32>,
        /// Of them those who signed that their enrolled picture may be kept, sealed; pictures of
        /// anybody else are destroyed. Absent: as before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pictures: Option<Vec<u32>>,
    },
    /// Whose enrolled pictures are kept.
    Kept {
        /// Names the answer.
        id: u64,
    },
    /// The kept picture of a worker.
    Portrait {
        /// Names the answer.
        id: u64,
        /// The worker's number.
        worker: u32,
    },
    /// Make the template of a worker from pictures, in place of the one before.
    Enroll {
        /// Names the answer.
        id: u64,
        /// The worker's number.
        worker: u32,
        /// One to five picture files, each of this person.
        pictures: Vec<Picture>,
    },
    /// The same from the view of a camera: three frames of whoever stands alone before it, answered
    /// by [`FromFace::Enrolled`] at the latest when the time is up.
    EnrollAtCamera {
        /// Names the answer.
        id: u64,
        /// The worker's number.
        worker: u32,
        /// Which camera.
        place: CameraPlace,
        /// For how long, ms.
        for_ms: u64,
    },
    /// Whether a worker has a template.
    HowEnrolled {
        /// Names the answer.
        id: u64,
        /// The worker's number.
        worker: u32,
    },
    /// A card was presented: compare whoever stands before the camera with that worker (1:1).
    /// Each usable frame from now on is answered by [`FromFace::Compared`].
    Verify {
        /// Names the answers.
        id: u64,
        /// Which camera.
        place: CameraPlace,
        /// The number of the card's holder.
        worker: u32,
        /// For how long, ms. The asker has a limit of its own.
        for_ms: u64,
    },
    /// The face that was seen for a question of this connection, asked for within
    /// [`SHOT_MS_MAX`] of its newest frame; of several questions the first that has one.
    Shot {
        /// Names the answer.
        id: u64,
        /// Of the questions, the best first.
        of: Vec<u64>,
    },
    /// What a camera sees now, as a small picture.
    View {
        /// Names the answer.
        id: u64,
        /// Which camera.
        place: CameraPlace,
    },
    /// Enough was seen for this question.
    Enough {
        /// Of the question.
        id: u64,
    },
    /// Are you there?
    Ping {
        /// Comes back.
        id: u64,
    },
}

/// What `menwei-face` says. A similarity is the cosine of two templates in ten-thousandths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum FromFace {
    /// First frame.
    Hello {
        /// [`VERSION`].
        version: u16,
        /// Whether faces can be compared.
        engine: EngineState,
        /// Names the models that made the templates.
        model: String,
        /// Whether a model tells living faces from pictures.
        #[serde(default)]
        liveness: bool,
    },
    /// Answers [`ToFace::Enroll`] and [`ToFace::EnrollAtCamera`].
    Enrolled {
        /// Of the question.
        id: u64,
        /// How it went.
        verdict: Enrollment,
    },
    /// Answers [`ToFace::HowEnrolled`].
    HowEnrolled {
        /// Of the question.
        id: u64,
        /// What the vault holds.
        held: HeldTemplate,
    },
    /// Answers [`ToFace::Kept`].
    Kept {
        /// Of the question.
        id: u64,
        /// Workers, each with a name for this very picture.
        pictures: Vec<(u32, String)>,
    },
    /// Answers [`ToFace::Portrait`], [`ToFace::Shot`] and [`ToFace::View`].
    Picture {
        /// Of the question.
        id: u64,
        /// A JPEG file of at most [`PICTURE_BYTES_MAX`]; absent where there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        picture: Option<Picture>,
    },
    /// Answers [`ToFace::Verify`] once: the worker has no template of these models.
    NotEnrolled {
        /// Of the question.
        id: u64,
    },
    /// One usable frame for [`ToFace::Verify`].
    Compared {
        /// Of the question.
        id: u64,
        /// With the worker's template.
        similarity: i16,
    },
    /// One usable frame against all templates (1:N).
    Nearest {
        /// Which camera.
        place: CameraPlace,
        /// The most similar worker.
        worker: u32,
        /// With this worker.
        similarity: i16,
        /// With the most similar other worker; absent where there is no other.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        second: Option<i16>,
        /// How many workers were compared.
        enrolled: u32,
    },
    /// What a camera's lamp must say; sent for each camera after the greeting and at every change.
    Camera {
        /// Which camera.
        place: CameraPlace,
        /// How it is.
        state: CameraState,
    },
    /// Answers [`ToFace::Ping`]. It comes from the thread that compares faces, so that a hung
    /// comparison is seen.
    Pong {
        /// Of the question.
        id: u64,
    },
}

/// Whether faces can be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum EngineState {
    /// Models loaded.
    Ready,
    /// A model file is missing, or is another file than this release knows.
    NoModels {
        /// Which file and what is wrong with it, in Chinese.
        why: String,
    },
}

/// What stands in the vault for one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldTemplate {
    /// Nothing.
    Nothing,
    /// A template of these models.
    Present,
    /// A template of other models: it compares with nothing, he must be enrolled again.
    OtherModel,
}

/// How an enrollment went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Enrollment {
    /// The template stands.
    Done,
    /// A picture cannot be used.
    Refused {
        /// Which one, from 0.
        picture: usize,
        /// Why.
        why: Unusable,
    },
    /// The pictures show different people.
    Disagree {
        /// Lowest similarity between two of them, ten-thousandths.
        similarity: i16,
    },
    /// The face is already enrolled for somebody else.
    Taken {
        /// For whom.
        worker: u32,
    },
    /// No consent of this worker is on record.
    NoConsent,
    /// No models, or the template cannot be written.
    Failed {
        /// Why, in Chinese.
        why: String,
    },
}

/// Why a picture or the view of a camera gives no face to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unusable {
    /// No picture file that can be read, or none of the allowed sizes.
    NotAPicture,
    /// Nobody.
    NoFace,
    /// Several people, none of them clearly in front.
    SeveralFaces,
    /// Too far away.
    TooSmall,
    /// Cut by the edge of the picture.
    Cut,
    /// Turned away.
    Turned,
    /// Not sharp.
    Blurred,
    /// Too dark.
    TooDark,
    /// Too bright.
    TooBright,
    /// The very same picture came before: a still or a loop.
    NotAlive,
}

/// How a camera is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CameraState {
    /// Not heard of yet.
    Unknown,
    /// It shows the gate.
    Ok,
    /// No connection, or no frames.
    Offline,
    /// Something hangs before it.
    Covered,
    /// The same frame again and again.
    Frozen,
    /// Too little light.
    Dark,
    /// Out of focus or dirty.
    Blurred,
}

#[cfg(test)]
mod tests {
    use super::{FromFace, Picture, ToFace};

    #[test]
    fn pictures_mask_themselves() {
        let enroll = ToFace::Enroll {
            id: 1,
            worker: 1,
            pictures: vec![Picture(b"secret".to_vec())],
        };
        assert!(!format!("{enroll:?}").contains("115"));
        assert!(format!("{enroll:?}").contains("Picture(6 bytes)"));
    }

    #[test]
    fn a_message_of_tomorrow_is_refused_and_a_field_of_tomorrow_ignored() {
        assert!(serde_json::from_str::<FromFace>(r#"{"say":"template","bytes":[1]}"#).is_err());
        let pong: FromFace = serde_json::from_str(r#"{"say":"pong","id":3,"more":1}"#).unwrap();
        assert_eq!(pong, FromFace::Pong { id: 3 });
    }
}
