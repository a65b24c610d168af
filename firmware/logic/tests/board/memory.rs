//! Settings and power-ons over power cuts at every write, and over damage.

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use firmware_logic::memory::{Factory, Kept, Memory, RECORD_BYTES, WarmStarts};
use firmware_protocol::{BoardUid, Settings};
use std::cell::RefCell;
use std::rc::Rc;

const PAGE: usize = 256;

/// Two pages whose power goes after so many writes of a word or erasures of a quarter of a page.
#[derive(Clone, Debug)]
struct Cut(Rc<RefCell<Cells>>);

#[derive(Debug)]
struct Cells {
    bytes: Vec<u8>,
    left: usize,
    frozen: bool,
}

impl Cut {
    fn new() -> Self {
        Self(Rc::new(RefCell::new(Cells {
            bytes: vec![0; 2 * PAGE],
            left: usize::MAX,
            frozen: false,
        })))
    }

    fn power_for(&self, steps: usize) {
        self.0.borrow_mut().left = steps;
    }

    fn spent(&self) -> usize {
        usize::MAX - self.0.borrow().left
    }

    fn step(&self) -> Result<(), NorFlashErrorKind> {
        let mut cells = self.0.borrow_mut();
        cells.left = cells.left.checked_sub(1).ok_or(NorFlashErrorKind::Other)?;
        Ok(())
    }
}

fn place(offset: u32) -> usize {
    usize::try_from(offset).unwrap()
}

impl ErrorType for Cut {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Cut {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let at = place(offset);
        bytes.copy_from_slice(&self.0.borrow().bytes[at..at + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        2 * PAGE
    }
}

impl NorFlash for Cut {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        for quarter in (place(from)..place(to)).step_by(PAGE / 4) {
            self.step()?;
            self.0.borrow_mut().bytes[quarter..quarter + PAGE / 4].fill(0xff);
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        for (index, word) in bytes.chunks(4).enumerate() {
            self.step()?;
            let at = place(offset) + index * 4;
            let mut cells = self.0.borrow_mut();
            if cells.frozen {
                continue;
            }
            // Flash only clears bits; a word that is not erased becomes something else.
            for (cell, byte) in cells.bytes[at..at + 4].iter_mut().zip(word) {
                *cell &= byte;
            }
        }
        Ok(())
    }
}

fn settings(pass_timeout_ms: u16) -> Settings {
    Settings {
        pass_timeout_ms,
        ..Settings::default()
    }
}

#[test]
fn settings_are_there_after_the_power_went() {
    let flash = Cut::new();
    assert_eq!(Memory::open(flash.clone()).settings(), None);
    for round in 0..100 {
        let mut memory = Memory::open(flash.clone());
        assert!(memory.keep_settings(settings(2000 + round)));
        assert_eq!(
            Memory::open(flash.clone()).settings(),
            Some(settings(2000 + round))
        );
    }
}

#[test]
fn the_same_settings_cost_no_writing() {
    let flash = Cut::new();
    let mut memory = Memory::open(flash.clone());
    assert!(memory.keep_settings(settings(3000)));
    let spent = flash.spent();
    assert!(memory.keep_settings(settings(3000)));
    assert_eq!(flash.spent(), spent);
}

#[test]
fn a_power_cut_at_every_write_leaves_the_old_settings_or_the_new_ones() {
    let mut kept_new = 0;
    // Enough rounds that both pages fill up and are erased.
    for before in 1..20 {
        for steps in 0..20 {
            let flash = Cut::new();
            for round in 0..before {
                assert!(Memory::open(flash.clone()).keep_settings(settings(2000 + round)));
            }
            flash.power_for(steps);
            let told = Memory::open(flash.clone()).keep_settings(settings(9000));
            flash.power_for(usize::MAX);
            let mut after = Memory::open(flash.clone());
            let expected = if told {
                settings(9000)
            } else {
                settings(2000 + before - 1)
            };
            assert_eq!(after.settings(), Some(expected), "{before} {steps}");
            kept_new += usize::from(told);
            assert!(after.keep_settings(settings(7000)), "{before} {steps}");
            assert_eq!(Memory::open(flash).settings(), Some(settings(7000)));
        }
    }
    assert!(kept_new > 0);
}

#[test]
fn damage_to_any_bit_of_the_newest_record_leaves_the_one_before() {
    let flash = Cut::new();
    let mut memory = Memory::open(flash.clone());
    assert!(memory.keep_settings(settings(2001)));
    assert!(memory.keep_settings(settings(2002)));
    for bit in 0..RECORD_BYTES * 8 {
        let flip =
            |flash: &Cut| flash.0.borrow_mut().bytes[RECORD_BYTES + bit / 8] ^= 1 << (bit % 8);
        flip(&flash);
        assert_eq!(Memory::open(flash.clone()).settings(), Some(settings(2001)));
        flip(&flash);
    }
    assert_eq!(Memory::open(flash).settings(), Some(settings(2002)));
}

#[test]
fn a_flash_that_takes_nothing_is_noticed() {
    let flash = Cut::new();
    flash.0.borrow_mut().bytes.fill(0xff);
    flash.0.borrow_mut().frozen = true;
    let mut memory = Memory::open(flash);
    assert!(!memory.keep_settings(settings(2001)));
    assert_eq!(memory.settings(), None);
}

#[test]
fn settings_out_of_range_in_a_whole_record_count_as_none() {
    let flash = Cut::new();
    let odd = Kept {
        power_ons: 3,
        settings: Some(settings(1)),
    };
    flash.0.borrow_mut().bytes[..RECORD_BYTES].copy_from_slice(&odd.write(1));
    assert_eq!(Memory::open(flash).settings(), None);
}

#[test]
fn no_two_starts_have_one_session() {
    let flash = Cut::new();
    let mut sessions = std::collections::BTreeSet::new();
    for _ in 0..3 {
        // RAM after a power-on is anything but the mark.
        let mut ram = [7, 7];
        for _ in 0..600 {
            let (warm, next) = WarmStarts::judge(ram);
            ram = next;
            let session = Memory::open(flash.clone()).begin_session(warm);
            assert!(sessions.insert(session), "{session:#x} came twice");
        }
    }
}

#[test]
fn the_factory_page_names_the_board() {
    let factory = Factory {
        uid: BoardUid([0x4d, 0x57, 0, 0, 0, 0, 0, 9]),
        address: 3,
    };
    let page = factory.write();
    assert_eq!(Factory::read(&page), factory);
    for bit in 0..page.len() * 8 {
        let mut damaged = page;
        damaged[bit / 8] ^= 1 << (bit % 8);
        let none = Factory {
            uid: BoardUid([0; 8]),
            address: 1,
        };
        assert_eq!(Factory::read(&damaged), none, "bit {bit}");
    }
}

#[test]
fn the_page_in_the_readme_is_the_factorys() {
    let factory = Factory {
        uid: BoardUid([0x4d, 0x57, 0, 0, 0, 0, 0, 1]),
        address: 1,
    };
    let shown: Vec<u8> = include_str!("../../../README.md")
        .lines()
        .find(|line| line.starts_with("4D 57 46 31"))
        .unwrap()
        .split_whitespace()
        .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        .collect();
    assert_eq!(shown, factory.write());
}
