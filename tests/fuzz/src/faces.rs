//! The socket between the two programs of the box.

use edge_face_protocol::{
    CameraPlace, FrameReader, FromFace, Picture, ToFace, VERSION, Way, encode,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let place = CameraPlace {
        lane: "1".to_owned(),
        way: Way::In,
    };
    let asked = [
        ToFace::Hello { version: VERSION },
        ToFace::Consents {
            workers: vec![1, 2],
            pictures: Some(vec![1]),
        },
        ToFace::Enroll {
            id: 1,
            worker: 1,
            pictures: vec![Picture(vec![0xFF, 0xD8])],
        },
        ToFace::Verify {
            id: 2,
            place,
            worker: 1,
            for_ms: 1500,
        },
    ];
    let mut seeds: Vec<Vec<u8>> = asked.iter().filter_map(|one| encode(one).ok()).collect();
    seeds.push(seeds.concat());
    seeds.extend(encode(&FromFace::Pong { id: 7 }));
    seeds
}

/// Both ends hear the same messages however the bytes were split.
pub(crate) fn run(bytes: &[u8]) -> bool {
    heard::<ToFace>(bytes) | heard::<FromFace>(bytes)
}

fn heard<M: Serialize + DeserializeOwned + PartialEq>(bytes: &[u8]) -> bool {
    let whole = read::<M>(bytes, bytes.len().max(1));
    assert!(
        whole == read::<M>(bytes, 3),
        "the same bytes, other messages"
    );
    for message in &whole {
        let again = encode(message).map(|frame| read::<M>(&frame, frame.len()));
        assert!(
            again.is_ok_and(|again| again.first() == Some(message)),
            "a message changed on the way"
        );
    }
    !whole.is_empty()
}

fn read<M: DeserializeOwned>(bytes: &[u8], piece: usize) -> Vec<M> {
    let mut reader = FrameReader::default();
    let mut messages = Vec::new();
    for part in bytes.chunks(piece) {
        reader.push(part);
        loop {
            match reader.next_message() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(_) => return messages,
            }
        }
    }
    messages
}
