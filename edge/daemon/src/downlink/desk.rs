//! Opens what comes down and carries it out: the effect, the number and the answer in one commit.

use std::fmt;
use std::sync::Arc;

use edge_domain::{Moment, Policy};
use edge_store::Reader;
use sha2::{Digest, Sha256};
use sync_wire::Report;
use sync_wire::down::{
    self, Command, Down, Expected, ResultCode, RosterPointer, Series, VerifyingKey,
};
use sync_wire::roster::RosterLine;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::downlink::answer::{Address, Dealt, Refusal};
use crate::downlink::effects::{self, Outcome};
use crate::downlink::rules;
use crate::downlink::tally::Tally;
use crate::people::{Change, DeskError, PeopleDesk};

/// What both series work with.
#[derive(Clone)]
pub(crate) struct Office {
    /// The box.
    pub(crate) box_id: String,
    /// The city's key; without one nothing is followed.
    pub(crate) key: Option<VerifyingKey>,
    /// The rules as the settings have them.
    pub(crate) site_policy: Arc<Policy>,
    /// The clock that expiry is measured by.
    pub(crate) clock: Clock,
    /// Where people change.
    pub(crate) people: Arc<PeopleDesk>,
    /// The numbers of the rules, as every lane watches them.
    pub(crate) policy: watch::Sender<Arc<Policy>>,
    /// What was refused.
    pub(crate) tally: watch::Sender<Tally>,
}

impl fmt::Debug for Office {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Office").finish_non_exhaustive()
    }
}

/// What the ledger says was dealt with last.
fn stored(
    series: Series,
) -> impl FnOnce(&Reader) -> Result<Option<Dealt>, DeskError> + Send + 'static {
    move |reader| {
        let text = reader.setting(Dealt::setting(series))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }
}

/// The desk of one series; it deals with one message at a time.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) office: Office,
    series: Series,
    dealt: Dealt,
}

