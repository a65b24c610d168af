//! Stands between a program and the system (`LD_PRELOAD`): notes in order whatever the program does to
//! the files below one folder, and ends the program at the n-th such effect as `kill -9` would.
//!
//! The program is the real one and knows nothing of it: no hook, no switch, no other file layer. Every
//! write and every sync of `SQLite` and of the standard library goes through these functions of libc.
//! All of the tests' `unsafe` stands in this file; `tests/build.rs` compiles it.
//!
//! Set by `MENWEI_OUTAGE_ROOT` (the folder), `MENWEI_OUTAGE_JOURNAL` (where effects are noted; none
//! without it), `MENWEI_OUTAGE_END` (`before:7`, `during:7`, `after:7`: the seventh effect is the last;
//! `during` leaves half of a write). The journal is read by `tests/harness/outage/journal.rs`.

use std::ffi::{CStr, c_char, c_int, c_long, c_void};
use std::sync::{Mutex, OnceLock, PoisonError};

// Numbers of system calls: the calls themselves are made without libc, whose functions are replaced here.
#[cfg(target_arch = "x86_64")]
mod number {
    pub(super) const WRITE: i64 = 1;
    pub(super) const LSEEK: i64 = 8;
    pub(super) const PWRITE: i64 = 18;
    pub(super) const GETPID: i64 = 39;
    pub(super) const KILL: i64 = 62;
    pub(super) const FSYNC: i64 = 74;
    pub(super) const FDATASYNC: i64 = 75;
    pub(super) const FTRUNCATE: i64 = 77;
    pub(super) const OPENAT: i64 = 257;
    pub(super) const UNLINKAT: i64 = 263;
    pub(super) const RENAMEAT: i64 = 264;
    pub(super) const READLINKAT: i64 = 267;
}
#[cfg(target_arch = "aarch64")]
mod number {
    pub(super) const UNLINKAT: i64 = 35;
    pub(super) const RENAMEAT: i64 = 38;
    pub(super) const FTRUNCATE: i64 = 46;
    pub(super) const OPENAT: i64 = 56;
    pub(super) const LSEEK: i64 = 62;
    pub(super) const WRITE: i64 = 64;
    pub(super) const PWRITE: i64 = 68;
    pub(super) const READLINKAT: i64 = 78;
    pub(super) const FSYNC: i64 = 82;
    pub(super) const FDATASYNC: i64 = 83;
    pub(super) const KILL: i64 = 129;
    pub(super) const GETPID: i64 = 172;
}

const HERE: i64 = -100;
const SIGKILL: i64 = 9;
const SEEK_CUR: i64 = 1;
/// Write only, create, append.
const NOTING: i64 = 0o1 | 0o100 | 0o2000;

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
}

/// When the program ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Before,
    During,
    After,
}

struct Watch {
    root: Vec<u8>,
    journal: Option<i64>,
    end: Option<(When, u64)>,
    /// Effects so far. Whoever has it carries one out: so the journal's order is the true one.
    effects: Mutex<u64>,
}

fn watch() -> Option<&'static Watch> {
    static WATCH: OnceLock<Option<Watch>> = OnceLock::new();
    WATCH.get_or_init(set_up).as_ref()
}

fn set_up() -> Option<Watch> {
    let root = std::env::var("MENWEI_OUTAGE_ROOT").ok()?.into_bytes();
    let journal = std::env::var("MENWEI_OUTAGE_JOURNAL").ok().map(|path| {
        let path = format!("{path}\0");
        // SAFETY: the path ends with a zero and outlives the call.
        unsafe { syscall(number::OPENAT, HERE, path.as_ptr(), NOTING, 0o600_i64) }
    });
    let end = std::env::var("MENWEI_OUTAGE_END").ok().and_then(|text| {
        let (when, at) = text.split_once(':')?;
        let when = match when {
            "before" => When::Before,
            "during" => When::During,
            "after" => When::After,
            _ => return None,
        };
        Some((when, at.parse().ok()?))
    });
    Some(Watch {
        root,
        journal,
        end,
        effects: Mutex::new(0),
    })
}

