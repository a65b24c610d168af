//! What is wrong with the ledger, as a record: so the city hears of it too.

use edge_domain::Moment;
use edge_store::Entry;
use sync_wire::record::{Device, DeviceState};
use sync_wire::{Kind, WireError};

use crate::records;

/// A record that something of the ledger is wrong, or is well again; `code` is the trouble's.
///
/// # Errors
/// The body is over 8 KiB.
pub(crate) fn ledger_record(
    at: Moment,
    state: DeviceState,
    code: &str,
) -> Result<Entry, WireError> {
    let alarm = Kind::Device(Device {
        device: "ledger".to_owned(),
        lane: None,
        state,
        detail: Some(code.to_owned()),
        identity: None,
    });
    Ok(Entry::new(records::box_body(at, alarm)?))
}
