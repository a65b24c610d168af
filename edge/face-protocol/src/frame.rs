//! Frames out of bytes and bytes out of messages.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::FaceProtocolError;

/// Longest frame: an enrollment of five pictures of two MiB each, as base64.
pub const FRAME_BYTES_MAX: usize = 16 * 1024 * 1024;
const LENGTH_BYTES: usize = 4;

/// The frame of a message.
///
/// # Errors
/// The message is longer than [`FRAME_BYTES_MAX`].
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, FaceProtocolError> {
    let body =
        serde_json::to_vec(message).map_err(|source| FaceProtocolError::Unknown { source })?;
    let too_long = || FaceProtocolError::TooLong { bytes: body.len() };
    let length = u32::try_from(body.len()).map_err(|_| too_long())?;
    if body.len() > FRAME_BYTES_MAX {
        return Err(too_long());
    }
    let mut frame = length.to_be_bytes().to_vec();
    frame.extend_from_slice(&body);
    Ok(frame)
}

/// Collects bytes as they come and gives whole messages.
#[derive(Debug, Default)]
pub struct FrameReader {
    bytes: Vec<u8>,
}

impl FrameReader {
    /// Takes bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message; `None` until it is there.
    ///
    /// # Errors
    /// A length beyond the limit, or bytes that are no message: the connection is over.
    pub fn next_message<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FaceProtocolError> {
        let Some((length, rest)) = self.bytes.split_first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length > FRAME_BYTES_MAX {
            return Err(FaceProtocolError::TooLong { bytes: length });
        }
        let Some(body) = rest.get(..length) else {
            return Ok(None);
        };
        let message =
            serde_json::from_slice(body).map_err(|source| FaceProtocolError::Unknown { source })?;
        self.bytes.drain(..LENGTH_BYTES.saturating_add(length));
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::{FRAME_BYTES_MAX, FrameReader, encode};
    use crate::error::FaceProtocolError;
    use crate::message::{FromFace, ToFace};

    #[test]
    fn the_bytes_are_as_documented() {
        let frame = encode(&ToFace::Ping { id: 7 }).unwrap();
        assert_eq!(frame, b"\0\0\0\x15{\"say\":\"ping\",\"id\":7}");
    }

    #[test]
    fn split_at_every_position() {
        let mut bytes = encode(&FromFace::Pong { id: 1 }).unwrap();
        bytes.extend(encode(&FromFace::Pong { id: 2 }).unwrap());
        for at in 0..bytes.len() {
            let mut reader = FrameReader::default();
            let mut heard = Vec::new();
            for part in [&bytes[..at], &bytes[at..]] {
                reader.push(part);
                while let Some(message) = reader.next_message::<FromFace>().unwrap() {
                    heard.push(message);
                }
            }
            assert_eq!(heard, [FromFace::Pong { id: 1 }, FromFace::Pong { id: 2 }]);
        }
    }

    #[test]
    fn a_lie_about_the_length_ends_the_connection() {
        let mut reader = FrameReader::default();
        reader.push(&u32::try_from(FRAME_BYTES_MAX + 1).unwrap().to_be_bytes());
        let told = reader.next_message::<ToFace>();
        assert!(matches!(told, Err(FaceProtocolError::TooLong { .. })));
    }
}
