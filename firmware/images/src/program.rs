//! The bytes of an image as they stand in flash.

use std::path::Path;

use object::LittleEndian;
use object::elf::{FileHeader32, PT_LOAD};
use object::read::elf::{ElfFile, FileHeader, ProgramHeader};

use crate::error::ImageError;

/// What the program of an ELF image has in flash, from its vector table on; a multiple of four bytes.
///
/// # Errors
/// [`ImageError`] if the file is missing, no ELF image, or empty.
pub fn program(image: &Path) -> Result<Vec<u8>, ImageError> {
    let bytes = std::fs::read(image).map_err(|source| ImageError::Read {
        image: image.to_owned(),
        source,
    })?;
    let parse = |source| ImageError::Parse {
        image: image.to_owned(),
        source,
    };
    let file = ElfFile::<FileHeader32<LittleEndian>>::parse(bytes.as_slice()).map_err(parse)?;
    let endian = file.endian();
    let headers = file.elf_header().program_headers(endian, file.data());
    let mut parts = Vec::new();
    for header in headers.map_err(parse)? {
        let stored = header.p_type(endian) == PT_LOAD && header.p_filesz(endian) > 0;
        if let Some(data) = stored.then(|| header.data(endian, file.data()).unwrap_or_default()) {
            parts.push((header.p_paddr(endian), data));
        }
    }
    parts.sort_by_key(|(at, _)| *at);
    let mut program = Vec::new();
    let mut end = parts.first().map(|(at, _)| *at);
    for (at, data) in parts {
        let gap = end.map_or(0, |end| at.saturating_sub(end));
        program.extend((0..gap).map(|_| 0xff));
        program.extend(data);
        end = u32::try_from(data.len())
            .ok()
            .map(|length| at.saturating_add(length));
    }
    program.resize(program.len().next_multiple_of(4), 0xff);
    if program.is_empty() {
        return Err(ImageError::Empty {
            image: image.to_owned(),
        });
    }
    Ok(program)
}
