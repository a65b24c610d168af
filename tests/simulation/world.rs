//! All boxes, the city and the broker between them, and what happens to them.

use edge_domain::Direction;
use sync_wire::{Hash, chain};

use super::city::City;
use super::fault::{Promise, Step};
use super::file::Files;
use super::happening::{BOXES, Cut, Fate, Gate, Happening};
use super::life::BEGIN_MS;
use super::model::{Model, Paper};
use super::people::Who;
use super::site_box::{Court, SiteBox};

/// Somebody who wants out presents so often before he counts as trapped.
const TRIES_MAX: u32 = 6;
/// How long he waits each time, ms: longer than a repetition counts, and than a lane keeps him.
const TRY_MS: u64 = 4_000;
/// Turns of one span of time, at most: more would never end.
const TURNS_MAX: u32 = 100_000;

pub(super) struct World {
    pub(super) boxes: Vec<SiteBox>,
    pub(super) city: City,
    city_copy: City,
    pub(super) model: Model,
    pub(super) now_ms: u64,
    files: Files,
    log: Vec<String>,
    digest: Hash,
}

impl World {
    pub(super) fn new() -> Step<Self> {
        let mut world = Self {
            boxes: (0..BOXES).map(SiteBox::new).collect::<Step<_>>()?,
            city: City::default(),
            city_copy: City::default(),
            model: Model::default(),
            now_ms: 0,
            files: Files::new()?,
            log: Vec::new(),
            digest: Hash::from_bytes([0; 32]),
        };
        world.model.papers = vec![Paper::default(); BOXES];
        for of in 0..BOXES {
            let epoch = world.boxes[of].next_epoch();
            world.files.make(&world.boxes[of].name, &epoch)?;
            world.start(of)?;
        }
        Ok(world)
    }

    /// What happened is part of the digest; the lines of one happening are told.
    pub(super) fn note(&mut self) -> Vec<String> {
        let lines = std::mem::take(&mut self.log);
        for line in &lines {
            self.digest = chain::next(&self.digest, line.as_bytes());
        }
        lines
    }

    pub(super) fn digest(&self) -> String {
        self.digest.to_hex()
    }

