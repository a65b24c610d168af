//! Up to 200 records on their way to the city: one line of JSON header, then NDJSON.

use std::io::Read;

use serde::{Deserialize, Serialize};

use crate::chain::{Hash, next};
use crate::error::WireError;
use crate::name::{VERSION, check_box_name, check_epoch};
use crate::record::CARRIED_BYTES_MAX;

/// Most records in one message.
pub const RECORDS_MAX: usize = 200;
/// Most bytes of a message as sent, header included.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of the header line, its newline included.
pub const HEADER_BYTES_MAX: usize = 1024;
/// Most bytes of a body after decompression (200 bodies of the longest kind fit).
pub const PLAIN_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The quickest: `bench drain` sends a fiftieth more bytes than at Zstandard's own 3, and the workspace,
/// which is new for every message, has smaller tables.
const ZSTD_LEVEL: i32 = 1;
/// Base-2 logarithm of the largest window that a decoder grants: 8 MiB, which RFC 8878 asks every
/// decoder to support (a streaming encoder declares its level's window however short the text is).
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// Which of the two queues a message belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Fresh records, newest first; `up/live`.
    Live,
    /// The backlog, oldest first; `up/bulk`.
    Bulk,
}

/// How the body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// Not at all.
    None,
    /// One Zstandard frame.
    Zstd,
}

/// The first line of a record message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Protocol version, 1.
    pub v: u32,
    /// The site.
    pub site: String,
    /// The box.
    pub r#box: String,
    /// The epoch.
    pub epoch: String,
    /// The queue; agrees with the topic.
    pub lane: Tier,
    /// First record.
    pub from: u64,
    /// Last record.
    pub to: u64,
    /// How many; always `to - from + 1`, 1 to 200.
    pub n: u64,
    /// Compression of the body.
    pub z: Compression,
    /// Hash at `from - 1`.
    pub prev: Hash,
    /// Hash at `to`.
    pub head: Hash,
    /// When it was sent by the box's wall clock, Unix ms.
    pub sent_at: i64,
    /// Some record is older than 60 s (or its age is unknown): nobody may act on it at a gate.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replay: bool,
}

/// A header with its records' bodies, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The first line.
    pub header: Header,
    /// The bodies, exactly as the chain was computed over them.
    pub bodies: Vec<Vec<u8>>,
}

impl Message {
    /// The bytes to send. `header.z` says how the body is to be compressed.
    ///
    /// # Errors
    /// As [`Message::decode`] for what it would refuse; [`WireError::MessageTooLarge`] where fewer
    /// records must be taken.
    pub fn encode(&self) -> Result<Vec<u8>, WireError> {
        check_header(&self.header)?;
        if u64::try_from(self.bodies.len()).ok() != Some(self.header.n) {
            return Err(WireError::WrongRecordCount {
                promised: self.header.n,
            });
        }
        let mut bytes = serde_json::to_vec(&self.header).map_err(WireError::NotSerializable)?;
        bytes.push(b'\n');
        if bytes.len() > HEADER_BYTES_MAX {
            return Err(WireError::BadHeader(None));
        }
        match self.header.z {
            Compression::None => bytes.extend(self.plain()?),
            Compression::Zstd => {
                let packed = zstd::bulk::compress(&self.plain()?, ZSTD_LEVEL);
                bytes.extend(packed.map_err(WireError::BadCompression)?);
            }
        }
        check_size(bytes.len())?;
        Ok(bytes)
    }

    fn plain(&self) -> Result<Vec<u8>, WireError> {
        let mut plain = Vec::with_capacity(self.bodies.iter().map(|body| body.len() + 1).sum());
        for body in &self.bodies {
            check_body(body)?;
            plain.extend_from_slice(body);
            plain.push(b'\n');
        }
        Ok(plain)
    }

