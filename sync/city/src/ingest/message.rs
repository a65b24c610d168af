//! What came, read and checked as far as that needs no database.

use sync_wire::message::HEADER_BYTES_MAX;
use sync_wire::name::check_epoch;
use sync_wire::{
    Ack, Ctl, Hash, Header, Message, ParkCode, Presence, Record, State, Tier, Topic, VERSION,
    WireError,
};
use tokio::time::Instant;

use crate::alarm::{self, AlarmNote};
use crate::decide::{Claim, Refusal, hashes};
use crate::down::Letter;
use crate::meaning::{Reading, SEQ_MAX, understand};

/// Something that reached the city.
#[derive(Clone, Debug)]
pub enum Incoming {
    /// The subscriptions stand: every box is asked to say hello.
    Connected,
    /// A message.
    Message {
        /// Its topic.
        topic: String,
        /// Its bytes.
        payload: Vec<u8>,
        /// When it was taken from the connection.
        taken: Instant,
    },
}

/// A message to a box.
#[derive(Clone, Debug)]
pub enum Outgoing {
    /// An acknowledgement: leaves only when its records are durable.
    Answer(Answer),
    /// Something that the city signed.
    Letter(Letter),
}

/// An acknowledgement for a box.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The box it is for.
    pub id: String,
    /// What it says.
    pub ack: Ack,
}

/// A message from a box.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) id: String,
    pub(super) said: Said,
}

#[derive(Debug)]
pub(super) enum Said {
    Records(Box<Claimed>),
    Ctl(Ctl, Vec<u8>),
    State(bool),
    /// Of a type that a newer box has: counted, and no fault.
    Strange,
    /// Not to be understood, or not true; nothing of it is stored.
    Wrong(AlarmNote),
    /// Records of which nothing is taken, of this epoch: it is answered with what is there.
    Unread(AlarmNote, String),
}

/// Records with all that can be known of them without looking into the database.
#[derive(Debug)]
pub(super) struct Claimed {
    pub(super) header: Header,
    pub(super) bodies: Vec<Vec<u8>>,
    pub(super) checked: Result<Vec<Hash>, Refusal>,
    pub(super) meanings: Vec<Result<Record, ParkCode>>,
}

impl Claimed {
    pub(super) fn claim(&self) -> Claim<'_> {
        Claim {
            id: &self.header.r#box,
            epoch: &self.header.epoch,
            from: self.header.from,
            prev: self.header.prev,
            head: self.header.head,
            bodies: &self.bodies,
        }
    }
}

impl Read {
    /// The site and epoch that it speaks of; empty where it names none.
    pub(super) fn site(&self) -> &str {
        match &self.said {
            Said::Records(claimed) => &claimed.header.site,
            Said::Ctl(Ctl::Hello(hello), _) => &hello.site,
            Said::Ctl(..) | Said::State(_) | Said::Strange | Said::Wrong(_) | Said::Unread(..) => {
                ""
            }
        }
    }

    /// The epoch that an answer must speak of.
    pub(super) fn epoch(&self) -> Option<&str> {
        match &self.said {
            Said::Records(claimed) => Some(&claimed.header.epoch),
            Said::Ctl(Ctl::Hello(hello), _) => Some(&hello.epoch),
            Said::Ctl(Ctl::Compare(compare), _) => Some(&compare.epoch),
            Said::Ctl(Ctl::Heartbeat(beat), _) => Some(&beat.epoch),
            Said::Ctl(Ctl::Digest(digest), _) => Some(&digest.epoch),
            Said::Unread(_, epoch) => Some(epoch),
            Said::Ctl(Ctl::Result(_), _) | Said::State(_) | Said::Strange | Said::Wrong(_) => None,
        }
    }
}

/// Reads a message; none where its topic is not one that boxes write.
pub(super) fn read(topic: &str, payload: &[u8], reading: Reading<'_>) -> Option<Read> {
    let Ok((id, topic)) = Topic::parse(topic) else {
        tracing::warn!("A message came on a topic that nobody knows");
        return None;
    };
    let said = match topic {
        Topic::UpLive => records(id, Tier::Live, payload, reading),
        Topic::UpBulk => records(id, Tier::Bulk, payload, reading),
        Topic::UpCtl => ctl(id, payload),
        Topic::State => match State::decode(payload) {
            Ok(state) => Said::State(state.state == Presence::Online),
            Err(error) => Said::Wrong(alarm::bad_message(&error)),
        },
        Topic::DownAck | Topic::DownCmd | Topic::DownRoster => return None,
    };
    Some(Read {
        id: id.to_owned(),
        said,
    })
}

