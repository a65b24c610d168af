//! A state machine on the bench: stepped by hand, with a clock that only moves when told.

use super::sample::{RESIDENT, SAM_ID, text_block};
use crate::{
    CardRead, Command, Poll, PollEffect, PollInput, PollSettings, ReadFailure, ReaderEvent,
    ReplyFrame, SamStatus,
};

pub(super) struct Bench {
    pub(super) poll: Poll,
    pub(super) now_ms: u64,
}

impl Bench {
    pub(super) fn new(settings: PollSettings) -> Self {
        Self {
            poll: Poll::new(settings),
            now_ms: 1_000,
        }
    }

    /// A reader that has told its identity and was asked for a card.
    pub(super) fn online(settings: PollSettings) -> Self {
        let mut bench = Self::new(settings);
        assert_eq!(bench.step(PollInput::Opened), [send(Command::SamId)]);
        let effects = bench.reply(0x90, &SAM_ID);
        assert_eq!(effects.last(), Some(&send(Command::Find)));
        bench
    }

    /// A reader whose card was selected and is being read.
    pub(super) fn reading(settings: PollSettings) -> Self {
        let mut bench = Self::online(settings);
        bench.find_and_select();
        bench
    }

    pub(super) fn step(&mut self, input: PollInput) -> Vec<PollEffect> {
        self.now_ms += 5;
        self.poll.step(self.now_ms, input)
    }

    pub(super) fn reply(&mut self, status: u8, data: &[u8]) -> Vec<PollEffect> {
        self.step(PollInput::Reply(ReplyFrame::new(status, data)))
    }

    pub(super) fn due(&mut self) -> Vec<PollEffect> {
        if self.poll.due_at_ms() != u64::MAX {
            self.now_ms = self.now_ms.max(self.poll.due_at_ms());
        }
        self.poll.step(self.now_ms, PollInput::Due)
    }

    pub(super) fn find_and_select(&mut self) {
        assert_eq!(self.reply(0x9F, &[0; 4]), [send(Command::Select)]);
        assert_eq!(self.reply(0x90, &[0; 8]), [send(Command::ReadBase)]);
    }

    /// Polls so often and finds the card that lies there, read already.
    pub(super) fn lies_there(&mut self, looks: u32) {
        for _ in 0..looks {
            assert_eq!(self.due(), [send(Command::Find)]);
            assert_eq!(self.reply(0x9F, &[0; 4]), []);
        }
    }

    /// Polls once and finds nothing.
    pub(super) fn miss(&mut self) -> Vec<PollEffect> {
        assert_eq!(self.due(), [send(Command::Find)]);
        self.reply(0x80, &[])
    }
}

pub(super) fn send(command: Command) -> PollEffect {
    PollEffect::Send(command)
}

pub(super) fn emit(event: ReaderEvent) -> PollEffect {
    PollEffect::Emit(event)
}

pub(super) fn failed(failure: ReadFailure) -> PollEffect {
    emit(ReaderEvent::ReadFailed { failure })
}

pub(super) fn fatal(status: SamStatus) -> PollEffect {
    emit(ReaderEvent::Fatal { status })
}

pub(super) fn base_data() -> Vec<u8> {
    let mut data = vec![1, 0, 4, 0];
    data.extend(text_block(&RESIDENT));
    data.extend([7; 1024]);
    data
}

pub(super) fn card_of(effect: &PollEffect) -> &CardRead {
    let PollEffect::Emit(ReaderEvent::Card(card)) = effect else {
        panic!("{effect:?} is no card");
    };
    card
}