    pub(super) fn with<T>(
        &mut self,
        of: usize,
        act: impl FnOnce(&mut SiteBox, &mut Court<'_>) -> T,
    ) -> T {
        let mut court = Court {
            model: &mut self.model,
            log: &mut self.log,
            now_ms: self.now_ms,
        };
        act(&mut self.boxes[of], &mut court)
    }

    pub(super) fn start(&mut self, of: usize) -> Step<()> {
        let mut court = Court {
            model: &mut self.model,
            log: &mut self.log,
            now_ms: self.now_ms,
        };
        self.boxes[of].start(&self.files, &mut court)?;
        self.with(of, SiteBox::pump)
    }

    /// One thing happens, and everything that follows at once.
    pub(super) fn happen(&mut self, happening: Happening) -> Step<()> {
        match happening {
            Happening::Card((of, gate), direction, who) => {
                self.with(of, |one, court| one.present(gate, (direction, who), court))
            }
            Happening::Walk((of, gate), direction) => {
                let now_ms = self.now_ms;
                self.with(of, |one, court| {
                    let alone = one.life.is_none();
                    one.boards[gate].walk(direction, alone, now_ms);
                    one.pump(court)
                })
            }
            Happening::Leave(gate, who) => self.leave(gate, who),
            Happening::Roster(of, steps) => {
                self.with(of, |one, court| one.new_roster(steps, court))
            }
            Happening::Post(of, messages) => self.post(of, messages),
            Happening::Up(of, place, fate) => self.up(of, place, fate),
            Happening::Down(of, place, fate) => self.down(of, place, fate),
            Happening::LineDown(of) => {
                self.boxes[of].line = false;
                self.with(of, SiteBox::break_line)
            }
            Happening::LineUp(of) => {
                self.boxes[of].line = true;
                Ok(())
            }
            Happening::SessionLost(of) => {
                self.boxes[of].up.clear();
                self.with(of, SiteBox::break_line)
            }
            Happening::ClockJump(of, ms) => {
                self.boxes[of].offset_ms = ms;
                Ok(())
            }
            Happening::ClockRight(of) => {
                self.boxes[of].offset_ms = 0;
                Ok(())
            }
            Happening::PowerCut(of, cut) => {
                self.boxes[of].cut = Some(cut);
                if cut == Cut::Now {
                    self.with(of, SiteBox::die);
                }
                Ok(())
            }
            Happening::PowerBack(of) => self.start(of),
            Happening::DiskIs(of, disk) => {
                self.boxes[of].disk = disk;
                self.with(of, SiteBox::pump)
            }
            Happening::Silent((of, gate)) => self.answers((of, gate), false),
            Happening::Answers((of, gate)) => self.answers((of, gate), true),
            Happening::McuReset((of, gate)) => {
                self.boxes[of].boards[gate].reset();
                self.with(of, SiteBox::pump)
            }
            Happening::CopyBox(of) => self.copy_box(of),
            Happening::BoxFromCopy(of) => self.box_from_copy(of),
            Happening::BoxReplaced(of) => self.replace_box(of),
            Happening::CopyCity => {
                self.city_copy = self.city.clone();
                Ok(())
            }
            Happening::CityFromCopy => {
                self.city_from_copy();
                Ok(())
            }
            Happening::Pass(ms) => self.pass(ms),
            Happening::Quiet => self.quiet(),
        }
    }

    fn answers(&mut self, (of, gate): Gate, answers: bool) -> Step<()> {
        self.boxes[of].boards[gate].answers = answers;
        self.with(of, SiteBox::pump)
    }

    /// Who wants out gets out, whatever fails, as long as he presents again. Without power or without
    /// its box a board lets everybody out.
    fn leave(&mut self, (of, gate): Gate, who: Who) -> Step<()> {
        for _ in 0..TRIES_MAX {
            self.with(of, |one, court| {
                one.present(gate, (Direction::Out, who), court)
            })?;
            for _ in 0..4 {
                let one = &self.boxes[of];
                if one.life.is_none() || one.boards[gate].lets_out() {
                    return self.happen(Happening::Walk((of, gate), Direction::Out));
                }
                self.pass(TRY_MS / 4)?;
            }
        }
        Promise::Trapped.broken(format!("{who:?} at gate {gate} of box {of}"))
    }

    fn wall_ms(&self) -> i64 {
        BEGIN_MS.saturating_add_unsigned(self.now_ms)
    }

    pub(super) fn up(&mut self, of: usize, place: usize, fate: Fate) -> Step<()> {
        let now = self.wall_ms();
        let one = &mut self.boxes[of];
        if place >= one.up.len() {
            return Ok(());
        }
        let mut letter = one.up.remove(place);
        if fate == Fate::IsLost {
            return Ok(());
        }
        let name = one.name.clone();
        let answer = self
            .city
            .hear(&name, (letter.topic, &letter.payload), now)?;
        if let Some(ack) = &answer {
            let name = (name, ack.epoch.clone());
            let through = self.city.through(&name.0, &name.1);
            let stored = self.model.stored.entry(name).or_default();
            *stored = through.max(*stored);
        }
        // An answer goes to whoever is connected; the broker keeps none.
        let connected = one.life.as_ref().is_some_and(|life| life.connected);
        one.down.extend(answer.filter(|_| connected));
        if fate == Fate::ComesTwice {
            letter.is_copy = true;
            one.up.push(letter);
        }
        Ok(())
    }

    pub(super) fn down(&mut self, of: usize, place: usize, fate: Fate) -> Step<()> {
        let one = &mut self.boxes[of];
        if place >= one.down.len() {
            return Ok(());
        }
        let ack = one.down.remove(place);
        match fate {
            Fate::IsLost => return Ok(()),
            Fate::ComesTwice => one.down.push(ack.clone()),
            Fate::Arrives => {}
        }
        self.with(of, |one, court| one.hear(ack, court))
    }

    pub(super) fn post(&mut self, of: usize, messages: usize) -> Step<()> {
        for _ in 0..messages {
            self.up(of, 0, Fate::Arrives)?;
            self.down(of, 0, Fate::Arrives)?;
        }
        Ok(())
    }

    fn copy_box(&mut self, of: usize) -> Step<()> {
        let one = &mut self.boxes[of];
        if let Some(life) = &one.life {
            // What waits to be folded is folded now, so that nothing is written while this copies.
            super::file::wait(life.writer.catch_up())?;
        }
        self.files.copy(&one.name, &format!("{}.copy", one.name))?;
        one.copy = Some(self.model.papers[of].clone());
        Ok(())
    }

    fn box_from_copy(&mut self, of: usize) -> Step<()> {
        let Some(paper) = self.boxes[of].copy.clone() else {
            return Ok(());
        };
        self.with(of, SiteBox::die);
        let name = self.boxes[of].name.clone();
        self.files.copy(&format!("{name}.copy"), &name)?;
        self.model.papers[of] = paper;
        self.new_file(of)
    }

    fn replace_box(&mut self, of: usize) -> Step<()> {
        self.with(of, SiteBox::die);
        let epoch = self.boxes[of].next_epoch();
        self.files.make(&self.boxes[of].name, &epoch)?;
        self.model.papers[of] = Paper::default();
        self.boxes[of].copy = None;
        self.new_file(of)
    }

    fn new_file(&mut self, of: usize) -> Step<()> {
        for board in &mut self.boxes[of].boards {
            board.forget_tokens();
        }
        self.start(of)
    }

    fn city_from_copy(&mut self) {
        self.city = self.city_copy.clone();
        let now = self.wall_ms();
        for one in &mut self.boxes {
            one.city_fell = true;
            let greeting = self.city.greet(&one.name, now);
            let connected = one.life.as_ref().is_some_and(|life| life.connected);
            one.down.extend(greeting.filter(|_| connected));
        }
    }

    /// Time goes by, and everybody does what is due.
    pub(super) fn pass(&mut self, ms: u64) -> Step<()> {
        let end = self.now_ms + ms;
        for _ in 0..TURNS_MAX {
            let due = self.boxes.iter().filter_map(SiteBox::next_ms).min();
            let next = due.map_or(end, |due| due.max(self.now_ms)).min(end);
            let is_over = next == end && due.is_none_or(|due| due > end);
            self.now_ms = next;
            for of in 0..BOXES {
                self.turn(of)?;
            }
            if is_over {
                return Ok(());
            }
        }
        Promise::Other.broken("time does not go by")
    }

    fn turn(&mut self, of: usize) -> Step<()> {
        self.with(of, SiteBox::keep_time)?;
        self.with(of, |one, court| one.engine(sync_engine::Input::Tick, court))?;
        self.with(of, SiteBox::save_cursors)?;
        self.with(of, SiteBox::carry_some).map(drop)
    }
}
