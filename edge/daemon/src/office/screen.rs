//! The clerk's screen.

use std::sync::Arc;

use edge_web::{
    Books, ClaimCode, DeskReader, FaceDesk, HealthView, LedgerSource, WebChannels, WebSettings,
    WebState,
};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::SiteConfig;
use crate::desk_reader::read_cards;
use crate::error::DaemonError;
use crate::office::clerk_desk::{ClerkDesk, ClerkImport};
use crate::office::clerk_faces::ClerkFaces;
use crate::office::desk::Office;
use crate::office::supervise::{Part, keep_up};

/// Keeps the clerk's screen up: a port that is taken is tried again, because the gate does not
/// stop for want of a screen.
pub(crate) async fn keep_screen(office: &Office<'_>, health: watch::Receiver<HealthView>) {
    let part = office.part("网页");
    let reader = office.config.desk_reader.as_ref();
    let reader = reader.map(|reader| (reader, DeskReader::new(reader.name.clone())));
    let desk = reader.as_ref().map(|(_, desk)| desk);
    let screen = keep_up(part, async |part| {
        run_screen(office, (health.clone(), desk.cloned()), part).await
    });
    let cards = async {
        if let Some((config, desk)) = &reader {
            read_cards(config, desk, office.news).await;
        }
    };
    tokio::join!(screen, cards);
    std::future::pending::<()>().await;
}

/// Runs the clerk's screen; prints a claim code where nobody can sign in yet.
///
/// # Errors
/// The port is taken, the ledger cannot be read, or the screen ends.
async fn run_screen(
    office: &Office<'_>,
    (health, desk_reader): (watch::Receiver<HealthView>, Option<DeskReader>),
    part: &Part,
) -> Result<(), DaemonError> {
    let address = office.config.screen;
    let bound = TcpListener::bind(address).await;
    let listener = bound.map_err(|source| DaemonError::ScreenPort { address, source })?;
    let address = listener.local_addr()?;
    announce_claim_code(office, &address.to_string()).await?;
    let clock = office.clock.clone();
    let (reader, writer) = (office.store.reader()?, office.store.writer());
    let source = LedgerSource::new(reader, writer, office.policy.subscribe());
    let source = Arc::new(source.with_lane_names(office.config.lane_names()));
    let lane_names = office.config.lane_names();
    let books = Books::new(
        office.store.reader()?,
        office.policy.subscribe(),
        lane_names,
    );
    let channels = WebChannels {
        books,
        recorder: Arc::new(ClerkDesk(Arc::clone(office.people))),
        imports: Arc::new(ClerkImport {
            people: Arc::clone(office.people),
            writer: office.store.writer(),
        }),
        faces: ClerkFaces::new(office.config, office.store.reader()?)
            .map(|faces| -> Arc<dyn FaceDesk> { Arc::new(faces) }),
        desk_reader,
        newcomer: office.newcomer.clone(),
        kiosks: office.kiosks.clone(),
        today: Arc::<LedgerSource>::clone(&source),
        accounts: source,
        health,
        head: office.store.writer().head(),
        clock: Arc::new(move || clock.now().wall_ms),
    };
    let settings = web_settings(office.config);
    let (state, stop) = (WebState::new(settings, channels), office.stop.clone());
    // A task of its own: it lets answers finish while the box stops.
    let served = tokio::spawn(edge_web::serve(listener, state, stop));
    tracing::info!(%address, "Screen listens");
    part.works().await;
    let ended = served.await.map_err(std::io::Error::other)?;
    ended.map_err(screen_error)
}

/// What every page of the box says of it.
pub(crate) fn web_settings(config: &SiteConfig) -> WebSettings {
    WebSettings {
        site_name: config.site_name.clone(),
        box_id: config.box_id.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        secure_cookies: false,
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the installer reads the code here, on the first start only"
)]
async fn announce_claim_code(office: &Office<'_>, address: &str) -> Result<(), DaemonError> {
    if !office.store.reader()?.accounts()?.is_empty() {
        return Ok(());
    }
    let code = ClaimCode::random().map_err(screen_error)?;
    let hash = code.hash().map_err(screen_error)?;
    office
        .store
        .writer()
        .put_setting(edge_web::CLAIM_CODE_SETTING, &hash)
        .await?;
    eprintln!(
        "首次使用：用浏览器打开 http://{address}/claim，输入一次性开通码：{}",
        code.reveal()
    );
    Ok(())
}

fn screen_error(error: edge_web::WebError) -> DaemonError {
    DaemonError::System(std::io::Error::other(error))
}
