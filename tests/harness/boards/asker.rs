//! A box of the test's own, for requests that the driver does not make.

use firmware_protocol::{FRAME_BYTES_MAX, MAJOR, MINOR, Receiver, Reply, Request, encode_frame};
use hw_sim::{ChipLine, Machine, Output};
use tokio::time::{Duration, timeout};

use crate::Result;
use crate::eventually::PATIENCE;

/// Speaks to one chip, and to no other.
#[derive(Debug)]
pub struct Asker {
    line: ChipLine,
    receiver: Receiver<Reply>,
    number: u8,
}

impl Asker {
    /// Waits until the chip works, and says Hello.
    pub async fn greet(machine: &mut Machine) -> Result<Self> {
        let line = machine.take_line().ok_or("a new machine has its line")?;
        // The chip listens once it drives its red lamp.
        let mut outputs = machine.outputs();
        timeout(PATIENCE, outputs.wait_for(|now| Output::Red.is_on(*now))).await??;
        let mut asker = Self::new(line);
        asker.hello(PATIENCE).await?;
        Ok(asker)
    }

    /// Speaks on a line; the chip has not been greeted.
    pub fn new(line: ChipLine) -> Self {
        Self {
            line,
            receiver: Receiver::new(),
            number: 0,
        }
    }

    /// Says Hello and waits so long for an answer.
    pub async fn hello(&mut self, patience: Duration) -> Result<()> {
        let (major, minor) = (MAJOR, MINOR);
        match self
            .ask_for(&Request::Hello { major, minor }, patience)
            .await?
        {
            Reply::Hello(_) => Ok(()),
            other => Err(format!("no Hello: {other:?}").into()),
        }
    }

    /// Asks and waits for the answer.
    pub async fn ask(&mut self, request: &Request) -> Result<Reply> {
        self.ask_for(request, PATIENCE).await
    }

    /// Puts bytes on the line.
    pub async fn send(&self, bytes: Vec<u8>) {
        self.line.send(bytes).await;
    }

    async fn ask_for(&mut self, request: &Request, patience: Duration) -> Result<Reply> {
        self.number = self.number.wrapping_add(1);
        let mut bytes = [0; FRAME_BYTES_MAX];
        let used = encode_frame(1, self.number, request, &mut bytes)?;
        self.line.send(bytes[..used].to_vec()).await;
        loop {
            let heard = timeout(patience, self.line.receive()).await?;
            for byte in heard.ok_or("the chip lost power")? {
                if let Some(Ok(frame)) = self.receiver.push(byte)
                    && frame.number == self.number
                {
                    return frame.message.ok_or_else(|| "an unreadable answer".into());
                }
            }
        }
    }
}
