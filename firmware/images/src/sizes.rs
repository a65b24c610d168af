//! How much of a chip an image takes.

use std::path::Path;

use object::{Object, ObjectSection, ObjectSymbol};

use crate::error::ImageError;

/// Bytes of one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Flash: code, constants, and what variables begin with.
    pub flash_bytes: u64,
    /// RAM of variables, without the stack.
    pub ram_bytes: u64,
    /// RAM set aside for the stack.
    pub stack_bytes: u64,
}

impl Sizes {
    /// Measures an image.
    ///
    /// # Errors
    /// [`ImageError`] if the file is missing or no ELF image.
    pub fn of(image: &Path) -> Result<Self, ImageError> {
        let bytes = std::fs::read(image).map_err(|source| ImageError::Read {
            image: image.to_owned(),
            source,
        })?;
        let file = object::File::parse(bytes.as_slice()).map_err(|source| ImageError::Parse {
            image: image.to_owned(),
            source,
        })?;
        let section = |name: &str| file.section_by_name(name).map_or(0, |it| it.size());
        let symbol = |name: &str| {
            let found = file.symbols().find(|symbol| symbol.name() == Ok(name));
            found.map_or(0, |symbol| symbol.address())
        };
        let data = section(".data");
        Ok(Self {
            flash_bytes: section(".vector_table") + section(".text") + section(".rodata") + data,
            ram_bytes: data + section(".bss") + section(".uninit"),
            stack_bytes: symbol("_stack_start").saturating_sub(symbol("_stack_end")),
        })
    }
}