/// Whether a message, taken alone, is one that boxes write and that the city understands; what its
/// tables would say to it is left open, and nothing is stored.
pub fn is_understood(topic: &str, payload: &[u8], reading: Reading<'_>) -> bool {
    let read = read(topic, payload, reading);
    read.is_some_and(|read| !matches!(read.said, Said::Wrong(_) | Said::Unread(..)))
}

fn records(id: &str, lane: Tier, payload: &[u8], reading: Reading<'_>) -> Said {
    let message = match Message::decode(payload) {
        Ok(message) => message,
        Err(error) => {
            let note = alarm::bad_message(&error);
            return match epoch_of(id, payload) {
                Some(epoch) => Said::Unread(note, epoch),
                None => Said::Wrong(note),
            };
        }
    };
    let Message { header, bodies } = message;
    if header.r#box != id || header.lane != lane {
        return Said::Wrong(alarm::foreign(&header));
    }
    if header.to >= SEQ_MAX {
        let note = alarm::number_too_large(&header.epoch);
        return Said::Unread(note, header.epoch);
    }
    if !is_plain(&header.site) {
        return Said::Unread(alarm::bad_text(), header.epoch);
    }
    let names = (id, header.epoch.as_str());
    let meanings = bodies
        .iter()
        .map(|body| understand(names, body, reading))
        .collect();
    let mut claimed = Claimed {
        header,
        bodies,
        checked: Ok(Vec::new()),
        meanings,
    };
    claimed.checked = hashes(claimed.claim());
    Said::Records(Box::new(claimed))
}

/// The epoch of records that cannot be read, where their header can.
fn epoch_of(id: &str, payload: &[u8]) -> Option<String> {
    let front = payload.get(..payload.len().min(HEADER_BYTES_MAX))?;
    let line = front.split(|byte| *byte == b'\n').next()?;
    let header: Header = serde_json::from_slice(line).ok()?;
    let is_ours = header.v == VERSION && header.r#box == id;
    (is_ours && check_epoch(&header.epoch).is_ok()).then_some(header.epoch)
}

fn ctl(id: &str, payload: &[u8]) -> Said {
    let ctl = match Ctl::decode(payload) {
        Ok(ctl) => ctl,
        Err(WireError::UnknownType { kind }) => {
            tracing::debug!(id, kind, "A message is of a type that nobody knows");
            return Said::Strange;
        }
        Err(error) => return Said::Wrong(alarm::bad_message(&error)),
    };
    let claimed = match &ctl {
        Ctl::Hello(hello) => &hello.r#box,
        Ctl::Heartbeat(beat) => &beat.r#box,
        Ctl::Compare(compare) => &compare.r#box,
        Ctl::Result(report) => &report.r#box,
        Ctl::Digest(digest) => &digest.r#box,
    };
    if claimed != id {
        return Said::Wrong(alarm::foreign_hello(claimed));
    }
    match unusable(&ctl) {
        Some(note) => Said::Wrong(note),
        None => Said::Ctl(ctl, payload.to_vec()),
    }
}

/// Numbers that no ledger reaches, and texts that neither a table nor a page can hold.
fn unusable(ctl: &Ctl) -> Option<AlarmNote> {
    let (epoch, numbers, texts) = match ctl {
        Ctl::Hello(hello) => (
            hello.epoch.as_str(),
            vec![
                hello.number,
                hello.last,
                hello.acked_through,
                hello.roster_version.unwrap_or(0),
            ],
            vec![hello.site.as_str(), &hello.software],
        ),
        Ctl::Compare(compare) => {
            let marks = compare.marks.iter().map(|mark| mark.seq);
            let numbers = marks.chain([compare.number]).collect();
            (compare.epoch.as_str(), numbers, Vec::new())
        }
        Ctl::Digest(digest) => {
            let ends = digest.parts.iter().map(|part| part.to);
            let unsigned = digest.unsigned.iter().copied();
            let numbers = ends.chain(unsigned).chain([digest.number]).collect();
            (digest.epoch.as_str(), numbers, Vec::new())
        }
        Ctl::Heartbeat(beat) => {
            let numbers = vec![beat.last, beat.acked_through, beat.backlog];
            (beat.epoch.as_str(), numbers, Vec::new())
        }
        Ctl::Result(report) => {
            let message = report.message.as_deref().unwrap_or_default();
            ("", vec![report.number.unwrap_or(0)], vec![message])
        }
    };
    if numbers.iter().any(|number| *number >= SEQ_MAX) {
        return Some(alarm::number_too_large(epoch));
    }
    let is_plain = texts.into_iter().all(is_plain);
    (!is_plain).then(alarm::bad_text)
}

fn is_plain(text: &str) -> bool {
    !text.chars().any(char::is_control)
}
