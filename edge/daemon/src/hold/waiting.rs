//! Opens the ledger; where the disk refuses, the gate works without it until it opens.
//!
//! Another process would meet the same disk, and while it is tried again and again nobody could get
//! out on the box's word. So this one stays, and feeds the watchdog with each try that was answered.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use edge_domain::{LaneMemory, Policy, Presence, Record, Roster};
use edge_store::{Reader, StoreError, Writer};
use edge_web::GateShow;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::advice::advice;
use crate::config::SiteConfig;
use crate::downlink;
use crate::error::DaemonError;
use crate::health::{HealthDesk, HealthNews, NEWS_MAX, Waiting};
use crate::hold::notice;
use crate::lane::{Gate, GateSite, LanePlan, TerminalDesk, TokenSalt, run_gate};
use crate::opening::{self, OnDamage, Opened};
use crate::people::{PersonTagger, random};
use crate::systemd::{self, Proofs};

/// Pause before the ledger is opened again.
const RETRY: Duration = Duration::from_secs(2);

/// Opens the ledger, however long the disk refuses. Gives it with what the lanes could not
/// record meanwhile; nothing where the box was told to stop.
///
/// # Errors
/// The ledger does not open for another reason than the disk.
pub(crate) async fn open(
    config: &SiteConfig,
) -> Result<Option<(Opened, Vec<Record>)>, DaemonError> {
    match opening::open(config, OnDamage::SetAside).await {
        Err(error) if error.is_disk() => {
            tracing::error!(%error, "The ledger does not open, the gate works without it");
            Hold::begin(config, &error)?.until_open(config).await
        }
        opened => Ok(Some((opened?, Vec::new()))),
    }
}

/// A box without a ledger.
struct Hold {
    gate: Gate,
    page: JoinHandle<()>,
    watchdog: JoinHandle<()>,
    news: mpsc::Sender<HealthNews>,
    proofs: watch::Sender<Proofs>,
    stop: CancellationToken,
    why: String,
}

impl Hold {
    fn begin(config: &SiteConfig, error: &DaemonError) -> Result<Self, DaemonError> {
        let (stop, why) = (CancellationToken::new(), words(error));
        let (news, heard) = mpsc::channel(NEWS_MAX);
        let writer = Writer::refusing(store_error(error))?;
        let clock = opening::clock_without_ledger(config);
        let (desk, health) = HealthDesk::new(
            clock,
            writer.clone(),
            &config.devices(),
            config.lane_names(),
        );
        tokio::spawn(desk.run(heard, None, async || Waiting::default()));
        let gate = start_lanes(config, writer, (news.clone(), stop.clone()))?;
        let page = tokio::spawn(notice::keep(config.clone(), health, stop.clone()));
        let (proofs, seen) = watch::channel(Proofs::default());
        let hold = Self {
            gate,
            page,
            watchdog: tokio::spawn(systemd::feed_watchdog(seen)),
            news,
            proofs,
            stop,
            why,
        };
        hold.tell();
        systemd::ready(&format!("账本打不开，进场关闭，出场照开：{}", hold.why));
        Ok(hold)
    }

    /// Tells why on the page.
    fn tell(&self) {
        let news = HealthNews::LedgerFails(self.why.clone());
        if let Err(error) = self.news.try_send(news) {
            tracing::warn!(%error, "Health news lost");
        }
    }

    async fn until_open(
        mut self,
        config: &SiteConfig,
    ) -> Result<Option<(Opened, Vec<Record>)>, DaemonError> {
        let told = systemd::told_to_stop();
        tokio::pin!(told);
        let pause = systemd::pace(RETRY);
        loop {
            tokio::select! {
                told = &mut told => {
                    let unrecorded = self.end().await;
                    tracing::error!(?unrecorded, "Told to stop without a ledger");
                    return Ok(told.map(|()| None)?);
                }
                () = tokio::time::sleep(pause) => {}
            }
            match opening::open(config, OnDamage::SetAside).await {
                Ok(opened) => {
                    tracing::info!("The ledger opens again");
                    return Ok(Some((opened, self.end().await)));
                }
                // Whatever it is by now: the gate goes on, and the page says it.
                Err(error) => {
                    self.proofs.send_modify(|proofs| proofs.commits += 1);
                    let why = words(&error);
                    if why != self.why {
                        tracing::error!(%error, "The ledger does not open");
                        self.why = why;
                        self.tell();
                    }
                }
            }
        }
    }

    /// Ends everything that stood in for the box, so that devices and port are free.
    async fn end(self) -> Vec<Record> {
        self.stop.cancel();
        self.watchdog.abort();
        self.page.abort();
        if let Err(error) = self.page.await {
            tracing::debug!(%error, "The page of a box without a ledger is gone");
        }
        let ended = tokio::task::spawn_blocking(move || self.gate.join()).await;
        let Ok(Ok(unrecorded)) = ended else {
            tracing::error!("The gate thread did not end by itself");
            return Vec::new();
        };
        unrecorded
    }
}

/// The lanes with what can be read of the ledger. No faces: `menwei-face` would take a box that
/// knows of no consent for one whose workers took theirs back.
fn start_lanes(
    config: &SiteConfig,
    writer: Writer,
    (news, stop): (mpsc::Sender<HealthNews>, CancellationToken),
) -> Result<Gate, DaemonError> {
    let known = known(config).unwrap_or_else(|error| {
        tracing::warn!(%error, "Nobody is known while the ledger cannot be read");
        let policy = config.policy.clone();
        (Roster::default(), Presence::default(), policy)
    });
    let (_, roster) = watch::channel(Arc::new(known.0));
    let (_, policy) = watch::channel(Arc::new(known.2));
    let lanes = config.lanes.iter();
    let plans = lanes.map(|lane| LanePlan {
        screen: watch::Sender::new(GateShow::default()),
        own: watch::Sender::new(None),
        config: lane.clone(),
        memory: LaneMemory::default(),
        // Whom a terminal may know stands in the ledger: without it, cards alone.
        told: Vec::new(),
    });
    let site = GateSite {
        clock: opening::clock_without_ledger(config),
        tokens: TokenSalt::of(""),
        roster,
        policy,
        presence: known.1.into(),
        mismatches: RefCell::default(),
        writer,
        newcomer: watch::Sender::new(None),
        tagger: PersonTagger::new(&random::<32>()?),
        ledger_failing: true.into(),
        news,
        stop,
    };
    let (gate, _boards) = run_gate(site, plans.collect(), (None, TerminalDesk::default()))?;
    Ok(gate)
}

/// What a disk that can still be read says of people and rules.
fn known(config: &SiteConfig) -> Result<(Roster, Presence, Policy), DaemonError> {
    let key = opening::ledger_key(config)?;
    let reader = Reader::open(&config.ledger.path, &key, &config.box_id)?;
    let policy = downlink::in_force(&config.policy, &reader)?;
    Ok((reader.roster()?, reader.presence()?, policy))
}

/// What every lane hears when it wants to record.
fn store_error(error: &DaemonError) -> StoreError {
    if let DaemonError::Store(error) = error {
        return error.clone();
    }
    StoreError::DiskFull {
        step: "open the ledger",
    }
}

/// Cause and what to do, for the page.
fn words(error: &DaemonError) -> String {
    if let DaemonError::Store(error) = error {
        return advice(error);
    }
    error.to_string()
}
