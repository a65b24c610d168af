//! The office thread: the way to the city and the clerk's screen.

use std::sync::{Arc, Mutex, PoisonError};

use edge_store::{Reader, Store};
use edge_web::{
    ClaimCode, HealthView, LedgerSource, WebChannels, WebSettings, WebState,
};
use sync_engine::{Identity, Now, Settings};
use sync_mqtt::{MqttSettings, Surroundings, SyncStatus, TlsFiles};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::app::SOFTWARE;
use crate::city::CityLedger;
use crate::clock::Clock;
use crate::config::SiteConfig;
use crate::error::DaemonError;
use crate::people::random;
use crate::records;

/// What both need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Office<'a> {
    /// The settings.
    pub(crate) config: &'a SiteConfig,
    /// The ledger.
    pub(crate) store: &'a Store,
    /// The clock.
    pub(crate) clock: &'a Clock,
    /// Told when the box stops.
    pub(crate) stop: &'a CancellationToken,
}

/// Starts the way to the city; `None` where no city is configured.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) fn start_sync(
    office: &Office<'_>,
) -> Result<Option<watch::Receiver<SyncStatus>>, DaemonError> {
    let Some(city) = &office.config.city else { return Ok(None) };
    let epoch = office.store.facts().epoch.clone();
    let settings = MqttSettings {
        host: city.host.clone(),
        port: city.port,
        tls: Some(TlsFiles {
            ca: city.ca_file.clone(),
            certificate: city.certificate_file.clone(),
            key: city.key_file.clone(),
        }),
        identity: Identity {
            site: office.config.site_code.clone(),
            box_name: office.config.box_id.clone(),
            epoch: epoch.clone(),
            software: SOFTWARE.to_owned(),
        },
        engine: Settings::default(),
        roster_version: None,
    };
    let ledger = CityLedger::new(&epoch, office.store.writer(), office.store.reader()?);
    let (status, seen) = watch::channel(SyncStatus::default());
    let clock = office.clock.clone();
    let surroundings = Surroundings {
        now: Box::new(move || {
            let now = clock.now();
            Now { mono_ms: now.mono_ms, wall_ms: now.wall_ms, clock: records::clock_quality(now.quality) }
        }),
        jitter: Box::new(|| random::<4>().map_or(0, u32::from_le_bytes)),
    };
    let stop = office.stop.clone().cancelled_owned();
    tokio::task::spawn_local(sync_mqtt::run(settings, ledger, surroundings, status, stop));
    tokio::spawn(prove_clock(office.clock.clone(), seen.clone()));
    Ok(Some(seen))
}

/// The city's time in its acknowledgements proves the box's clock.
async fn prove_clock(clock: Clock, mut status: watch::Receiver<SyncStatus>) {
    let mut proved_at = None;
    while status.changed().await.is_ok() {
        let (skew_ms, ack_at) = {
            let status = status.borrow_and_update();
            (status.skew_ms, status.last_ack_at)
        };
        if let Some(skew_ms) = skew_ms.filter(|_| ack_at != proved_at) {
            proved_at = ack_at;
            clock.prove(skew_ms);
        }
    }
}

/// When the oldest record that the city has not acknowledged happened, Unix ms.
pub(crate) async fn oldest_waiting(reader: &Arc<Mutex<Reader>>) -> Option<i64> {
    let reader = Arc::clone(reader);
    let asked = tokio::task::spawn_blocking(move || {
        reader.lock().unwrap_or_else(PoisonError::into_inner).backlog()
    });
    match asked.await {
        Ok(Ok(backlog)) => backlog.oldest_at,
        Ok(Err(error)) => {
            tracing::warn!(%error, "The backlog cannot be read");
            None
        }
        Err(error) => {
            tracing::warn!(%error, "The backlog was not read");
            None
        }
    }
}

/// Starts the clerk's screen; prints a claim code where nobody can sign in yet.
///
/// # Errors
/// The port is taken, or the ledger cannot be read.
pub(crate) async fn start_screen(
    office: &Office<'_>,
    health: watch::Receiver<HealthView>,
) -> Result<(), DaemonError> {
    let listener = TcpListener::bind(office.config.screen).await?;
    let address = listener.local_addr()?;
    announce_claim_code(office, &address.to_string()).await?;
    let clock = office.clock.clone();
    let source = Arc::new(LedgerSource::new(
        office.store.reader()?,
        office.store.writer(),
        office.config.policy.day_boundary_h,
    ));
    let channels = WebChannels {
        today: Arc::clone(&source) as _,
        accounts: source,
        health,
        head: office.store.writer().head(),
        clock: Arc::new(move || clock.now().wall_ms),
    };
    let settings = WebSettings {
        site_name: office.config.site_name.clone(),
        box_id: office.config.box_id.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        secure_cookies: false,
    };
    let (state, stop) = (WebState::new(settings, channels), office.stop.clone());
    tokio::spawn(async move {
        if let Err(error) = edge_web::serve(listener, state, stop).await {
            tracing::error!(%error, "The screen ended");
        }
    });
    tracing::info!(%address, "Screen listens");
    Ok(())
}

#[expect(clippy::print_stderr, reason = "the installer reads the code here, on the first start only")]
async fn announce_claim_code(office: &Office<'_>, address: &str) -> Result<(), DaemonError> {
    if !office.store.reader()?.accounts()?.is_empty() {
        return Ok(());
    }
    let code = ClaimCode::random().map_err(screen_error)?;
    let hash = code.hash().map_err(screen_error)?;
    office.store.writer().put_setting(edge_web::CLAIM_CODE_SETTING, &hash).await?;
    eprintln!("首次使用：用浏览器打开 http://{address}/claim，输入一次性认领码：{}", code.reveal());
    Ok(())
}

fn screen_error(error: edge_web::WebError) -> DaemonError {
    DaemonError::System(std::io::Error::other(error))
}
