//! Where messages go. A box writes `up/…` and `state`, reads `dn/…`, all below its own name.

use crate::error::WireError;
use crate::name::check_box_name;

/// The last levels of a topic `menwei/1/{box}/…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Box to city: fresh records.
    UpLive,
    /// Box to city: the backlog.
    UpBulk,
    /// Box to city: hello, comparison, heartbeat, results.
    UpCtl,
    /// City to box: acknowledgements.
    DownAck,
    /// City to box: signed commands.
    DownCmd,
    /// City to box: retained, signed pointer to the roster.
    DownRoster,
    /// Box to everyone: retained online or offline; also the last will.
    State,
}

impl Topic {
    const ALL: [Self; 7] = [
        Self::UpLive,
        Self::UpBulk,
        Self::UpCtl,
        Self::DownAck,
        Self::DownCmd,
        Self::DownRoster,
        Self::State,
    ];

    fn tail(self) -> &'static str {
        match self {
            Self::UpLive => "up/live",
            Self::UpBulk => "up/bulk",
            Self::UpCtl => "up/ctl",
            Self::DownAck => "dn/ack",
            Self::DownCmd => "dn/cmd",
            Self::DownRoster => "dn/roster",
            Self::State => "state",
        }
    }

    /// The full topic of one box.
    pub fn of(self, box_name: &str) -> String {
        format!("menwei/1/{box_name}/{}", self.tail())
    }

    /// A filter that matches this topic of every box.
    pub fn of_every_box(self) -> String {
        self.of("+")
    }

    /// Reads a topic into the box's name and what it is.
    ///
    /// # Errors
    /// [`WireError::BadTopic`], [`WireError::BadBoxName`].
    pub fn parse(topic: &str) -> Result<(&str, Self), WireError> {
        let rest = topic.strip_prefix("menwei/1/").ok_or(WireError::BadTopic)?;
        let (box_name, tail) = rest.split_once('/').ok_or(WireError::BadTopic)?;
        check_box_name(box_name)?;
        let kind = Self::ALL.into_iter().find(|known| known.tail() == tail);
        Ok((box_name, kind.ok_or(WireError::BadTopic)?))
    }
}

/// Filter for everything that the city sends to one box.
pub fn everything_down(box_name: &str) -> String {
    format!("menwei/1/{box_name}/dn/#")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        for topic in Topic::ALL {
            assert_eq!(
                Topic::parse(&topic.of("box-demo")).unwrap(),
                ("box-demo", topic)
            );
        }
        assert_eq!(Topic::UpLive.of_every_box(), "menwei/1/+/up/live");
        assert_eq!(everything_down("b"), "menwei/1/b/dn/#");
    }

    #[test]
    fn foreign_topics() {
        for bad in [
            "",
            "menwei",
            "menwei/1/b",
            "menwei/2/b/up/live",
            "menwei/1/B/up/live",
            "menwei/1/b/up/live/x",
            "menwei/1/b/up/other",
            "menwei/1//up/live",
        ] {
            assert!(Topic::parse(bad).is_err(), "{bad}");
        }
    }
}
