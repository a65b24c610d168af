//! The package around a workbook, looked through before anyone opens it: how much comes out of it,
//! and what else is in it.

use std::io::{self, Cursor, Write};

use zip::ZipArchive;

use crate::recorder::Refusal;

/// Most bytes of a file as it is sent.
pub(crate) const FILE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Most bytes that may come out of it: ten thousand people with every column filled stay below.
const UNPACKED_BYTES_MAX: u64 = 16 * 1024 * 1024;
const PARTS_MAX: usize = 1_000;

pub(super) const BROKEN: &str =
    "这个文件打不开，可能没有传完或已损坏。请在 Excel 或 WPS 里打开它，另存为 .xlsx 再传。";

/// What was found in a package.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Some cell is a formula.
    pub(super) formulas: bool,
}

/// Looks through a package, unpacking every part of it into nothing. What a package says of its own
/// sizes is not believed.
///
/// # Errors
/// It is damaged, holds macros, or more comes out of it than may.
pub(super) fn look_through(bytes: &[u8]) -> Result<Found, Refusal> {
    let broken = || Refusal::new(BROKEN);
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| broken())?;
    if archive.len() > PARTS_MAX {
        return Err(too_large());
    }
    let mut left = UNPACKED_BYTES_MAX;
    let mut found = Found::default();
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|_| broken())?;
        let name = part.name().map_err(|_| broken())?.to_ascii_lowercase();
        if name.ends_with("vbaproject.bin") {
            return Err(Refusal::new(
                "文件里带宏，没有读。请在 Excel 或 WPS 里另存为“Excel 工作簿（.xlsx）”，不带宏，再传。",
            ));
        }
        let mut drain = Drain::default();
        let out = io::copy(
            &mut io::Read::take(part, left.saturating_add(1)),
            &mut drain,
        );
        let out = out.map_err(|_| broken())?;
        left = left.checked_sub(out).ok_or_else(too_large)?;
        found.formulas |= name.starts_with("xl/worksheets/") && drain.formula;
    }
    Ok(found)
}

fn too_large() -> Refusal {
    Refusal::new("文件解压后太大，不像人员名单，没有读。请新建一个工作簿，只复制需要的行，再传。")
}

/// Takes bytes and keeps none; notices the beginning of a formula.
#[derive(Default)]
struct Drain {
    /// How much of `<f` was just seen.
    seen: u8,
    formula: bool,
}

impl Write for Drain {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            self.seen = match (self.seen, byte) {
                (_, b'<') => 1,
                (1, b'f') => 2,
                (2, b'>' | b' ') => {
                    self.formula = true;
                    0
                }
                _ => 0,
            };
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use zip::write::SimpleFileOptions;

    use super::{Found, look_through};

    fn package(parts: &[(&str, &[u8], usize)]) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes, times) in parts {
            archive
                .start_file(*name, SimpleFileOptions::default())
                .unwrap();
            for _ in 0..*times {
                archive.write_all(bytes).unwrap();
            }
        }
        archive.finish().unwrap().into_inner()
    }

    fn refusal(bytes: &[u8]) -> String {
        look_through(bytes).unwrap_err().0
    }

    #[test]
    fn a_bomb_is_refused_however_small_it_is_and_says_it_is() {
        let nothing = vec![0; 1024 * 1024];
        let mut bomb = package(&[("xl/worksheets/sheet1.xml", &nothing, 100)]);
        assert!(bomb.len() < 200_000, "{}", bomb.len());
        assert!(refusal(&bomb).contains("解压后太大"));
        let many = package(&[("a", &nothing, 10), ("b", &nothing, 10)]);
        assert!(refusal(&many).contains("解压后太大"));
        // The list at the end says one byte.
        let large = u32::try_from(100 * nothing.len()).unwrap().to_le_bytes();
        let at = bomb.windows(4).rposition(|four| four == large).unwrap();
        bomb[at..at + 4].copy_from_slice(&1_u32.to_le_bytes());
        assert!(look_through(&bomb).is_err());
    }

    #[test]
    fn macros_damage_and_formulas_are_noticed() {
        let plain = package(&[("xl/worksheets/sheet1.xml", b"<c><v>1</v></c>", 1)]);
        assert_eq!(look_through(&plain), Ok(Found { formulas: false }));
        for formula in [&b"<c><f>A1+1</f></c>"[..], b"<c><f t=\"shared\">A1</f></c>"] {
            let with = package(&[("xl/worksheets/sheet1.xml", formula, 1)]);
            assert_eq!(look_through(&with), Ok(Found { formulas: true }));
        }
        let macros = package(&[("xl/vbaProject.bin", b"x", 1)]);
        assert!(refusal(&macros).contains("宏"));
        assert!(refusal(&plain[..plain.len() / 2]).contains("打不开"));
        assert!(refusal(b"PK\x03\x04").contains("打不开"));
    }
}
