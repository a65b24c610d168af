//! The loop that keeps one terminal, of whatever make.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::error::TerminalFault;
use crate::event::{FaceEvent, Report, TerminalNews};
use crate::handle::{Order, TerminalOrders};
use crate::hik::Hikvision;
use crate::library::{Librarian, Step, Stepped};
use crate::line::{FaceTerminal, Facts, Heard};
use crate::login::Patience;
use crate::moment::TheirClock;
use crate::novelty::{Known, Novelty};
use crate::panel::Panel;
use crate::settings::{Address, Local, Login, TerminalSettings};

/// A report that is older, or from the future, by the terminal's own clock is none of now, ms.
const NOW_MS: i64 = 10_000;
/// Questions remembered for a terminal that asks the same twice.
const ANSWERED_MAX: usize = 16;
/// Longest time until a terminal is reached.
const OPEN_MAX: Duration = Duration::from_secs(40);

/// Keeps a terminal for ever: tells its news, carries out what is asked, and tries again after
/// every failure. Ends when nobody listens. Must run inside a `LocalSet`.
pub async fn run(
    settings: TerminalSettings,
    orders: TerminalOrders,
    news: mpsc::Sender<TerminalNews>,
) {
    let nobody = || Login {
        user: String::new(),
        password: String::new(),
    };
    match settings.address.clone() {
        Address::Hikvision { base } => {
            let login = settings.login.clone().unwrap_or_else(nobody);
            match Hikvision::new(base, login, settings.wall_ms.clone()) {
                Ok(line) => Keeper::new(line, settings, orders, news).run().await,
                Err(fault) => {
                    tracing::error!(%fault, "No HTTP for a terminal");
                    tell(&news, TerminalNews::Offline(fault)).await;
                }
            }
        }
        Address::Panel { host, port, panel } => {
            let run = (settings.jitter)();
            let line = Panel::new((host, port), panel, settings.login.clone(), run);
            Keeper::new(line, settings, orders, news).run().await;
        }
    }
}

async fn tell(news: &mpsc::Sender<TerminalNews>, one: TerminalNews) -> bool {
    news.send(one).await.is_ok()
}

/// Work at the terminal that takes its time, and what it was.
enum Done {
    Step(Step, Result<Stepped, TerminalFault>),
    History(Result<Vec<Report>, TerminalFault>),
}

struct Keeper<T> {
    line: T,
    settings: TerminalSettings,
    orders: TerminalOrders,
    news: mpsc::Sender<TerminalNews>,
    known: Known,
    /// Reports that the ledger has.
    written: Known,
    clock: TheirClock,
    librarian: Librarian,
    answered: VecDeque<u64>,
    began: Instant,
}

impl<T: FaceTerminal> Keeper<T> {
    fn new(
        line: T,
        settings: TerminalSettings,
        orders: TerminalOrders,
        news: mpsc::Sender<TerminalNews>,
    ) -> Self {
        let mut librarian = Librarian::default();
        librarian.want(&orders.people.borrow());
        Self {
            line,
            known: Known::of(settings.known.iter().copied()),
            written: Known::of(settings.known.iter().copied()),
            settings,
            orders,
            news,
            clock: TheirClock::default(),
            librarian,
            answered: VecDeque::new(),
            began: Instant::now(),
        }
    }

    async fn run(mut self) {
        let mut patience = Patience::default();
        loop {
            let reached = timeout(OPEN_MAX, self.line.open()).await;
            let opened = Instant::now();
            let fault = match reached.unwrap_or(Err(TerminalFault::Silent)) {
                Ok(facts) => {
                    patience.worked();
                    self.talk(facts).await
                }
                Err(fault) => Some(fault),
            };
            let Some(fault) = fault else { return };
            let pause = patience.failed(&fault, opened.elapsed(), (self.settings.jitter)());
            tracing::warn!(%fault, ?pause, "A terminal is away");
            if !tell(&self.news, TerminalNews::Offline(fault)).await {
                return;
            }
            // Answers to one that is away help nobody.
            let pause = sleep(pause);
            tokio::pin!(pause);
            loop {
                tokio::select! {
                    () = &mut pause => break,
                    order = self.orders.orders.recv() => match order {
                        Some(Order::Written { seq }) => { self.written.take(seq); }
                        Some(Order::Lost { seq }) => self.known.forget(seq),
                        Some(Order::Verdict { .. }) => {}
                        None => return,
                    },
                }
            }
        }
    }

