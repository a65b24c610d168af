//! Hello: who is there, and may the lane work with it?

use crate::event::BoardFacts;
use firmware_protocol::{BoardUid, Fault, Hello, MAJOR, Reply};

/// What a Hello led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// The known board, or the first one.
    Known(BoardFacts),
    /// Another board than before; nothing in the settings forbids it.
    Replaced { was: BoardUid, facts: BoardFacts },
    /// Another board than the settings demand.
    Foreign { was: BoardUid, now: BoardUid },
    /// Another major version.
    OtherVersion { board: Option<u8> },
    /// Not an answer to Hello.
    Odd,
}

/// Judges the reply to Hello. `demanded` is the board of the settings, `seen` the last one.
pub(crate) fn judge(reply: &Reply, demanded: Option<BoardUid>, seen: Option<BoardUid>) -> Greeting {
    match reply {
        Reply::Hello(Hello { major, .. }) if *major != MAJOR => Greeting::OtherVersion {
            board: Some(*major),
        },
        Reply::Hello(Hello {
            uid,
            session,
            firmware,
            reset_cause,
            ..
        }) => {
            let facts = BoardFacts {
                uid: *uid,
                boot: *session,
                firmware: *firmware,
                reset_cause: *reset_cause,
            };
            match (demanded, seen) {
                (Some(was), _) if was != *uid => Greeting::Foreign { was, now: *uid },
                (None, Some(was)) if was != *uid => Greeting::Replaced { was, facts },
                _ => Greeting::Known(facts),
            }
        }
        Reply::Error(Fault::Version) => Greeting::OtherVersion { board: None },
        Reply::Error(_)
        | Reply::Status(_)
        | Reply::Open { .. }
        | Reply::Done
        | Reply::Statistics(_)
        | Reply::Update(_)
        | Reply::UpdateRefused(_) => Greeting::Odd,
    }
}
