//! The rules of one gate. Levels and commands in, outputs and events out.
//!
//! Strongest first: fire frees both directions, whatever the mode and with or without a box;
//! the mode; the link loss policy, which can only free more; an open command for one person.

use crate::debounce::Debounced;
use crate::event_ring::EventRing;
use crate::levels::{Levels, Outputs};
use crate::token_memory::TokenMemory;
use crate::uptime::{elapsed_ms, is_due};
use crate::zone::{Crossing, Zone};
use firmware_protocol::{
    Direction, EventKind, GateState, Inputs, Lamp, LinkLossPolicy, Mode, OpenResult, Settings,
    Signal, Status,
};

/// Somebody in the zone stops an opening's clock, but no longer than this in all, in ms: a beam that
/// broke for good must not keep the gate busy for ever.
pub const FROZEN_MS_MAX: u32 = 60_000;

/// An opening that waits for its person.
#[derive(Clone, Copy, Debug)]
struct Opening {
    direction: Direction,
    token: u32,
    left_ms: u32,
    frozen_ms: u32,
}

/// Just after a passage the next person counts as tailgating.
#[derive(Clone, Copy, Debug)]
struct Guard {
    direction: Direction,
    token: u32,
    until_ms: u32,
}

#[derive(Clone, Copy, Debug)]
struct Timed<T> {
    what: T,
    until_ms: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Debouncers {
    beam_outer: Debounced,
    beam_inner: Debounced,
    fire: Debounced,
    tamper: Debounced,
}

/// One gate.
#[derive(Debug)]
pub struct Gate {
    settings: Settings,
    mode: Mode,
    now_ms: u32,
    inputs: Debouncers,
    zone: Zone,
    blocked_since_ms: Option<u32>,
    held: bool,
    opening: Option<Opening>,
    pulse: Option<Timed<Direction>>,
    guard: Option<Guard>,
    /// Number of the event that reported the cabinet; the alarm stands while this is set.
    tamper_event: Option<u16>,
    /// The box has acknowledged that event.
    tamper_told: bool,
    heard_ms: u32,
    link_lost: bool,
    lamp: Option<Timed<Lamp>>,
    buzzer_until_ms: Option<u32>,
    events: EventRing,
    tokens: TokenMemory,
}

impl Gate {
    /// A gate that just started: closed, and never heard from its box.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings: if settings.is_valid() {
                settings
            } else {
                Settings::default()
            },
            mode: Mode::Controlled,
            now_ms: 0,
            inputs: Debouncers::default(),
            zone: Zone::default(),
            blocked_since_ms: None,
            held: false,
            opening: None,
            pulse: None,
            guard: None,
            tamper_event: None,
            tamper_told: false,
            heard_ms: 0,
            link_lost: false,
            lamp: None,
            buzzer_until_ms: None,
            events: EventRing::default(),
            tokens: TokenMemory::default(),
        }
    }

    /// Lets time pass. Call it every millisecond, or as often as there is time.
    pub fn tick(&mut self, now_ms: u32, levels: Levels) {
        let passed_ms = elapsed_ms(now_ms, self.now_ms);
        self.now_ms = now_ms;
        self.read_contacts(levels);
        self.read_beams(levels);
        self.run_opening(passed_ms);
        self.run_timers();
        self.watch_link();
    }

    fn report(&mut self, kind: EventKind) -> u16 {
        self.events.push(self.now_ms, kind)
    }

    fn read_contacts(&mut self, levels: Levels) {
        let steady_ms = self.settings.debounce_ms;
        if let Some(on) = self.inputs.fire.step(self.now_ms, levels.fire, steady_ms) {
            self.report(EventKind::Fire { on });
        }
        self.inputs
            .tamper
            .step(self.now_ms, levels.tamper, steady_ms);
        match (self.inputs.tamper.level(), self.tamper_event) {
            (true, None) => self.report_tamper(),
            (false, Some(_)) if self.tamper_told => {
                self.tamper_event = None;
                self.report(EventKind::Tamper { on: false });
            }
            // Pushed out before the box had it.
            (_, Some(seq)) if !self.tamper_told && !self.events.holds(seq) => self.report_tamper(),
            _ => {}
        }
    }

    fn report_tamper(&mut self) {
        self.tamper_event = Some(self.report(EventKind::Tamper { on: true }));
        self.tamper_told = false;
    }

    fn read_beams(&mut self, levels: Levels) {
        let steady_ms = self.settings.debounce_ms;
        self.inputs
            .beam_outer
            .step(self.now_ms, levels.beam_outer, steady_ms);
        self.inputs
            .beam_inner
            .step(self.now_ms, levels.beam_inner, steady_ms);
        let (outer, inner) = (
            self.inputs.beam_outer.level(),
            self.inputs.beam_inner.level(),
        );
        if let Some(crossing) = self.zone.step(self.now_ms, outer, inner) {
            self.crossed(crossing);
        }
        if self.zone.is_blocked() {
            let since_ms = *self.blocked_since_ms.get_or_insert(self.now_ms);
            let blocked_ms = elapsed_ms(self.now_ms, since_ms);
            if !self.held && blocked_ms >= u32::from(self.settings.held_ms) {
                self.held = true;
                self.report(EventKind::Held);
            }
        } else {
            self.blocked_since_ms = None;
            if core::mem::take(&mut self.held) {
                self.report(EventKind::HeldCleared);
            }
        }
    }

    fn crossed(&mut self, crossing: Crossing) {
        let direction = crossing.direction;
        let kind = match (self.opening, self.guard) {
            (Some(opening), _) if opening.direction == direction => {
                self.opening = None;
                self.guard_after(direction, opening.token);
                EventKind::Passed {
                    direction,
                    token: Some(opening.token),
                }
            }
            _ if self.is_free(direction) => EventKind::Passed {
                direction,
                token: None,
            },
            (Some(opening), _) => EventKind::Reversed {
                direction,
                token: opening.token,
            },
            (None, Some(guard))
                if guard.direction == direction && !is_due(crossing.began_ms, guard.until_ms) =>
            {
                self.guard_after(direction, guard.token);
                EventKind::Tailgated {
                    direction,
                    token: guard.token,
                }
            }
            (None, _) => EventKind::Intruded { direction },
        };
        self.report(kind);
    }

    fn guard_after(&mut self, direction: Direction, token: u32) {
        let until_ms = self
            .now_ms
            .wrapping_add(u32::from(self.settings.tailgate_ms));
        self.guard = Some(Guard {
            direction,
            token,
            until_ms,
        });
    }

    fn run_opening(&mut self, passed_ms: u32) {
        let occupied = self.zone.is_occupied(self.now_ms);
        let Some(opening) = &mut self.opening else {
            return;
        };
        if occupied && opening.frozen_ms < FROZEN_MS_MAX {
            opening.frozen_ms = opening.frozen_ms.saturating_add(passed_ms);
        } else {
            opening.left_ms = opening.left_ms.saturating_sub(passed_ms);
        }
        if opening.left_ms == 0 {
            self.time_out_opening();
        }
    }

    fn time_out_opening(&mut self) {
        if let Some(Opening {
            direction, token, ..
        }) = self.opening.take()
        {
            self.report(EventKind::TimedOut { direction, token });
        }
    }

    fn run_timers(&mut self) {
        let now_ms = self.now_ms;
        self.pulse.take_if(|pulse| is_due(now_ms, pulse.until_ms));
        self.lamp.take_if(|lamp| is_due(now_ms, lamp.until_ms));
        self.buzzer_until_ms
            .take_if(|until_ms| is_due(now_ms, *until_ms));
        // A crossing that began in time may still be under way, so the guard outlives its time.
        if !self.zone.is_blocked() {
            self.guard.take_if(|guard| {
                elapsed_ms(now_ms, guard.until_ms) > crate::zone::UNSEEN_MS_MAX
                    && is_due(now_ms, guard.until_ms)
            });
        }
    }

    fn watch_link(&mut self) {
        let silent_ms = elapsed_ms(self.now_ms, self.heard_ms);
        if !self.link_lost && silent_ms >= u32::from(self.settings.link_timeout_ms) {
            self.link_lost = true;
            self.report(EventKind::LinkLost);
        }
    }

    /// The box spoke, and in a language and session that hold.
    pub fn heard(&mut self) {
        self.heard_ms = self.now_ms;
        if core::mem::take(&mut self.link_lost) {
            self.report(EventKind::LinkBack);
        }
    }

    /// Lets one person through, once per token.
    ///
    /// An opening for somebody else is [`OpenResult::Busy`], except that nobody is kept from
    /// leaving because the zone is held: then the older opening ends as timed out.
    pub fn open(&mut self, direction: Direction, token: u32) -> OpenResult {
        if self.tokens.knows(self.now_ms, token) {
            return OpenResult::Duplicate;
        }
        if self.inputs.fire.level() {
            return OpenResult::Fire;
        }
        if self.mode == Mode::Locked && direction == Direction::In {
            return OpenResult::Locked;
        }
        if self.opening.is_some() {
            if direction != Direction::Out || !self.held {
                return OpenResult::Busy;
            }
            self.time_out_opening();
        }
        self.tokens.remember(self.now_ms, token);
        self.opening = Some(Opening {
            direction,
            token,
            left_ms: u32::from(self.settings.pass_timeout_ms),
            frozen_ms: 0,
        });
        let until_ms = self
            .now_ms
            .wrapping_add(u32::from(self.settings.open_pulse_ms));
        self.pulse = Some(Timed {
            what: direction,
            until_ms,
        });
        OpenResult::Accepted
    }

    /// Replaces the settings; false, and nothing changes, if one is out of range.
    pub fn configure(&mut self, settings: Settings) -> bool {
        let valid = settings.is_valid();
        if valid {
            self.settings = settings;
        }
        valid
    }

    /// Sets what the gate does without an open command.
    pub fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
    }

    /// Shows a lamp or sounds the buzzer.
    pub fn signal(&mut self, signal: Signal) {
        let until = |ms: u16| (ms > 0).then(|| self.now_ms.wrapping_add(u32::from(ms)));
        self.lamp = until(signal.lamp_ms).map(|until_ms| Timed {
            what: signal.lamp,
            until_ms,
        });
        self.buzzer_until_ms = until(signal.buzzer_ms);
    }

    /// A reader read something.
    pub fn card(&mut self, kind: EventKind) {
        self.events.push_card(self.now_ms, kind);
    }

    /// The box that begins to speak knows no cards.
    pub fn forget_cards(&mut self) {
        self.events.forget_cards();
    }

    /// Cards and keys that nobody was told of.
    pub fn dropped_cards(&self) -> u16 {
        self.events.dropped_cards()
    }

    /// Drops events that the box has written down.
    pub fn acknowledge(&mut self, seq: u16) {
        let waits = |gate: &Self| gate.tamper_event.is_some_and(|seq| gate.events.holds(seq));
        let waited = waits(self);
        self.events.acknowledge(seq);
        self.tamper_told |= waited && !waits(self);
    }

    /// Whether a direction needs no open command now.
    fn is_free(&self, direction: Direction) -> bool {
        let by_mode = match self.mode {
            Mode::FreeBoth => true,
            Mode::FreeExit => direction == Direction::Out,
            Mode::Controlled | Mode::Locked => false,
        };
        // Nobody is trapped: the exit is free without a box, whatever the settings say.
        let by_silence = self.link_lost
            && match direction {
                Direction::Out => true,
                Direction::In => {
                    self.settings.link_loss == LinkLossPolicy::FreeBoth && self.mode != Mode::Locked
                }
            };
        self.inputs.fire.level() || by_mode || by_silence
    }

    /// Whether somebody passes, or may: nothing may restart the board now.
    pub fn is_busy(&self) -> bool {
        self.opening.is_some() || self.zone.is_occupied(self.now_ms) || self.inputs.fire.level()
    }

    /// What the pins shall do now.
    pub fn outputs(&self) -> Outputs {
        let pulsed = |direction| self.pulse.is_some_and(|pulse| pulse.what == direction);
        let open_in = self.is_free(Direction::In) || pulsed(Direction::In);
        let open_out = self.is_free(Direction::Out) || pulsed(Direction::Out);
        let go = open_in || open_out || self.opening.is_some();
        let (lamp_green, lamp_red) = match self.lamp.map_or(Lamp::Automatic, |lamp| lamp.what) {
            Lamp::Automatic => (go, !go),
            Lamp::Dark => (false, false),
            Lamp::Green => (true, false),
            Lamp::Red => (false, true),
        };
        let alarm = self.inputs.fire.level() || self.tamper_event.is_some();
        let buzzer = alarm || self.buzzer_until_ms.is_some();
        Outputs {
            open_in,
            open_out,
            lamp_green,
            lamp_red,
            buzzer,
        }
    }

    fn state(&self) -> GateState {
        if self.inputs.fire.level() {
            GateState::Fire
        } else if self.link_lost {
            GateState::LinkLost
        } else if self.opening.is_some() {
            GateState::Opened
        } else {
            match self.mode {
                Mode::Controlled => GateState::Closed,
                Mode::Locked => GateState::Locked,
                Mode::FreeExit | Mode::FreeBoth => GateState::Free,
            }
        }
    }

    /// How the gate is, with the oldest events.
    pub fn status(&self, pin_fault: bool, bad_frames: u16) -> Status {
        let bits = [
            (self.inputs.beam_outer.level(), Inputs::BEAM_OUTER),
            (self.inputs.beam_inner.level(), Inputs::BEAM_INNER),
            (self.inputs.fire.level(), Inputs::FIRE),
            (self.inputs.tamper.level(), Inputs::TAMPER),
            (self.tamper_event.is_some(), Inputs::TAMPER_LATCHED),
            (pin_fault, Inputs::PIN_FAULT),
        ];
        let inputs = bits
            .iter()
            .filter(|(on, _)| *on)
            .fold(0, |all, (_, bit)| all | bit);
        Status {
            uptime_ms: self.now_ms,
            state: self.state(),
            inputs: Inputs(inputs),
            pending: self.events.pending(),
            lost_events: self.events.lost(),
            bad_frames,
            events: self.events.oldest(),
        }
    }
}