    /// Reads a message. What is too large is refused before it is read, what decompresses to too
    /// much is refused while it does.
    ///
    /// # Errors
    /// [`WireError::MessageTooLarge`], [`WireError::BadHeader`], [`WireError::UnknownVersion`],
    /// [`WireError::CountsDisagree`], [`WireError::BadBoxName`], [`WireError::BadEpoch`],
    /// [`WireError::BadCompression`], [`WireError::TooMuchPlain`],
    /// [`WireError::WrongRecordCount`], [`WireError::BodyTooLarge`], [`WireError::BodyNotObject`]
    /// (an empty record).
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        check_size(bytes.len())?;
        let line_end = bytes
            .iter()
            .take(HEADER_BYTES_MAX)
            .position(|byte| *byte == b'\n');
        let Some((line, rest)) = line_end.and_then(|end| bytes.split_at_checked(end)) else {
            return Err(WireError::BadHeader(None));
        };
        let packed = rest.get(1..).unwrap_or_default();
        let header = parse_header(line)?;
        check_header(&header)?;
        let plain = match header.z {
            Compression::None => packed.to_vec(),
            Compression::Zstd => decompress(packed)?,
        };
        let bodies = split(&plain, &header)?;
        Ok(Self { header, bodies })
    }

    /// Computes the hash after every record, from `prev`, and checks that the last is `head`.
    ///
    /// # Errors
    /// [`WireError::HeadMismatch`].
    pub fn hashes(&self) -> Result<Vec<Hash>, WireError> {
        let mut hash = self.header.prev;
        let mut hashes = Vec::with_capacity(self.bodies.len());
        for body in &self.bodies {
            hash = next(&hash, body);
            hashes.push(hash);
        }
        if hash == self.header.head {
            Ok(hashes)
        } else {
            Err(WireError::HeadMismatch)
        }
    }
}

fn parse_header(line: &[u8]) -> Result<Header, WireError> {
    #[derive(Deserialize)]
    struct OnlyVersion {
        v: u32,
    }
    // The version first: a later one may have another header.
    let only: OnlyVersion =
        serde_json::from_slice(line).map_err(|error| WireError::BadHeader(Some(error)))?;
    if only.v != VERSION {
        return Err(WireError::UnknownVersion { version: only.v });
    }
    serde_json::from_slice(line).map_err(|error| WireError::BadHeader(Some(error)))
}

fn check_header(header: &Header) -> Result<(), WireError> {
    if header.v != VERSION {
        return Err(WireError::UnknownVersion { version: header.v });
    }
    check_box_name(&header.r#box)?;
    check_epoch(&header.epoch)?;
    let count = header
        .to
        .checked_sub(header.from)
        .and_then(|span| span.checked_add(1));
    let small = usize::try_from(header.n).is_ok_and(|count| count <= RECORDS_MAX);
    if header.from == 0 || count != Some(header.n) || !small {
        return Err(WireError::CountsDisagree {
            from: header.from,
            to: header.to,
            count: header.n,
        });
    }
    Ok(())
}

fn check_size(bytes: usize) -> Result<(), WireError> {
    if bytes > MESSAGE_BYTES_MAX {
        return Err(WireError::MessageTooLarge {
            bytes,
            limit: MESSAGE_BYTES_MAX,
        });
    }
    Ok(())
}

fn check_body(body: &[u8]) -> Result<(), WireError> {
    if body.len() > CARRIED_BYTES_MAX {
        return Err(WireError::BodyTooLarge {
            bytes: body.len(),
            limit: CARRIED_BYTES_MAX,
        });
    }
    if body.is_empty() || body.contains(&b'\n') {
        return Err(WireError::BodyNotObject(None));
    }
    Ok(())
}

fn decompress(packed: &[u8]) -> Result<Vec<u8>, WireError> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)
        .map_err(WireError::BadCompression)?
        .single_frame();
    decoder
        .window_log_max(ZSTD_WINDOW_LOG_MAX)
        .map_err(WireError::BadCompression)?;
    let limit = u64::try_from(PLAIN_BYTES_MAX).unwrap_or(u64::MAX);
    let mut plain = Vec::new();
    decoder
        .by_ref()
        .take(limit.saturating_add(1))
        .read_to_end(&mut plain)
        .map_err(WireError::BadCompression)?;
    if plain.len() > PLAIN_BYTES_MAX {
        return Err(WireError::TooMuchPlain {
            limit: PLAIN_BYTES_MAX,
        });
    }
    if !decoder.finish().is_empty() {
        let trailing = std::io::Error::other("bytes after the frame");
        return Err(WireError::BadCompression(trailing));
    }
    Ok(plain)
}

fn split(plain: &[u8], header: &Header) -> Result<Vec<Vec<u8>>, WireError> {
    let wrong = WireError::WrongRecordCount { promised: header.n };
    let Some(lines) = plain.strip_suffix(b"\n") else {
        return Err(wrong);
    };
    let promised = usize::try_from(header.n).unwrap_or(usize::MAX);
    // One more than promised is enough to know that there are too many.
    let bodies: Vec<&[u8]> = lines
        .split(|byte| *byte == b'\n')
        .take(promised.saturating_add(1))
        .collect();
    if bodies.len() != promised {
        return Err(wrong);
    }
    for body in &bodies {
        check_body(body)?;
    }
    Ok(bodies.into_iter().map(<[u8]>::to_vec).collect())
}
