//! `[desk.reader]`: the card reader on the office's desk.

use drivers_link::LinkAddress;

use crate::config::lane::find_interval;
use crate::config::taken::Taken;
use crate::config::walk::{Walk, finish};

/// The reader on the desk. No gate stands behind it.
#[derive(Debug, Clone)]
pub(crate) struct DeskReaderConfig {
    /// Its name on screens and in records.
    pub(crate) name: String,
    /// Where it is plugged in.
    pub(crate) link: LinkAddress,
    /// Pause between two looks for a card, ms.
    pub(crate) find_interval_ms: u32,
}

/// Reads the section; a site without one has no reader on the desk.
pub(super) fn desk_reader(root: &mut Walk, taken: &mut Taken) -> Option<DeskReaderConfig> {
    let walk = root.table("desk", false)?;
    finish(root, walk, |desk| {
        let walk = desk.table("reader", true)?;
        finish(desk, walk, |reader| {
            let name = taken.name(reader);
            let link = taken.link(reader);
            Some(DeskReaderConfig {
                find_interval_ms: find_interval(reader),
                name: name?,
                link: link?,
            })
        })
    })
}
