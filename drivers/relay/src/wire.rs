//! One request, one reply. What comes instead of a reply is told apart, and after it the line is
//! given time to fall silent, so that a late reply is not taken for the next one.

use std::io::ErrorKind;
use std::time::Duration;

use crc::{CRC_16_MODBUS, Crc};
use drivers_link::{BoxedLink, LinkCause, LinkError, discard_input, read_some, send};
use tokio::time::{sleep, timeout};
use tokio_modbus::client::Client;
use tokio_modbus::client::rtu::attach_slave;
use tokio_modbus::{Error, ProtocolError, Request, Response, Slave};

use crate::shared::SharedLink;

/// Time that a reply may take. Boards answer within some milliseconds; the system's own delays
/// reach 84.
pub(crate) const REPLY_TIMEOUT: Duration = Duration::from_millis(200);

/// Silence that ends what is left of a late or broken reply.
const SILENCE: Duration = Duration::from_millis(30);
/// Looks for silence at most: a line that never rests is told by the next request.
const SILENCE_TRIES: u8 = 10;

/// Pulse registers of boards that time a pulse themselves begin here, one a relay.
const FLASH_BASE: u16 = 0x0200;
const WRITE_COIL: u8 = 0x05;
const EXCEPTION_BIT: u8 = 0x80;
const CRC: Crc<u16> = Crc::<u16>::new(&CRC_16_MODBUS);

/// What came instead of a good reply.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Nothing, too little, or too late.
    Silent,
    /// Something that is no reply of this board: noise, a wrong check, another address.
    Garbled(String),
    /// The board refuses: the code of its exception.
    Refused(u8),
    /// The link itself failed.
    Broken(LinkCause, String),
}

impl From<LinkError> for Fault {
    fn from(error: LinkError) -> Self {
        Self::Broken(error.cause(), error.to_string())
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Protocol(ProtocolError::HeaderMismatch { message, .. }) => {
                Self::Garbled(message)
            }
            Error::Protocol(fault @ ProtocolError::FunctionCodeMismatch { .. }) => {
                Self::Garbled(fault.to_string())
            }
            Error::Transport(error) if error.kind() == ErrorKind::InvalidData => {
                Self::Garbled(error.to_string())
            }
            Error::Transport(error) => Self::Broken(LinkCause::Unplugged, error.to_string()),
        }
    }
}

/// The master's end of the line.
pub(crate) struct Wire {
    link: SharedLink,
    unit: u8,
}

impl Wire {
    pub(crate) fn new(link: BoxedLink, unit: u8) -> Self {
        Self {
            link: SharedLink::new(link),
            unit,
        }
    }

    /// Reads `count` inputs from `first` on.
    pub(crate) async fn inputs(&mut self, first: u16, count: u16) -> Result<Vec<bool>, Fault> {
        let response = self.ask(Request::ReadDiscreteInputs(first, count)).await?;
        if let Response::ReadDiscreteInputs(inputs) = &response {
            return self.whole(inputs, count);
        }
        Err(self.foreign(&response))
    }

    /// Reads one coil.
    pub(crate) async fn coil(&mut self, coil: u16) -> Result<bool, Fault> {
        let response = self.ask(Request::ReadCoils(coil, 1)).await?;
        if let Response::ReadCoils(coils) = &response {
            return Ok(self.whole(coils, 1)?.first() == Some(&true));
        }
        Err(self.foreign(&response))
    }

    /// Switches one coil. Only the board's own echo says that it did: one that names another coil or
    /// another state is no answer to this.
    pub(crate) async fn set_coil(&mut self, coil: u16, on: bool) -> Result<(), Fault> {
        let response = self.ask(Request::WriteSingleCoil(coil, on)).await?;
        if let Response::WriteSingleCoil(its, state) = &response
            && (*its, *state) == (coil, on)
        {
            return Ok(());
        }
        Err(self.foreign(&response))
    }