/// What is done to a file.
#[derive(Clone, Copy)]
enum Effect<'a> {
    Write(&'a [u8]),
    Sync,
    Truncate(u64),
    Unlink,
    Rename(&'a [u8]),
}

impl Watch {
    /// The path below the folder, if it is one.
    fn below<'a>(&self, path: &'a [u8]) -> Option<&'a [u8]> {
        let rest = path.strip_prefix(self.root.as_slice())?;
        match rest {
            [] => Some(rest),
            [b'/', inner @ ..] => Some(inner),
            _ => None,
        }
    }

    /// Carries an effect out with `act`, which is told how much of a write to do, notes it, and ends
    /// the program where it is to end.
    fn carry_out(&self, path: &[u8], effect: Effect<'_>, act: impl Fn(usize) -> (i64, u64)) -> i64 {
        let mut effects = self.effects.lock().unwrap_or_else(PoisonError::into_inner);
        *effects += 1;
        let bytes = if let Effect::Write(data) = effect {
            data.len()
        } else {
            0
        };
        let ending = self
            .end
            .filter(|(_, at)| *at == *effects)
            .map(|(when, _)| when);
        match ending {
            Some(When::Before) => end(),
            Some(When::During) => {
                if bytes > 1 {
                    act(bytes / 2);
                }
                end()
            }
            Some(When::After) | None => {}
        }
        let (answer, offset) = act(bytes);
        if answer >= 0 {
            self.note(path, effect, offset);
        }
        if ending.is_some() {
            end();
        }
        answer
    }

    fn note(&self, path: &[u8], effect: Effect<'_>, offset: u64) {
        let Some(journal) = self.journal else { return };
        let (kind, number, data): (u8, u64, &[u8]) = match effect {
            Effect::Write(data) => (b'w', offset, data),
            Effect::Sync => (b's', 0, &[]),
            Effect::Truncate(bytes) => (b't', bytes, &[]),
            Effect::Unlink => (b'u', 0, &[]),
            Effect::Rename(to) => (b'r', 0, to),
        };
        let mut line = vec![kind];
        line.extend(u32::try_from(path.len()).unwrap_or(0).to_le_bytes());
        line.extend(number.to_le_bytes());
        line.extend(u32::try_from(data.len()).unwrap_or(0).to_le_bytes());
        line.extend(path);
        line.extend(data);
        // SAFETY: the buffer is as long as told.
        unsafe { syscall(number::WRITE, journal, line.as_ptr(), line.len()) };
    }
}

/// As `kill -9` ends it: no destructor, no flush, no other thread goes on.
fn end() -> ! {
    loop {
        // SAFETY: no memory is touched.
        unsafe { syscall(number::KILL, syscall(number::GETPID), SIGKILL) };
    }
}

/// What stands behind a descriptor.
fn path_of(fd: c_int, buffer: &mut [u8; 512]) -> Option<&[u8]> {
    let link = format!("/proc/self/fd/{fd}\0");
    // SAFETY: the link ends with a zero, the buffer is as long as told.
    let bytes = unsafe {
        syscall(
            number::READLINKAT,
            HERE,
            link.as_ptr(),
            buffer.as_mut_ptr(),
            buffer.len(),
        )
    };
    buffer.get(..usize::try_from(bytes).ok()?)
}

fn on_file(fd: c_int, effect: Effect<'_>, act: impl Fn(usize) -> (i64, u64)) -> i64 {
    let mut buffer = [0; 512];
    let bytes = if let Effect::Write(data) = effect {
        data.len()
    } else {
        0
    };
    let known = watch().and_then(|watch| {
        let path = path_of(fd, &mut buffer)?;
        Some((watch, watch.below(path)?))
    });
    match known {
        Some((watch, path)) => watch.carry_out(path, effect, act),
        None => act(bytes).0,
    }
}

