//! Whatever panics restarts the chip; what outlives that, and who the board is afterwards.

use core::mem::MaybeUninit;
use embedded_storage::nor_flash::NorFlash;
use firmware_logic::Identity;
use firmware_logic::memory::{Factory, Memory, WarmStarts};
use firmware_protocol::ResetCause;

/// Counts starts that kept the RAM: a watchdog's, not a power-on. None at a power-on.
fn warm_starts() -> WarmStarts {
    // SAFETY: start-up code neither loads nor clears this section, which cortex-m-rt names.
    #[unsafe(link_section = ".uninit.WARM")]
    static mut WARM: MaybeUninit<[u32; 2]> = MaybeUninit::uninit();
    let place = (&raw mut WARM).cast::<[u32; 2]>();
    // SAFETY: a program calls this once, and no interrupt touches it; every bit pattern is a number.
    unsafe {
        let (starts, next) = WarmStarts::judge(place.read_volatile());
        place.write_volatile(next);
        starts
    }
}

/// Begins a session, and says who this board is. `cause` is what the chip tells of its reset. Call it
/// once.
pub fn identify<F: NorFlash>(
    factory: Factory,
    memory: &mut Memory<F>,
    firmware: [u8; 3],
    cause: ResetCause,
) -> Identity {
    let warm = warm_starts();
    Identity {
        address: factory.address,
        uid: factory.uid,
        session: memory.begin_session(warm),
        firmware,
        reset_cause: if cause == ResetCause::Unknown && warm.is_power_on() {
            ResetCause::PowerOn
        } else {
            cause
        },
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