    /// Pulses one relay for `tenths` of a second. The value is none that the standard knows for
    /// function 05, so the library cannot say it.
    pub(crate) async fn flash(&mut self, relay: u16, tenths: u16) -> Result<(), Fault> {
        discard_input(&mut self.link).await?;
        let frame = flash_frame(self.unit, relay, tenths);
        let Ok(answer) = timeout(REPLY_TIMEOUT, echo(&mut self.link, &frame)).await else {
            return Err(self.fall_silent(Fault::Silent).await);
        };
        match answer {
            Err(fault @ Fault::Garbled(_)) => Err(self.fall_silent(fault).await),
            answer => answer,
        }
    }

    /// Asks the library for the reply as it is: its finer methods assume that the board tells no lies.
    async fn ask(&mut self, request: Request<'_>) -> Result<Response, Fault> {
        let mut client = attach_slave(self.link.clone(), Slave(self.unit));
        let fault = match timeout(REPLY_TIMEOUT, client.call(request)).await {
            Ok(Ok(Ok(response))) => return Ok(response),
            Ok(Ok(Err(exception))) => return Err(Fault::Refused(exception.into())),
            Ok(Err(error)) => error.into(),
            Err(_) => Fault::Silent,
        };
        Err(self.fall_silent(fault).await)
    }

    fn foreign(&self, response: &Response) -> Fault {
        Fault::Garbled(format!("unit {} answers {response:?}", self.unit))
    }

    /// As many values as were asked for: a byte holds eight, however many these are.
    fn whole(&self, values: &[bool], count: u16) -> Result<Vec<bool>, Fault> {
        let asked = values.get(..usize::from(count)).map(<[bool]>::to_vec);
        asked.ok_or_else(|| {
            let fault = format!("unit {} answers with {} values", self.unit, values.len());
            Fault::Garbled(fault)
        })
    }

    /// Waits until nothing more arrives.
    async fn fall_silent(&mut self, fault: Fault) -> Fault {
        if matches!(fault, Fault::Broken(..)) {
            return fault;
        }
        for _ in 0..SILENCE_TRIES {
            sleep(SILENCE).await;
            match discard_input(&mut self.link).await {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => return error.into(),
            }
        }
        fault
    }
}

fn flash_frame(unit: u8, relay: u16, tenths: u16) -> Vec<u8> {
    let mut frame = vec![unit, WRITE_COIL];
    frame.extend(FLASH_BASE.saturating_add(relay).to_be_bytes());
    frame.extend(tenths.to_be_bytes());
    checked(frame)
}

/// A frame with its check.
pub(crate) fn checked(mut frame: Vec<u8>) -> Vec<u8> {
    let check = CRC.checksum(&frame);
    frame.extend(check.to_le_bytes());
    frame
}

/// Sends a frame that the board answers with the same one, or with an exception of five bytes.
async fn echo(link: &mut SharedLink, frame: &[u8]) -> Result<(), Fault> {
    send(link, frame).await?;
    let mut heard: Vec<u8> = Vec::with_capacity(frame.len());
    let mut scratch = [0_u8; 64];
    loop {
        let count = read_some(link, &mut scratch).await?;
        heard.extend(scratch.get(..count).unwrap_or_default());
        if heard == frame {
            return Ok(());
        }
        let same_unit = heard.first() == frame.first();
        if let (true, Some(&function), Some(&code)) = (same_unit, heard.get(1), heard.get(2))
            && function == WRITE_COIL | EXCEPTION_BIT
            && heard.len() == EXCEPTION_LEN
        {
            let unchecked = heard.get(..3).unwrap_or_default().to_vec();
            return Err(if checked(unchecked) == heard {
                Fault::Refused(code)
            } else {
                Fault::Garbled("exception with a wrong check".to_owned())
            });
        }
        if heard.len() >= frame.len() {
            return Err(Fault::Garbled(
                "another frame than sent came back".to_owned(),
            ));
        }
    }
}

/// Unit, function, code, and the check's two bytes.
const EXCEPTION_LEN: usize = 5;
