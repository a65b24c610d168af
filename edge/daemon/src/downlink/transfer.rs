//! A roster file on its way: what has arrived survives a connection that breaks.

use sync_wire::down::RosterPointer;
use sync_wire::roster::{RosterLine, RosterReader};
use sync_wire::{RosterFault, WireError};

const OK: u16 = 200;
const PARTIAL_CONTENT: u16 = 206;
const RANGE_NOT_SATISFIABLE: u16 = 416;

/// Why there is no roster.
#[derive(Debug)]
pub(super) enum FetchError {
    /// It may work later; why, for the log.
    Later(String),
    /// The file is not the one that was signed, or is no roster.
    Bad(WireError),
}

/// What a server says before the bytes come.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Head<'a> {
    /// Status code.
    pub(super) status: u16,
    /// `Content-Length`.
    pub(super) length: Option<u64>,
    /// `Content-Range`.
    pub(super) range: Option<&'a str>,
}

/// A file that is on its way.
#[derive(Debug)]
pub(super) struct Transfer {
    pointer: RosterPointer,
    box_id: String,
    reader: RosterReader,
    people: Vec<RosterLine>,
    received: u64,
}

impl Transfer {
    /// Nothing has arrived yet.
    pub(super) fn begin(pointer: &RosterPointer, box_id: &str) -> Result<Self, WireError> {
        Ok(Self {
            pointer: pointer.clone(),
            box_id: box_id.to_owned(),
            reader: RosterReader::new(pointer, box_id)?,
            people: Vec::new(),
            received: 0,
        })
    }

    /// Where the file is.
    pub(super) fn url(&self) -> &str {
        &self.pointer.url
    }

    /// Bytes that have arrived.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Whether all bytes that were announced are there.
    pub(super) fn is_whole(&self) -> bool {
        self.received == self.pointer.bytes
    }

    /// Takes in the head of an answer. Where the server sends the whole file instead of the rest,
    /// what had arrived is dropped.
    pub(super) fn meet(&mut self, head: Head<'_>) -> Result<(), FetchError> {
        match head.status {
            OK => {
                if head
                    .length
                    .is_some_and(|length| length != self.pointer.bytes)
                {
                    return Err(other_length());
                }
                *self = Self::begin(&self.pointer, &self.box_id).map_err(FetchError::Bad)?;
                Ok(())
            }
            PARTIAL_CONTENT => {
                let (from, whole) = head.range.and_then(content_range).unwrap_or_default();
                if whole.is_some_and(|whole| whole != self.pointer.bytes) {
                    return Err(other_length());
                }
                if from == Some(self.received) {
                    return Ok(());
                }
                *self = Self::begin(&self.pointer, &self.box_id).map_err(FetchError::Bad)?;
                Err(FetchError::Later(
                    "another part than was asked for".to_owned(),
                ))
            }
            // Only the rest is ever asked for, and there is none: the file is shorter.
            RANGE_NOT_SATISFIABLE => Err(other_length()),
            status => Err(FetchError::Later(format!("the server answers {status}"))),
        }
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), FetchError> {
        let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        let received = self.received.saturating_add(length);
        if received > self.pointer.bytes {
            return Err(other_length());
        }
        let people = &mut self.people;
        let taken = self.reader.push(piece, |person| people.push(person));
        taken.map_err(FetchError::Bad)?;
        self.received = received;
        Ok(())
    }

    /// The people, once the file is whole and is the one that was signed.
    pub(super) fn finish(self) -> Result<Vec<RosterLine>, WireError> {
        self.reader.finish()?;
        Ok(self.people)
    }
}

fn other_length() -> FetchError {
    FetchError::Bad(WireError::BadRoster {
        line: 0,
        fault: RosterFault::Truncated,
    })
}

/// Reads `bytes 200-736/737`: where the part begins, and how long the whole is.
fn content_range(text: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (part, whole) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (from, _) = part.split_once('-')?;
    Some((from.parse().ok(), whole.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};
    use sync_wire::Hash;

    const FILE: &[u8] = b"{\"v\":1,\"box\":\"box-1\",\"version\":3,\"count\":1}\n\
        {\"op\":\"confirm\",\"id_number\":\"349901199003070016\"}\n";

    const LENGTH: u64 = 94;

    fn transfer() -> Transfer {
        let pointer = RosterPointer {
            version: 3,
            base: None,
            sha256: Hash::from_bytes(Sha256::digest(FILE).into()),
            bytes: LENGTH,
            url: "https://city/3".to_owned(),
        };
        Transfer::begin(&pointer, "box-1").unwrap()
    }

    fn head(status: u16, range: &str) -> Head<'_> {
        Head {
            status,
            length: None,
            range: (!range.is_empty()).then_some(range),
        }
    }

    #[test]
    fn a_broken_transfer_goes_on_where_it_broke() {
        let mut transfer = transfer();
        transfer.meet(head(200, "")).unwrap();
        transfer.push(&FILE[..20]).unwrap();
        assert!(!transfer.is_whole());
        let rest = format!("bytes 20-{}/{}", FILE.len() - 1, FILE.len());
        transfer.meet(head(206, &rest)).unwrap();
        transfer.push(&FILE[20..]).unwrap();
        assert!(transfer.is_whole());
        assert_eq!(transfer.finish().unwrap().len(), 1);
    }

    #[test]
    fn a_server_that_does_not_resume_sends_the_whole_again() {
        let mut transfer = transfer();
        transfer.push(&FILE[..20]).unwrap();
        transfer.meet(head(200, "")).unwrap();
        assert_eq!(transfer.received(), 0);
        transfer.push(FILE).unwrap();
        assert_eq!(transfer.finish().unwrap().len(), 1);
    }

    #[test]
    fn another_part_is_never_joined_on() {
        let mut transfer = transfer();
        transfer.push(&FILE[..20]).unwrap();
        for range in [
            "bytes 0-9/96",
            "bytes 21-30/*",
            "bytes */*",
            "",
            "lines 20-",
        ] {
            let whole = range.replace("96", &FILE.len().to_string());
            let met = transfer.meet(head(206, &whole));
            assert!(matches!(met, Err(FetchError::Later(_))), "{range}: {met:?}");
            assert_eq!(transfer.received(), 0);
            transfer.push(&FILE[..20]).unwrap();
        }
    }

    #[test]
    fn a_file_of_another_length_is_not_the_signed_one() {
        for length in [LENGTH - 1, LENGTH + 1] {
            let met = transfer().meet(Head {
                status: 200,
                length: Some(length),
                range: None,
            });
            assert!(matches!(met, Err(FetchError::Bad(_))), "{length}: {met:?}");
            let range = format!("bytes 0-1/{length}");
            let met = transfer().meet(head(206, &range));
            assert!(matches!(met, Err(FetchError::Bad(_))), "{length}: {met:?}");
        }
        let met = transfer().meet(head(416, ""));
        assert!(matches!(met, Err(FetchError::Bad(_))), "{met:?}");
        for status in [302, 403, 404, 500] {
            let met = transfer().meet(head(status, ""));
            assert!(matches!(met, Err(FetchError::Later(_))), "{met:?}");
        }
    }
}
