//! What must be true once everything is mended and nothing more happens.

use std::collections::BTreeSet;

use super::fault::{Promise, Step};
use super::happening::{BOXES, Disk};
use super::model::{Act, act};
use super::site_box::SiteBox;
use super::world::World;

/// Turns until everything rests, at most.
const TURNS_MAX: u32 = 4_000;
/// Messages that arrive in one turn.
const MESSAGES: usize = 40;
/// Time between two turns, ms; longer where nothing moves.
const TURN_MS: u64 = 500;
const LONG_TURN_MS: u64 = 60_000;

impl World {
    /// Mends everything, waits until all is said, and looks.
    pub(super) fn quiet(&mut self) -> Step<()> {
        for of in 0..BOXES {
            let one = &mut self.boxes[of];
            (one.line, one.disk, one.offset_ms, one.cut) = (true, Disk::Works, 0, None);
            one.boards.iter_mut().for_each(|board| board.answers = true);
            self.start(of)?;
            self.with(of, SiteBox::pump)?;
            // A word of the city that was lost on a line that stays is said again on the next.
            self.with(of, SiteBox::break_line)?;
        }
        for turn in 0..TURNS_MAX {
            for of in 0..BOXES {
                self.post(of, MESSAGES)?;
            }
            if self.rests()? {
                return self.look();
            }
            self.pass(if turn < 200 { TURN_MS } else { LONG_TURN_MS })?;
        }
        let rest = self.boxes.iter().map(|one| {
            let status = one.life.as_ref().map(|life| life.engine.status());
            format!("{} {status:?}", one.name)
        });
        let rest: Vec<String> = rest.collect();
        Promise::Lost.broken(format!("never at rest: {rest:?}"))
    }

    fn rests(&self) -> Step<bool> {
        for one in &self.boxes {
            let Some(life) = &one.life else {
                return Ok(false);
            };
            let status = life.engine.status();
            let all_said = status.link == sync_engine::Link::Online
                && status.backlog == 0
                && status.older == 0
                && one.up.is_empty()
                && one.down.is_empty();
            let nothing_left = one.is_idle(self.now_ms) && life.reader.next_to_carry()?.is_none();
            if !all_said || !nothing_left || life.cursors_due_ms.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn look(&mut self) -> Step<()> {
        self.model.check_lanes()?;
        for of in 0..BOXES {
            self.look_into_file(of)?;
            self.look_into_city(of)?;
            self.boxes[of].city_fell = false;
        }
        Ok(())
    }

    /// The file holds what was written into it, byte for byte, as one chain for each epoch.
    fn look_into_file(&self, of: usize) -> Step<()> {
        let Some(life) = &self.boxes[of].life else {
            return Ok(());
        };
        let paper = &self.model.papers[of];
        let names: Vec<String> = life
            .reader
            .epochs()?
            .into_iter()
            .map(|one| one.name)
            .collect();
        let written: Vec<&String> = paper.epochs.iter().map(|(name, _)| name).collect();
        let what = || format!("epochs {names:?}, written {written:?}");
        Promise::Lost.holds(names.iter().eq(written.iter().copied()), what)?;
        let name = &self.boxes[of].name;
        for (epoch, bodies) in &paper.epochs {
            let stored = life.reader.records(epoch, 1, u32::MAX, usize::MAX)?;
            let mut head = sync_wire::Head::genesis(name, epoch);
            let what = || format!("{epoch} has {} records, not {}", stored.len(), bodies.len());
            Promise::Lost.holds(stored.len() == bodies.len(), what)?;
            for (record, body) in stored.iter().zip(bodies) {
                head = head.extend(body);
                let is_it = record.body == *body && record.hash == head.hash;
                let what = || format!("record {} of {epoch} is another one", head.seq);
                Promise::Lost.holds(is_it && record.seq == head.seq, what)?;
            }
            let cursor = life.reader.cursor(epoch)?.through;
            let held = self.city.through(name, epoch);
            let what = || format!("cursor {cursor} of {epoch}, the city has {held}");
            Promise::Lost.holds(cursor <= held, what)?;
        }
        Ok(())
    }

    /// The city has every act of the file, and nothing that no box ever wrote.
    fn look_into_city(&self, of: usize) -> Step<()> {
        let name = &self.boxes[of].name;
        let mut held: BTreeSet<Act> = BTreeSet::new();
        let tables = self.city.tables.iter().filter(|((of, _), _)| of == name);
        for (place, rows) in tables {
            for (seq, (body, _)) in rows {
                let known = self.model.was_written(place, *seq, body);
                let what = || format!("the city has {seq} of {place:?}, which no box wrote");
                Promise::Duplicated.holds(known, what)?;
                held.insert(act(&place.1, *seq, body));
            }
        }
        let acts = self.model.acts(of);
        let mut lacking = acts.difference(&held);
        match lacking.next() {
            None => Ok(()),
            Some((epoch, seq, body)) => {
                let body = String::from_utf8_lossy(body);
                Promise::Lost.broken(format!("the city lacks {seq} of {epoch}: {body}"))
            }
        }
    }
}