impl Desk {
    /// A desk that knows what it dealt with before a restart.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(super) async fn open_for(office: Office, series: Series) -> Result<Self, DeskError> {
        let dealt = office.people.ask(stored(series)).await?;
        Ok(Self {
            office,
            series,
            dealt: dealt.unwrap_or_default(),
        })
    }

    /// Checks a message in the order of the protocol.
    ///
    /// # Errors
    /// The answer to one that is not to be carried out.
    pub(super) fn open(&self, payload: &[u8]) -> Result<Down, Report> {
        let now = self.office.clock.now().wall_ms;
        let Some(key) = &self.office.key else {
            return Err(self.refuse(None, &Refusal::bare(ResultCode::NoKey)));
        };
        let expected = Expected {
            key,
            box_name: &self.office.box_id,
            series: self.series,
            last_number: self.dealt.number,
            now,
        };
        down::open(payload, &expected).map_err(|refused| {
            let named = refused.number.zip(refused.command);
            match &self.dealt.report {
                // It is written down, and not with the lanes yet: soon, but not done.
                Some(_)
                    if refused.code == ResultCode::Repeated && self.office.people.is_stale() =>
                {
                    self.refuse(named, &Refusal::bare(ResultCode::NotStored))
                }
                Some(report) if refused.code == ResultCode::Repeated => report.clone(),
                Some(_) | None => self.refuse(named, &Refusal::bare(refused.code)),
            }
        })
    }

    /// Carries out a policy or a revocation.
    pub(super) async fn obey(&mut self, down: &Down, payload: &[u8]) -> Report {
        match &down.command {
            Command::Policy(order) => {
                let order = order.clone();
                let site = Arc::clone(&self.office.site_policy);
                let held = self.office.policy.borrow().version;
                let text = payload.split(|byte| *byte == b'\n').next();
                let digest = sync_wire::chain::hex(&Sha256::digest(text.unwrap_or_default()));
                self.carry_out(down, move |_, at| {
                    effects::policy(&order, &site, held, (at, digest))
                })
                .await
            }
            Command::Revoke(revocation) => {
                let revocation = revocation.clone();
                self.carry_out(down, move |reader, _| effects::revoke(&revocation, reader))
                    .await
            }
            // A pointer needs its file first: `apply`.
            Command::Roster(_) => {
                self.settle(down, Refusal::bare(ResultCode::UnknownType))
                    .await
            }
        }
    }

    /// Whether a roster would be taken if its file were good.
    ///
    /// # Errors
    /// Why not.
    pub(super) async fn wants(&self, pointer: &RosterPointer) -> Result<(), Refusal> {
        let pointer = pointer.clone();
        let people = &self.office.people;
        let asked = people
            .ask(move |reader| effects::fits(&pointer, reader))
            .await;
        asked.unwrap_or_else(|error| {
            tracing::error!(%error, "The roster in force cannot be read");
            Err(Refusal::bare(ResultCode::NotStored))
        })
    }

    /// Applies a roster whose file is whole.
    pub(super) async fn apply(
        &mut self,
        down: &Down,
        pointer: &RosterPointer,
        lines: Vec<RosterLine>,
    ) -> Report {
        let pointer = pointer.clone();
        self.carry_out(down, move |reader, _| {
            effects::roster(&pointer, &lines, reader)
        })
        .await
    }

    /// A message that was understood and is not carried out: so its repetition hears the same.
    pub(super) async fn settle(&mut self, down: &Down, refusal: Refusal) -> Report {
        self.carry_out(down, move |_, _| Ok((Change::default(), Err(refusal))))
            .await
    }

    async fn carry_out<F>(&mut self, down: &Down, effect: F) -> Report
    where
        F: FnOnce(&Reader, Moment) -> Result<(Change, Outcome), DeskError> + Send + 'static,
    {
        let address = self.address(Some((down.number, down.command.word().to_owned())));
        let (series, number, to) = (self.series, down.number, address.clone());
        let change = self.office.people.carry_out(move |reader, at| {
            let (mut change, outcome) = effect(reader, at)?;
            let report = match &outcome {
                Ok(remark) => to.done(remark.as_deref(), at.wall_ms),
                Err(refusal) => to.refused(refusal, at.wall_ms),
            };
            let dealt = Dealt {
                number,
                report: Some(report.clone()),
            };
            let note = serde_json::to_string(&dealt)?;
            change
                .settings
                .push((Dealt::setting(series).to_owned(), note));
            Ok((change, (dealt, report)))
        });
        match change.await {
            Ok((dealt, report)) => {
                self.dealt = dealt;
                self.use_policy().await;
                self.tell(&report);
                report
            }
            Err(error) => {
                tracing::error!(%error, "What came down cannot be carried out");
                self.recall(number).await;
                let refusal = Refusal::bare(ResultCode::NotStored);
                let report = address.refused(&refusal, self.office.clock.now().wall_ms);
                self.tell(&report);
                report
            }
        }
    }

    /// What was written down all the same, and only did not reach the lanes, is not carried out again.
    async fn recall(&mut self, number: u64) {
        let stored = self.office.people.ask(stored(self.series)).await;
        match stored {
            Ok(Some(dealt)) if dealt.number == number => {
                self.dealt = dealt;
                self.use_policy().await;
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "What was dealt with last cannot be read"),
        }
    }

    /// Every lane works with the policy as committed.
    async fn use_policy(&self) {
        if self.series == Series::Roster {
            return;
        }
        let site = Arc::clone(&self.office.site_policy);
        let asked = self
            .office
            .people
            .ask(move |reader| Ok(rules::in_force(&site, reader)?));
        match asked.await {
            Ok(policy) => {
                self.office.policy.send_if_modified(|held| {
                    let differs = **held != policy;
                    *held = Arc::new(policy);
                    differs
                });
            }
            Err(error) => tracing::error!(%error, "The policy cannot be read"),
        }
    }

    /// The answer to a message that is not carried out, and that leaves no trace but a count.
    pub(super) fn refuse(&self, named: Option<(u64, String)>, refusal: &Refusal) -> Report {
        let report = self
            .address(named)
            .refused(refusal, self.office.clock.now().wall_ms);
        self.tell(&report);
        report
    }

    fn tell(&self, report: &Report) {
        if let Some(code) = report.code {
            tracing::warn!(series = ?self.series, ?code, "Refused what came down");
        } else {
            tracing::info!(series = ?self.series, number = report.number, "Carried out what came down");
        }
        self.office.tally.send_modify(|tally| tally.take(report));
    }

    fn address(&self, named: Option<(u64, String)>) -> Address {
        Address {
            box_id: self.office.box_id.clone(),
            series: self.series,
            named,
        }
    }
}
