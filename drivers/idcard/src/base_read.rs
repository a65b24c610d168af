//! The data of a base-read reply: lengths, then text, portrait and perhaps fingerprints.

use std::fmt;

use crate::error::CodecError;

/// The three blocks of a base-read reply. `Debug` shows their lengths only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BaseRead<'a> {
    /// The text block; see [`crate::CardText::decode`].
    pub text: &'a [u8],
    /// The portrait.
    pub portrait: &'a [u8],
    /// Fingerprints of 512 bytes each; `None` where the reply has no length for them.
    pub fingerprint: Option<&'a [u8]>,
}

impl<'a> BaseRead<'a> {
    /// Cuts the data of a reply by the lengths at its front.
    ///
    /// # Errors
    /// [`CodecError::ReplyLengths`] unless the lengths, with or without one for fingerprints, add
    /// up to exactly the data.
    pub fn parse(data: &'a [u8]) -> Result<Self, CodecError> {
        Self::cut(data).ok_or(CodecError::ReplyLengths { actual: data.len() })
    }

    fn cut(data: &'a [u8]) -> Option<Self> {
        let (text_bytes, rest) = length(data)?;
        let (portrait_bytes, rest) = length(rest)?;
        if rest.len() == text_bytes + portrait_bytes {
            let (text, portrait) = rest.split_at_checked(text_bytes)?;
            return Some(Self {
                text,
                portrait,
                fingerprint: None,
            });
        }
        let (fingerprint_bytes, rest) = length(rest)?;
        if rest.len() != text_bytes + portrait_bytes + fingerprint_bytes {
            return None;
        }
        let (text, rest) = rest.split_at_checked(text_bytes)?;
        let (portrait, fingerprint) = rest.split_at_checked(portrait_bytes)?;
        Some(Self {
            text,
            portrait,
            fingerprint: Some(fingerprint),
        })
    }

    /// The data of a reply, for the simulator.
    ///
    /// # Errors
    /// [`CodecError::BlockTooLong`] where a block has more than 65,535 bytes.
    pub fn encode(&self) -> Result<Vec<u8>, CodecError> {
        let mut data = Vec::new();
        let blocks = [Some(self.text), Some(self.portrait), self.fingerprint];
        for block in blocks.into_iter().flatten() {
            let bytes = u16::try_from(block.len()).map_err(|_| CodecError::BlockTooLong {
                actual: block.len(),
            })?;
            data.extend(bytes.to_be_bytes());
        }
        for block in blocks.into_iter().flatten() {
            data.extend(block);
        }
        Ok(data)
    }
}

fn length(data: &[u8]) -> Option<(usize, &[u8])> {
    let (&bytes, rest) = data.split_first_chunk()?;
    Some((usize::from(u16::from_be_bytes(bytes)), rest))
}

impl fmt::Debug for BaseRead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BaseRead")
            .field("text_bytes", &self.text.len())
            .field("portrait_bytes", &self.portrait.len())
            .field("fingerprint_bytes", &self.fingerprint.map(<[u8]>::len))
            .finish()
    }
}
