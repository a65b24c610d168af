//! What goes into a statement and what comes out.

use crate::error::{CityError, DbFault};

/// A statement with the name of the step that it is, for people. Parameters are `?1`, `?2` …
#[derive(Clone, Copy, Debug)]
pub struct Sql {
    /// What it does, for the log.
    pub step: &'static str,
    /// The text, in the dialect that both databases read.
    pub text: &'static str,
}

/// A parameter or a column.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// Every number, and truth as 0 or 1.
    Int(i64),
    /// UTF-8.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

/// Numbers of records stay below 2^53 (`ingest` refuses others), so nothing is cut here.
impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row of an answer.
#[derive(Clone, Debug)]
pub struct Row(pub(super) Vec<Value>);

impl Row {
    /// A number; NULL is 0.
    pub fn int(&self, column: usize) -> Result<i64, CityError> {
        match self.0.get(column) {
            Some(Value::Int(value)) => Ok(*value),
            Some(Value::Null) => Ok(0),
            _ => Err(CityError::db("read a number")(DbFault::Shape)),
        }
    }

    /// A number that is never negative; NULL is 0.
    pub fn count(&self, column: usize) -> Result<u64, CityError> {
        let value = self.int(column)?;
        u64::try_from(value).map_err(|_| CityError::db("read a count")(DbFault::Shape))
    }

    /// A number or NULL.
    pub fn maybe_int(&self, column: usize) -> Result<Option<i64>, CityError> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.int(column).map(Some),
        }
    }

    /// A text; NULL is empty.
    pub fn text(&self, column: usize) -> Result<String, CityError> {
        Ok(self.maybe_text(column)?.unwrap_or_default())
    }

    /// A text or NULL.
    pub fn maybe_text(&self, column: usize) -> Result<Option<String>, CityError> {
        match self.0.get(column) {
            Some(Value::Text(value)) => Ok(Some(value.clone())),
            Some(Value::Null) => Ok(None),
            _ => Err(CityError::db("read a text")(DbFault::Shape)),
        }
    }

    /// Bytes.
    pub fn bytes(&self, column: usize) -> Result<Vec<u8>, CityError> {
        match self.0.get(column) {
            Some(Value::Bytes(value)) => Ok(value.clone()),
            _ => Err(CityError::db("read bytes")(DbFault::Shape)),
        }
    }

    /// 32 bytes.
    pub fn hash(&self, column: usize) -> Result<[u8; 32], CityError> {
        match self.0.get(column) {
            Some(Value::Bytes(value)) => value
                .as_slice()
                .try_into()
                .map_err(|_| CityError::db("read a hash")(DbFault::Shape)),
            _ => Err(CityError::db("read a hash")(DbFault::Shape)),
        }
    }
}

/// A new row of the table `record`.
#[derive(Clone, Copy, Debug)]
pub struct RecordRow<'a> {
    /// Box.
    pub id: &'a str,
    /// Epoch.
    pub epoch: &'a str,
    /// Place in the epoch, from 1.
    pub seq: u64,
    /// The exact bytes that came.
    pub body: &'a [u8],
    /// SHA-256 of the previous hash and the body.
    pub hash: [u8; 32],
    /// When it arrived, ms.
    pub received_at: i64,
    /// `stored`, `waiting` or `parked`.
    pub status: &'static str,
}

/// Of box `b`: the epoch with which it said hello last as its newest. One that was seen for the first
/// time after it may be an old one, recovered.
macro_rules! newest_epoch {
    () => {
        "(SELECT e.epoch FROM epoch e WHERE e.box = b.box
            ORDER BY COALESCE(e.greeted_at, 0) DESC, e.no DESC LIMIT 1)"
    };
}
pub(crate) use newest_epoch;
