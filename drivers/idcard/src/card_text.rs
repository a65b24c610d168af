//! The text of a card: fixed fields of UTF-16, padded with spaces.
//!
//! Whether a number, a date or a name makes sense is not decided here: this module says what
//! stands on the card. Characters of the private use area are kept, for a chip encodes rare
//! characters of names with them.

use std::collections::BTreeMap;

use crate::error::CodecError;
use crate::layout::{CardKind, Field, LAYOUT_OFFSET, TEXT_BYTES};
use crate::masked::Masked;
use crate::nation::Nation;

/// Sex as on the card (GB/T 2261.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// Code 1.
    Male,
    /// Code 2.
    Female,
    /// Code 0 (unknown), 9 (unstated), or anything else.
    Unstated,
}

/// What stands on a card. Masked in `Debug`; a field that the card does not have is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardText {
    kind: CardKind,
    fields: BTreeMap<Field, Masked>,
}

impl CardText {
    /// An empty card of a kind, to be filled by [`CardText::with`].
    pub const fn new(kind: CardKind) -> Self {
        Self {
            kind,
            fields: BTreeMap::new(),
        }
    }

    /// The same card with one more field.
    #[must_use]
    pub fn with(mut self, field: Field, text: &str) -> Self {
        self.fields.insert(field, Masked::new(text));
        self
    }

    /// Which kind of card it is.
    pub const fn kind(&self) -> CardKind {
        self.kind
    }

    /// The text of a field in clear, without its padding; empty where the card has none.
    pub fn reveal(&self, field: Field) -> &str {
        self.fields.get(&field).map_or("", Masked::reveal)
    }

    /// Sex.
    pub fn sex(&self) -> Sex {
        match self.reveal(Field::Sex) {
            "1" => Sex::Male,
            "2" => Sex::Female,
            _ => Sex::Unstated,
        }
    }

    /// Nation; `None` where the card states none.
    pub fn nation(&self) -> Option<Nation> {
        let code = self.reveal(Field::Nation);
        (!code.is_empty()).then(|| Nation::from_code(code))
    }

    /// Reads the text block of a base-read reply. Bytes beyond the first 256 are ignored.
    ///
    /// # Errors
    /// [`CodecError::TextTooShort`], [`CodecError::UnknownLayout`] or
    /// [`CodecError::UnpairedSurrogate`].
    pub fn decode(block: &[u8]) -> Result<Self, CodecError> {
        let too_short = CodecError::TextTooShort {
            actual: block.len(),
        };
        let block = block.get(..TEXT_BYTES).ok_or(too_short)?;
        let code = units(block, LAYOUT_OFFSET, 2).next().ok_or(too_short)?;
        let kind = CardKind::from_unit(code).ok_or(CodecError::UnknownLayout { code })?;
        let mut fields = BTreeMap::new();
        for field in Field::ALL {
            let places = kind.fields().iter().filter(|(at, ..)| *at == field);
            let units = places.flat_map(|&(_, offset, bytes)| units(block, offset, bytes));
            let mut text: String = char::decode_utf16(units)
                .collect::<Result<_, _>>()
                .map_err(|_| CodecError::UnpairedSurrogate { field })?;
            text.truncate(text.trim_end_matches([' ', '\0']).len());
            if !text.is_empty() {
                fields.insert(field, Masked::new(text));
            }
        }
        Ok(Self { kind, fields })
    }

    /// The 256 bytes as a card holds them, for the simulator.
    ///
    /// # Errors
    /// [`CodecError::DoesNotFit`] where a text is too long for its field or the card has no such field.
    pub fn encode(&self) -> Result<Vec<u8>, CodecError> {
        let mut block: Vec<u8> = [0x20, 0x00].repeat(TEXT_BYTES / 2);
        write_units(&mut block, LAYOUT_OFFSET, &[self.kind.unit()]);
        for (&field, text) in &self.fields {
            let all: Vec<u16> = text.reveal().encode_utf16().collect();
            let mut rest = all.as_slice();
            let places = self.kind.fields().iter().filter(|(at, ..)| *at == field);
            for &(_, offset, bytes) in places {
                let (here, after) = rest.split_at(rest.len().min(bytes / 2));
                write_units(&mut block, offset, here);
                rest = after;
            }
            if !rest.is_empty() {
                let kind = self.kind;
                return Err(CodecError::DoesNotFit { field, kind });
            }
        }
        Ok(block)
    }
}

fn units(block: &[u8], offset: usize, bytes: usize) -> impl Iterator<Item = u16> {
    let field = block.get(offset..offset + bytes).unwrap_or_default();
    let (pairs, _) = field.as_chunks();
    pairs.iter().map(|&pair| u16::from_le_bytes(pair))
}

fn write_units(block: &mut [u8], offset: usize, units: &[u16]) {
    let bytes = units.iter().flat_map(|unit| unit.to_le_bytes());
    for (place, byte) in block.iter_mut().skip(offset).zip(bytes) {
        *place = byte;
    }
}