    /// One connection, until it ends: why, or none when nobody listens any more.
    async fn talk(&mut self, facts: Facts) -> Option<TerminalFault> {
        if !tell(
            &self.news,
            TerminalNews::Online {
                serial: facts.serial,
            },
        )
        .await
        {
            return None;
        }
        if !self.their_time(facts.clock_ms).await {
            return None;
        }
        self.librarian.forget();
        let mut answers: FuturesUnordered<Local<Result<(), TerminalFault>>> =
            FuturesUnordered::new();
        let mut work: Option<Local<Done>> = self.known.last().map(|after| {
            let history = self.line.history(after);
            let done: Local<Done> = Box::pin(async move { Done::History(history.await) });
            done
        });
        let mut heard_at = Instant::now();
        loop {
            if work.is_none() {
                work = self.next_work();
            }
            let silence = heard_at + Duration::from_millis(T::SILENCE_MS);
            let due = self.began + Duration::from_millis(self.librarian.due_ms());
            tokio::select! {
                heard = self.line.hear() => {
                    heard_at = Instant::now();
                    match heard {
                        Ok(Heard::Alive(time)) => if !self.their_time(time).await { return None },
                        Ok(Heard::Gone) => {
                            return Some(TerminalFault::NoLink("it says that it goes".to_owned()));
                        }
                        Ok(Heard::Face(report)) => {
                            let (again, told) = self.reported(report).await;
                            answers.extend(again);
                            if !told { return None }
                        }
                        Err(fault) => return Some(fault),
                    }
                }
                order = self.orders.orders.recv() => match order {
                    Some(order) => answers.push(self.carry_out(order)),
                    None => return None,
                },
                Ok(()) = self.orders.people.changed() => {
                    self.librarian.want(&self.orders.people.borrow_and_update());
                }
                done = some(&mut work) => {
                    work = None;
                    match self.worked(done).await {
                        Ok(true) => {}
                        Ok(false) => return None,
                        Err(fault) => return Some(fault),
                    }
                }
                Some(answered) = answers.next() => {
                    if let Err(fault) = answered {
                        tracing::warn!(%fault, "A terminal did not take its answer");
                    }
                }
                () = sleep_until(due), if work.is_none() => {}
                () = sleep_until(silence) => return Some(TerminalFault::Silent),
            }
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    async fn their_time(&mut self, clock_ms: Option<i64>) -> bool {
        let off = clock_ms.and_then(|their| self.clock.heard(their, (self.settings.wall_ms)()));
        match off {
            Some(ahead_ms) => tell(&self.news, TerminalNews::ClockOff(ahead_ms)).await,
            None => true,
        }
    }

    /// Takes a report: what is to be answered again, and whether anybody listens.
    async fn reported(
        &mut self,
        report: Report,
    ) -> (Option<Local<Result<(), TerminalFault>>>, bool) {
        let novelty = self.known.take(report.seq);
        if novelty == Novelty::Repeated {
            return (self.again(&report), true);
        }
        let Some(person) = report.person.filter(|_| report.allowed) else {
            // A stranger, or somebody whom it refuses: nobody has presented himself.
            let answer = if report.asks {
                self.line.answer(report.seq, false)
            } else {
                self.line.written(report.seq)
            };
            return (Some(answer), true);
        };
        let wall_ms = (self.settings.wall_ms)();
        let happened_ms = self.clock.ours(report.at_ms);
        let fresh = happened_ms
            .is_some_and(|at_ms| wall_ms.saturating_sub(at_ms).saturating_abs() <= NOW_MS);
        let event = FaceEvent {
            seq: report.seq,
            at_ms: report.at_ms,
            happened_ms: happened_ms.unwrap_or(report.at_ms),
            person,
            asks: report.asks,
        };
        let is_now = novelty == Novelty::Next && report.live != Some(false) && fresh;
        let told = if is_now {
            tell(&self.news, TerminalNews::Now(event)).await
        } else {
            tracing::info!(?event, ?novelty, "A terminal tells of the past");
            tell(&self.news, TerminalNews::Past(event)).await
        };
        let answer = (report.asks && !is_now).then(|| self.line.answer(report.seq, false));
        (answer, told)
    }

    /// A question that was answered opens nothing more, whoever repeats it; a report that is in the
    /// ledger may be forgotten.
    fn again(&self, report: &Report) -> Option<Local<Result<(), TerminalFault>>> {
        if report.asks && self.answered.contains(&report.seq) {
            return Some(self.line.answer(report.seq, false));
        }
        let is_written = self.written.has(report.seq);
        is_written.then(|| self.line.written(report.seq))
    }

    fn carry_out(&mut self, order: Order) -> Local<Result<(), TerminalFault>> {
        match order {
            Order::Verdict { seq, opens } => {
                if self.answered.len() >= ANSWERED_MAX {
                    self.answered.pop_front();
                }
                self.answered.push_back(seq);
                self.line.answer(seq, opens)
            }
            Order::Written { seq } => {
                self.written.take(seq);
                self.line.written(seq)
            }
            Order::Lost { seq } => {
                self.known.forget(seq);
                Box::pin(std::future::ready(Ok(())))
            }
        }
    }

    fn next_work(&self) -> Option<Local<Done>> {
        let step = self.librarian.next(self.now_ms())?;
        let picture: Local<Option<Vec<u8>>> = match &step {
            Step::Put(person) => (self.settings.picture_of)(person.number),
            Step::List | Step::Remove(_) => Box::pin(std::future::ready(None)),
        };
        let doing = self.line.library(step.clone(), picture);
        Some(Box::pin(async move { Done::Step(step, doing.await) }))
    }

    async fn worked(&mut self, done: Done) -> Result<bool, TerminalFault> {
        match done {
            Done::History(reports) => {
                for report in reports? {
                    let (_, told) = self.reported(report).await;
                    if !told {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Done::Step(step, how) => {
                let now_ms = self.now_ms();
                let how = how.unwrap_or_else(|fault| {
                    tracing::warn!(%fault, "A step at a terminal's library failed");
                    Stepped::Failed
                });
                self.librarian.stepped(now_ms, &step, how);
                if self.librarian.next(now_ms).is_some() {
                    return Ok(true);
                }
                let state = self.librarian.state();
                Ok(tell(&self.news, TerminalNews::Library(state)).await)
            }
        }
    }
}

async fn some(work: &mut Option<Local<Done>>) -> Done {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}
