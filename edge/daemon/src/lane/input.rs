//! From what a device reports to what the lane understands: the one place where a driver's words
//! become the domain's.

use drivers_idcard::{CardKind, CardText, Field, ReadFailure};
use drivers_turnstile::{self as turnstile, BoardReport, EventKind, TurnstileEvent};
use edge_domain::{
    BoardEvent, Credential, Direction, DocumentKind, GateReport, IcReading, IdDocument, IdNumber,
    OpenRefusal, PersonName, Sex, UnreadableCard,
};
use jiff::civil::Date;

/// What stands on a card that never expires.
const LONG_TERM: &str = "长期";

/// What a card's text presents; a text that makes no document is an unreadable card.
pub(crate) fn credential(text: &CardText) -> Credential {
    document(text).map_or(
        Credential::Unreadable {
            why: UnreadableCard::Invalid,
        },
        Credential::IdCard,
    )
}

/// What a failed read presents; `None` where nothing was presented that a person should answer for.
pub(crate) fn unreadable(failure: ReadFailure) -> Credential {
    let why = match failure {
        ReadFailure::LiftAndTryAgain { .. } => UnreadableCard::ReadFailed,
        ReadFailure::PulledAway => UnreadableCard::Removed,
        ReadFailure::WrongCard | ReadFailure::Unreadable { .. } => UnreadableCard::Invalid,
    };
    Credential::Unreadable { why }
}

fn document(text: &CardText) -> Option<IdDocument> {
    let name = [Field::Name, Field::LatinName]
        .into_iter()
        .map(|field| text.reveal(field))
        .find(|name| !name.is_empty())?;
    let sex = match text.sex() {
        drivers_idcard::Sex::Male => Sex::Male,
        drivers_idcard::Sex::Female => Sex::Female,
        drivers_idcard::Sex::Unstated => Sex::Unstated,
    };
    let valid_to = match text.reveal(Field::ValidTo) {
        LONG_TERM => None,
        day => Some(date(day)?),
    };
    Some(IdDocument {
        kind: match text.kind() {
            CardKind::Resident => DocumentKind::Resident,
            CardKind::Hmt => DocumentKind::Hmt,
            CardKind::Foreigner2017 => DocumentKind::Foreigner2017,
            CardKind::Foreigner2023 => DocumentKind::Foreigner2023,
        },
        name: PersonName::parse(name).ok()?,
        number: IdNumber::parse(text.reveal(Field::Number)).ok()?,
        sex,
        born: date(text.reveal(Field::Born))?,
        nation: nation(text),
        valid_to,
    })
}

/// The code of the nation or of the nationality, as the chip states it.
fn nation(text: &CardText) -> Option<String> {
    let nationality = text.reveal(Field::Nationality);
    if !nationality.is_empty() {
        return Some(nationality.to_owned());
    }
    let code = text.nation()?.reveal_code().to_owned();
    (!code.is_empty()).then_some(code)
}

/// `YYYYMMDD`; anything else is no date.
fn date(text: &str) -> Option<Date> {
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: u32 = digits.then(|| text.parse().ok()).flatten()?;
    let year = i16::try_from(number / 10_000).ok()?;
    let month = i8::try_from(number / 100 % 100).ok()?;
    let day = i8::try_from(number % 100).ok()?;
    Date::new(year, month, day).ok()
}

/// Tells an epoch's tokens from another's. The lane counts tokens by sequence number, and a new epoch
/// begins at 1 again: a board that still remembers an opening of the epoch before would take a
/// worker's opening for that one and not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenSalt(u32);

impl TokenSalt {
    /// Tokens from here on are openings without a record; they are alike in all epochs.
    const UNRECORDED: u32 = 0x8000_0000;

    /// From an epoch's name (16 hexadecimal digits, random).
    pub(crate) fn of(epoch: &str) -> Self {
        let word = epoch.get(..8).unwrap_or_default();
        Self(u32::from_str_radix(word, 16).unwrap_or(0) & (Self::UNRECORDED - 1))
    }

    /// The board's token for the lane's, and the lane's for the board's.
    pub(crate) const fn turn(self, token: u32) -> u32 {
        if token < Self::UNRECORDED {
            token ^ self.0
        } else {
            token
        }
    }
}