/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(fd: c_int, data: *const c_void, bytes: usize) -> isize {
    // SAFETY: the caller promises that so many bytes are there.
    let slice = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), bytes) };
    let act = |bytes: usize| {
        // SAFETY: at most as many bytes as the caller promised.
        let done = unsafe { syscall(number::WRITE, i64::from(fd), data, bytes) };
        // SAFETY: no memory is touched.
        let after = unsafe { syscall(number::LSEEK, i64::from(fd), 0_i64, SEEK_CUR) };
        (done, u64::try_from(after - done).unwrap_or(0))
    };
    let effect = Effect::Write(slice);
    isize::try_from(on_file(fd, effect, act)).unwrap_or(-1)
}

/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite64(fd: c_int, data: *const c_void, bytes: usize, at: i64) -> isize {
    // SAFETY: the caller promises that so many bytes are there.
    let slice = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), bytes) };
    let act = |bytes: usize| {
        // SAFETY: at most as many bytes as the caller promised.
        let done = unsafe { syscall(number::PWRITE, i64::from(fd), data, bytes, at) };
        (done, u64::try_from(at).unwrap_or(0))
    };
    isize::try_from(on_file(fd, Effect::Write(slice), act)).unwrap_or(-1)
}

/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite(fd: c_int, data: *const c_void, bytes: usize, at: i64) -> isize {
    // SAFETY: the same call.
    unsafe { pwrite64(fd, data, bytes, at) }
}

fn sync(fd: c_int, call: i64) -> c_int {
    // SAFETY: no memory is touched.
    let act = |_| (unsafe { syscall(call, i64::from(fd)) }, 0);
    c_int::try_from(on_file(fd, Effect::Sync, act)).unwrap_or(-1)
}

/// As libc's.
#[unsafe(no_mangle)]
pub extern "C" fn fsync(fd: c_int) -> c_int {
    sync(fd, number::FSYNC)
}

/// As libc's.
#[unsafe(no_mangle)]
pub extern "C" fn fdatasync(fd: c_int) -> c_int {
    sync(fd, number::FDATASYNC)
}

/// As libc's.
#[unsafe(no_mangle)]
pub extern "C" fn ftruncate64(fd: c_int, bytes: i64) -> c_int {
    // SAFETY: no memory is touched.
    let act = |_| {
        (
            unsafe { syscall(number::FTRUNCATE, i64::from(fd), bytes) },
            0,
        )
    };
    let effect = Effect::Truncate(u64::try_from(bytes).unwrap_or(0));
    c_int::try_from(on_file(fd, effect, act)).unwrap_or(-1)
}

/// As libc's.
#[unsafe(no_mangle)]
pub extern "C" fn ftruncate(fd: c_int, bytes: i64) -> c_int {
    ftruncate64(fd, bytes)
}

/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: the caller promises a text that ends with a zero.
    let name = unsafe { CStr::from_ptr(path) }.to_bytes();
    // SAFETY: as above.
    let act = |_| (unsafe { syscall(number::UNLINKAT, HERE, path, 0_i64) }, 0);
    let known = watch().and_then(|watch| Some((watch, watch.below(name)?)));
    let answer = match known {
        Some((watch, name)) => watch.carry_out(name, Effect::Unlink, act),
        None => act(0).0,
    };
    c_int::try_from(answer).unwrap_or(-1)
}

/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    // SAFETY: the caller promises texts that end with a zero.
    let names = unsafe {
        (
            CStr::from_ptr(from).to_bytes(),
            CStr::from_ptr(to).to_bytes(),
        )
    };
    // SAFETY: as above.
    let act = |_| {
        (
            unsafe { syscall(number::RENAMEAT, HERE, from, HERE, to) },
            0,
        )
    };
    let known =
        watch().and_then(|watch| Some((watch, watch.below(names.0)?, watch.below(names.1)?)));
    let answer = match known {
        Some((watch, from, to)) => watch.carry_out(from, Effect::Rename(to), act),
        None => act(0).0,
    };
    c_int::try_from(answer).unwrap_or(-1)
}
