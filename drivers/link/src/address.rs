//! Where a device is plugged in, as an installer writes it.

use std::fmt;
use std::str::FromStr;

use crate::error::LinkError;

/// Baud rate of a serial address that names none: what certified readers and our own board ship with.
pub const BAUD_DEFAULT: u32 = 115_200;
/// The slowest baud rate accepted.
pub const BAUD_MIN: u32 = 1_200;
/// The fastest baud rate accepted.
pub const BAUD_MAX: u32 = 921_600;

/// The address of one device.
///
/// Written `serial:<absolute path>[?baud=<rate>]` or `tcp:<host>:<port>`; an IPv6 host stands in
/// brackets. Serial lines are always 8 data bits, no parity, one stop bit, no flow control.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LinkAddress {
    /// A serial port or pseudo-terminal.
    Serial {
        /// Absolute path of the device node, or of a symbolic link to it.
        path: String,
        /// Bits per second, [`BAUD_MIN`] to [`BAUD_MAX`].
        baud: u32,
    },
    /// A serial server on the network.
    Tcp {
        /// Host name or address; IPv6 without its brackets.
        host: String,
        /// Port, 1 to 65535.
        port: u16,
    },
}

impl FromStr for LinkAddress {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("serial", rest)) => parse_serial(rest),
            Some(("tcp", rest)) => parse_tcp(rest),
            Some(_) | None => Err(LinkError::UnknownScheme {
                address: text.to_owned(),
            }),
        }
    }
}

fn parse_serial(rest: &str) -> Result<LinkAddress, LinkError> {
    let (path, options) = rest.split_once('?').unwrap_or((rest, ""));
    if !path.starts_with('/') || path.ends_with('/') || path.contains('\0') {
        return Err(LinkError::BadPath {
            path: path.to_owned(),
        });
    }
    let mut baud = BAUD_DEFAULT;
    for option in options.split('&').filter(|option| !option.is_empty()) {
        match option.split_once('=') {
            Some(("baud", value)) => baud = parse_baud(value)?,
            Some(_) | None => {
                return Err(LinkError::UnknownOption {
                    option: option.to_owned(),
                });
            }
        }
    }
    Ok(LinkAddress::Serial {
        path: path.to_owned(),
        baud,
    })
}

fn parse_baud(value: &str) -> Result<u32, LinkError> {
    value
        .parse()
        .ok()
        .filter(|baud| (BAUD_MIN..=BAUD_MAX).contains(baud))
        .ok_or_else(|| LinkError::BadBaud {
            value: value.to_owned(),
        })
}

fn parse_tcp(rest: &str) -> Result<LinkAddress, LinkError> {
    let (written, port) = rest
        .rsplit_once(':')
        .filter(|(_, port)| !port.ends_with(']'))
        .ok_or_else(|| LinkError::BadPort {
            port: String::new(),
        })?;
    let bracketed = written
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host = bracketed.unwrap_or(written);
    let misplaced = |c: char| {
        c.is_whitespace() || c == '[' || c == ']' || c == '/' || (bracketed.is_none() && c == ':')
    };
    if host.is_empty() || host.contains(misplaced) {
        return Err(LinkError::BadHost {
            host: written.to_owned(),
        });
    }
    let port = port
        .parse()
        .ok()
        .filter(|&port: &u16| port != 0)
        .ok_or_else(|| LinkError::BadPort {
            port: port.to_owned(),
        })?;
    Ok(LinkAddress::Tcp {
        host: host.to_owned(),
        port,
    })
}

impl fmt::Display for LinkAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial { path, baud } => write!(f, "serial:{path}?baud={baud}"),
            Self::Tcp { host, port } if host.contains(':') => write!(f, "tcp:[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "tcp:{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> LinkAddress {
        text.parse().unwrap()
    }

    #[test]
    fn a_serial_address_has_a_path_and_a_baud_rate() {
        assert_eq!(
            parsed("serial:/dev/gate0?baud=9600"),
            LinkAddress::Serial {
                path: "/dev/gate0".into(),
                baud: 9_600
            }
        );
        assert_eq!(
            parsed("serial:/dev/menwei/reader-in"),
            LinkAddress::Serial {
                path: "/dev/menwei/reader-in".into(),
                baud: 115_200
            }
        );
    }

    #[test]
    fn a_tcp_address_has_a_host_and_a_port() {
        assert_eq!(
            parsed("tcp:10.0.0.7:4001"),
            LinkAddress::Tcp {
                host: "10.0.0.7".into(),
                port: 4_001
            }
        );
        assert_eq!(
            parsed("tcp:[::1]:1"),
            LinkAddress::Tcp {
                host: "::1".into(),
                port: 1
            }
        );
    }

    #[test]
    fn what_is_printed_parses_to_the_same_address() {
        for text in [
            "serial:/dev/ttyS1?baud=57600",
            "tcp:reader.local:4001",
            "tcp:[fe80::1]:65535",
        ] {
            assert_eq!(parsed(text).to_string(), text);
        }
    }

    #[test]
    fn an_error_names_the_part_that_is_wrong() {
        let message = |text: &str| text.parse::<LinkAddress>().unwrap_err().to_string();
        assert!(message("usb:1").contains("`usb:1`"));
        assert!(message("/dev/ttyS0").contains("`/dev/ttyS0`"));
        assert!(message("serial:ttyS0").contains("path `ttyS0`"));
        assert!(message("serial:").contains("path ``"));
        assert!(message("serial:/dev/x?parity=even").contains("`parity=even`"));
        assert!(message("serial:/dev/x?baud=fast").contains("`fast`"));
        assert!(message("serial:/dev/x?baud=0").contains("`0`"));
        assert!(message("serial:/dev/x?baud=1000000").contains("`1000000`"));
        assert!(message("tcp:10.0.0.7").contains("port"));
        assert!(message("tcp:10.0.0.7:0").contains("port `0`"));
        assert!(message("tcp:10.0.0.7:70000").contains("port `70000`"));
        assert!(message("tcp::4001").contains("host ``"));
        assert!(message("tcp:[::1]").contains("port"));
        assert!(message("tcp:::1:80").contains("host `::1`"));
    }

    proptest! {
        #[test]
        fn any_text_is_an_address_or_an_error(text in "\\PC{0,40}") {
            if let Ok(address) = text.parse::<LinkAddress>() {
                prop_assert_eq!(address.to_string().parse::<LinkAddress>().unwrap(), address);
            }
        }

        #[test]
        fn address_like_text_survives_the_round_trip(
            text in "(serial|tcp):[/a-z0-9:.?&=\\[\\]]{0,24}"
        ) {
            if let Ok(address) = text.parse::<LinkAddress>() {
                prop_assert_eq!(address.to_string().parse::<LinkAddress>().unwrap(), address);
            }
        }
    }
}
