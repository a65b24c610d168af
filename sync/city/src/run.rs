//! Puts the city together and keeps it running.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use sync_wire::seal::CityPrivateKey;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::config::Settings;
use crate::db::{Reader, Writer};
use crate::error::CityError;
use crate::ingest::Ingest;
use crate::link;
use crate::observe::Observer;
use crate::pki;
use crate::show::{Page, People, Viewer, router};

/// Messages that may wait for the ingest; beyond it the connection is not read.
const INCOMING_MAX: usize = 256;
/// Acknowledgements that may wait for the connection; beyond it they are dropped.
const OUTGOING_MAX: usize = 1_024;

/// A running city. Dropped, it ends at once.
#[derive(Debug)]
pub struct City {
    /// Where the page is.
    pub http: SocketAddr,
    stop: CancellationToken,
    task: AbortOnDropHandle<Result<(), CityError>>,
}

impl City {
    /// Asks the city to end, and waits until what was being stored is stored.
    pub async fn stop(self) -> Result<(), CityError> {
        self.stop.cancel();
        self.ended().await
    }

    /// Waits until the city ends, by itself or because it was asked.
    pub async fn ended(self) -> Result<(), CityError> {
        self.task.await.unwrap_or(Err(CityError::Ended("city")))
    }

    /// A handle that asks the city to end.
    pub fn stopper(&self) -> CancellationToken {
        self.stop.clone()
    }
}

/// Starts the city: opens its database, listens for the page, connects to the broker. Returns as
/// soon as the page can be reached.
pub async fn run(settings: &Settings, observer: Arc<dyn Observer>) -> Result<City, CityError> {
    let writer = Writer::open(&settings.db())?;
    let reader = Reader::open(&settings.db())?;
    let key = CityPrivateKey::from_bytes(pki::read_key_file(&settings.dir.join(pki::SEAL_KEY))?);
    let (link, events) = link::open(settings)?;
    let listener =
        TcpListener::bind(settings.listen)
            .await
            .map_err(|source| CityError::Listen {
                address: settings.listen.to_string(),
                source,
            })?;
    let http = listener.local_addr().map_err(|source| CityError::Listen {
        address: settings.listen.to_string(),
        source,
    })?;

    let (incoming, incoming_end) = mpsc::channel(INCOMING_MAX);
    let (acks, acks_end) = mpsc::channel(OUTGOING_MAX);
    let (commits, commits_end) = watch::channel(0);
    let viewer = Viewer::new(reader, People::new(key), Arc::clone(&link.published));
    let page = router(Page::new(viewer, commits_end));
    let ingest = Ingest {
        writer,
        observer: Arc::clone(&observer),
        acks,
        commits,
    };
    let mut stored = on_a_thread(move || ingest.run(incoming_end))?;

    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let task = tokio::spawn(async move {
        let early = tokio::select! {
            () = stopped.cancelled() => None,
            () = link.receive(events, incoming) => Some(Err(CityError::Ended("connection"))),
            result = link.publish(acks_end, observer) => Some(result),
            result = async { axum::serve(listener, page).await } => {
                Some(result.map_err(|_| CityError::Ended("page")))
            }
            result = &mut stored => return result.unwrap_or(Err(CityError::Ended("ingest"))),
        };
        // The connection is gone, so the ingest stores what is in its queue and ends.
        let rest = stored.await.unwrap_or(Err(CityError::Ended("ingest")));
        early.unwrap_or(Ok(())).and(rest)
    });
    let city = City {
        http,
        stop,
        task: AbortOnDropHandle::new(task),
    };
    write_status(&settings.status_file(), http)?;
    tracing::info!(%http, "City is ready");
    Ok(city)
}

type Ended = oneshot::Receiver<Result<(), CityError>>;

fn on_a_thread(
    work: impl FnOnce() -> Result<(), CityError> + Send + 'static,
) -> Result<Ended, CityError> {
    let (tell, ended) = oneshot::channel();
    std::thread::Builder::new()
        .name("ingest".to_owned())
        .spawn(move || {
            // Nobody listens any more where the city was dropped.
            drop(tell.send(work()));
        })
        .map_err(|_| CityError::Ended("ingest"))?;
    Ok(ended)
}

/// Scripts find the page by this file; it appears whole or not at all.
fn write_status(path: &Path, http: SocketAddr) -> Result<(), CityError> {
    let failed = |source| CityError::WriteFile {
        path: path.to_owned(),
        source,
    };
    let draft = path.with_extension("json.new");
    let text = serde_json::json!({ "http": format!("http://{http}") }).to_string();
    std::fs::write(&draft, text + "\n").map_err(failed)?;
    std::fs::rename(&draft, path).map_err(failed)
}
