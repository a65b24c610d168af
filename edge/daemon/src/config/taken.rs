//! What one device has and no other may have.

use drivers_link::LinkAddress;
use drivers_terminal::Address;

use crate::config::walk::{Walk, short_text};

const LINK_ALLOWED: &str =
    "serial:/dev/menwei/reader-1?baud=115200（波特率 1200 至 921600）或 tcp:主机:端口";

/// What devices of the whole box have already.
#[derive(Debug, Default)]
pub(super) struct Taken {
    names: Vec<String>,
    links: Vec<LinkAddress>,
    terminals: Vec<Address>,
}

impl Taken {
    /// A device's name: lamps and records know it by that alone, in the whole box.
    pub(super) fn name(&mut self, walk: &mut Walk) -> Option<String> {
        let name = walk.parsed("name", "1 至 32 个字", |text| short_text(text, 32))?;
        if self.names.contains(&name) {
            walk.fault_of("name", &name, "与其他设备不同的名称（整台考勤盒内）");
        }
        self.names.push(name.clone());
        Some(name)
    }

    /// A device's address; one port serves one device.
    pub(super) fn link(&mut self, walk: &mut Walk) -> Option<LinkAddress> {
        let mut written = String::new();
        let link = walk.parsed("link", LINK_ALLOWED, |text| {
            text.clone_into(&mut written);
            text.parse::<LinkAddress>().ok()
        })?;
        if self.links.contains(&link) {
            walk.fault_of("link", &written, "没有被其他设备占用的端口");
        }
        self.links.push(link.clone());
        Some(link)
    }

    /// A face terminal; one stands at one lane.
    pub(super) fn terminal(&mut self, walk: &mut Walk, address: &Address) {
        if self.terminals.contains(address) {
            let (key, written) = match address {
                Address::Hikvision { base } => ("address", base),
                Address::Panel { panel, .. } => ("panel", panel),
            };
            walk.fault_of(key, written, "没有在别处写过的人脸机");
        }
        self.terminals.push(address.clone());
    }
}
