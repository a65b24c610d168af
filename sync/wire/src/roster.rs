//! The roster file: one header line, then one line for every person. Fetched over HTTPS.
//!
//! The key of a person is the number of the document. [`RosterReader`] takes the file piece by
//! piece, as it arrives, and hands out each person as soon as the line is whole; nothing of it is
//! to be believed before [`RosterReader::finish`] has compared length, count and digest.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::chain::Hash;
use crate::down::RosterPointer;
use crate::error::{RosterFault, WireError};
use crate::name::{VERSION, check_box_name};
use crate::record::IdKind;
use crate::seal::Sex;

/// Most bytes of a roster file.
pub const ROSTER_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Most people in a roster file.
pub const ROSTER_PEOPLE_MAX: u64 = 20_000;
/// Most bytes of a line, its newline included.
pub const ROSTER_LINE_BYTES_MAX: usize = 4 * 1024;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterHeader {
    /// Protocol version, 1.
    pub v: u32,
    /// The box that the file is for.
    pub r#box: String,
    /// Version of the roster.
    pub version: u64,
    /// The file changes this version; absent: it is whole, and whom it does not name is unconfirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<u64>,
    /// Lines that follow.
    pub count: u64,
}

/// What the city says about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RosterOp {
    /// Known to the city as the box reported; nothing changes.
    Confirm,
    /// New at this site: person and work are given whole.
    Add,
    /// The given fields replace the box's.
    Correct,
    /// Barred from now on.
    Revoke,
}

/// The crew that a person belongs to. Teams have no number that both sides know: the key is the
/// employer's code and the team's name, and the box numbers those that are new to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterTeam {
    /// Its name.
    pub name: String,
    /// Unified social credit code of its employer.
    pub uscc: String,
    /// Name of its employer.
    pub employer: String,
    /// Type of its employer: a code of the table.
    pub r#type: String,
}

/// One person. Days are `YYYY-MM-DD`; codes are those of the tables.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterLine {
    /// What the city says.
    pub op: RosterOp,
    /// Number of the document: the key.
    pub id_number: String,
    /// Name as on the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Kind of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_kind: Option<IdKind>,
    /// Sex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
    /// Day of birth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub born: Option<String>,
    /// As in a sealed person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nation: Option<String>,
    /// Mobile number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Last day of the document's validity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<String>,
    /// SHA-256 of the portrait, lower-case hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo_sha256: Option<String>,
    /// The crew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<RosterTeam>,
    /// Trade.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade: Option<String>,
    /// Role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// First day at the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entered_on: Option<String>,
    /// Day on which the contract was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_signed_on: Option<String>,
    /// Last day of the contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_until: Option<String>,
    /// Day of the last safety or entry training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_on: Option<String>,
    /// Last day of the health certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_certificate_until: Option<String>,
    /// Why, for a revocation; in Chinese, for the clerk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl fmt::Debug for RosterLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RosterLine")
            .field("op", &self.op)
            .finish_non_exhaustive()
    }
}

impl RosterHeader {
    /// The line, with its newline.
    ///
    /// # Errors
    /// [`WireError::BadBoxName`]; [`WireError::BadRoster`] for too many people.
    pub fn to_line(&self) -> Result<Vec<u8>, WireError> {
        self.check()?;
        to_line(self)
    }

    fn check(&self) -> Result<(), WireError> {
        check_box_name(&self.r#box)?;
        let older = self.base.is_none_or(|base| base < self.version);
        if self.v != VERSION || !older {
            return Err(fault(1, RosterFault::Header));
        }
        if self.count > ROSTER_PEOPLE_MAX {
            return Err(fault(1, RosterFault::TooMany));
        }
        Ok(())
    }
}

impl RosterLine {
    /// A line that says nothing yet but whom it is about.
    pub fn about(op: RosterOp, id_number: &str) -> Self {
        Self {
            op,
            id_number: id_number.to_owned(),
            name: None,
            id_kind: None,
            sex: None,
            born: None,
            nation: None,
            phone: None,
            valid_to: None,
            photo_sha256: None,
            team: None,
            trade: None,
            role: None,
            entered_on: None,
            contract_signed_on: None,
            contract_until: None,
            trained_on: None,
            health_certificate_until: None,
            reason: None,
        }
    }

    /// The line, with its newline.
    ///
    /// # Errors
    /// [`WireError::BadRoster`] where a field that the operation needs is missing.
    pub fn to_line(&self) -> Result<Vec<u8>, WireError> {
        self.check(0)?;
        to_line(self)
    }