/// The card that a board's reader told of, and which way it faces. `reversed` is the byte order of
/// the reader of the way in and of the way out.
pub(crate) fn ic_card(
    report: &BoardReport,
    reversed: (bool, bool),
) -> Option<(Direction, IcReading)> {
    let EventKind::Card {
        reader,
        bits,
        number,
    } = report.kind
    else {
        return None;
    };
    let direction = way(reader);
    let reversed = match direction {
        Direction::In => reversed.0,
        Direction::Out => reversed.1,
    };
    Some((direction, IcReading::of(bits, number.reveal(), reversed)?))
}

/// What the gate's driver tells, in the lane's words; `None` for what only the lamps need.
pub(crate) fn gate_report(event: &TurnstileEvent, tokens: TokenSalt) -> Option<GateReport> {
    Some(match event {
        TurnstileEvent::LinkBack(_) => GateReport::LinkBack,
        TurnstileEvent::LinkLost { .. } => GateReport::LinkLost,
        TurnstileEvent::Restarted(facts) => GateReport::Restarted { boot: facts.boot },
        TurnstileEvent::EventsLost { count } => GateReport::EventsLost {
            count: (*count).into(),
        },
        TurnstileEvent::Opened { token, .. } => GateReport::Opened {
            token: tokens.turn(*token),
        },
        TurnstileEvent::OpenRefused { token, why, .. } => GateReport::OpenRefused {
            token: tokens.turn(*token),
            why: refusal(*why),
        },
        TurnstileEvent::Reported(report) => board_report(report, tokens),
        TurnstileEvent::IdentityChanged { .. }
        | TurnstileEvent::VersionMismatch { .. }
        | TurnstileEvent::StateChanged { .. } => return None,
    })
}

fn refusal(why: turnstile::OpenRefusal) -> OpenRefusal {
    match why {
        turnstile::OpenRefusal::Busy => OpenRefusal::Busy,
        turnstile::OpenRefusal::Locked => OpenRefusal::Locked,
        turnstile::OpenRefusal::Fire => OpenRefusal::Fire,
        turnstile::OpenRefusal::Offline | turnstile::OpenRefusal::Late => OpenRefusal::NoLink,
        turnstile::OpenRefusal::Unanswered
        | turnstile::OpenRefusal::Restarted
        | turnstile::OpenRefusal::Unsupported => OpenRefusal::Fault,
    }
}

fn board_report(report: &BoardReport, tokens: TokenSalt) -> GateReport {
    let event = BoardEvent {
        uid: report.key.uid.0,
        boot: report.key.boot,
        seq: report.key.seq,
        age_ms: report.age_ms.into(),
    };
    match report.kind {
        EventKind::Passed { direction, token } => GateReport::Passed {
            direction: way(direction),
            token: token.map(|token| tokens.turn(token)),
            event,
        },
        EventKind::TimedOut { direction, token } => GateReport::TimedOut {
            direction: way(direction),
            token: Some(tokens.turn(token)),
            event,
        },
        EventKind::Tailgated { direction, token } => GateReport::Tailgated {
            direction: way(direction),
            token: Some(tokens.turn(token)),
            event,
        },
        EventKind::Reversed { direction, token } => GateReport::Reversed {
            direction: way(direction),
            token: Some(tokens.turn(token)),
            event,
        },
        EventKind::Intruded { direction } => GateReport::Intruded {
            direction: way(direction),
            event,
        },
        EventKind::Held => GateReport::Held { event },
        EventKind::HeldCleared => GateReport::HeldCleared { event },
        EventKind::Fire { on } => GateReport::Fire { on, event },
        EventKind::Tamper { on } => GateReport::Tamper { on, event },
        EventKind::LinkLost => GateReport::BoxSilent { on: true, event },
        EventKind::LinkBack => GateReport::BoxSilent { on: false, event },
        // A card was presented before (see `ic_card`) and keys do nothing yet: both only need the
        // acknowledgement.
        EventKind::Card { .. } | EventKind::Key { .. } => GateReport::Unrecorded { event },
    }
}

/// The lane's direction for a board's.
pub(crate) fn way(direction: turnstile::Direction) -> Direction {
    match direction {
        turnstile::Direction::In => Direction::In,
        turnstile::Direction::Out => Direction::Out,
    }
}

/// The board's direction for a lane's.
pub(crate) fn board_way(direction: Direction) -> turnstile::Direction {
    match direction {
        Direction::In => turnstile::Direction::In,
        Direction::Out => turnstile::Direction::Out,
    }
}