    fn check(&self, line: u64) -> Result<(), WireError> {
        let number = self.id_number.as_bytes();
        let shaped = number
            .iter()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
        if !shaped || !(5..=18).contains(&number.len()) {
            return Err(fault(line, RosterFault::Number));
        }
        let whole = match self.op {
            RosterOp::Confirm => true,
            RosterOp::Add => {
                let person = self.name.is_some()
                    && self.id_kind.is_some()
                    && self.sex.is_some()
                    && self.born.is_some();
                let work = self.team.is_some()
                    && self.trade.is_some()
                    && self.role.is_some()
                    && self.entered_on.is_some();
                person && work
            }
            RosterOp::Correct => *self != Self::about(self.op, &self.id_number),
            RosterOp::Revoke => self.reason.is_some(),
        };
        if whole {
            Ok(())
        } else {
            Err(fault(line, RosterFault::Missing))
        }
    }
}

fn to_line<T: Serialize>(value: &T) -> Result<Vec<u8>, WireError> {
    let mut line = serde_json::to_vec(value).map_err(WireError::NotSerializable)?;
    line.push(b'\n');
    if line.len() > ROSTER_LINE_BYTES_MAX {
        return Err(fault(0, RosterFault::TooLong));
    }
    Ok(line)
}

fn fault(line: u64, fault: RosterFault) -> WireError {
    WireError::BadRoster { line, fault }
}

/// Reads a roster file piece by piece.
#[derive(Debug)]
pub struct RosterReader {
    pointer: RosterPointer,
    box_name: String,
    digest: Sha256,
    bytes: u64,
    line: u64,
    /// The line that is not whole yet.
    rest: Vec<u8>,
    header: Option<RosterHeader>,
    seen: BTreeSet<String>,
}

impl RosterReader {
    /// A reader for the file that the pointer names.
    ///
    /// # Errors
    /// [`WireError::BadRoster`] for a file that is announced as too long.
    pub fn new(pointer: &RosterPointer, box_name: &str) -> Result<Self, WireError> {
        if pointer.bytes > ROSTER_BYTES_MAX {
            return Err(fault(0, RosterFault::TooLong));
        }
        Ok(Self {
            pointer: pointer.clone(),
            box_name: box_name.to_owned(),
            digest: Sha256::new(),
            bytes: 0,
            line: 0,
            rest: Vec::new(),
            header: None,
            seen: BTreeSet::new(),
        })
    }

    /// Takes the next piece of the file and hands out the people whose lines are whole.
    ///
    /// # Errors
    /// [`WireError::BadRoster`]: what is wrong, and in which line. The file is to be given up.
    pub fn push(
        &mut self,
        piece: &[u8],
        mut take: impl FnMut(RosterLine),
    ) -> Result<(), WireError> {
        let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(length);
        if self.bytes > self.pointer.bytes {
            return Err(fault(self.line, RosterFault::TooLong));
        }
        self.digest.update(piece);
        let mut lines = piece.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = lines.next() {
            if self.rest.len().saturating_add(part.len()) >= ROSTER_LINE_BYTES_MAX {
                return Err(fault(self.line.saturating_add(1), RosterFault::TooLong));
            }
            self.rest.extend_from_slice(part);
            if lines.peek().is_some() {
                let whole = std::mem::take(&mut self.rest);
                if let Some(person) = self.read(&whole)? {
                    take(person);
                }
            }
        }
        Ok(())
    }

    fn read(&mut self, text: &[u8]) -> Result<Option<RosterLine>, WireError> {
        self.line = self.line.saturating_add(1);
        let line = self.line;
        let Some(header) = &self.header else {
            let header: RosterHeader =
                serde_json::from_slice(text).map_err(|_| fault(line, RosterFault::Header))?;
            header.check()?;
            let meant = header.r#box == self.box_name
                && header.version == self.pointer.version
                && header.base == self.pointer.base;
            if !meant {
                return Err(fault(line, RosterFault::OtherRoster));
            }
            self.header = Some(header);
            return Ok(None);
        };
        if line > header.count.saturating_add(1) {
            return Err(fault(line, RosterFault::Count));
        }
        let person: RosterLine =
            serde_json::from_slice(text).map_err(|_| fault(line, RosterFault::Line))?;
        person.check(line)?;
        if !self.seen.insert(person.id_number.clone()) {
            return Err(fault(line, RosterFault::Twice));
        }
        Ok(Some(person))
    }

    /// The file is at its end: compares length, count and digest with what was signed.
    ///
    /// # Errors
    /// [`WireError::BadRoster`]: the people handed out are to be forgotten.
    pub fn finish(self) -> Result<RosterHeader, WireError> {
        let end = self.line;
        let digest = Hash::from_bytes(self.digest.finalize().into());
        if self.bytes < self.pointer.bytes || !self.rest.is_empty() {
            return Err(fault(end, RosterFault::Truncated));
        }
        if digest != self.pointer.sha256 {
            return Err(fault(end, RosterFault::Digest));
        }
        let header = self.header.ok_or_else(|| fault(1, RosterFault::Header))?;
        if end != header.count.saturating_add(1) {
            return Err(fault(end, RosterFault::Count));
        }
        Ok(header)
    }
}
