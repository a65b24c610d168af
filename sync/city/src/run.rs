//! Puts the city together and keeps it running.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, RwLock};

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::care::{self, Care};
use crate::config::Settings;
use crate::db::Session;
use crate::down::Press;
use crate::error::CityError;
use crate::https::{self, Album, Desk, Door, Wants};
use crate::ingest::{Ingest, Shared, Waiter};
use crate::link::{self, Link, Published, Role};
use crate::meaning::Codes;
use crate::observe::Observer;
use crate::pki;
use crate::show::{Page, People, Reader, Viewer, router};

/// Messages that may wait for the ingest; beyond it the connection is not read.
const INCOMING_MAX: usize = 256;
/// Acknowledgements that may wait for the connection; beyond it they are dropped.
const OUTGOING_MAX: usize = 1_024;

/// A running city. Dropped, it ends at once.
#[derive(Debug)]
pub struct City {
    /// Where the page is.
    pub http: SocketAddr,
    /// Where boxes fetch files and bring photos, if this city serves them.
    pub https: Option<SocketAddr>,
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
    let key = Arc::new(pki::seal_key(&settings.dir)?);
    let bases = Stores::open(settings).await?;
    let (listener, http) = listen(settings.listen).await?;

    let (acks, acks_end) = mpsc::channel(OUTGOING_MAX);
    let (commits, commits_end) = watch::channel(0);
    let shared = Shared {
        observer: Arc::clone(&observer),
        acks,
        commits,
        codes: Arc::new(RwLock::new(bases.codes)),
        key: Arc::clone(&key),
        signer: Arc::new(pki::signing_key(&settings.dir)?),
        greets: Arc::default(),
    };
    let published = Arc::new(Published::default());
    let (album, people) = (Arc::new(bases.album), People::new(key));
    let shown = (Arc::clone(&published), Arc::clone(&album));
    let viewer = Viewer::new(bases.reader, people, shown);
    let page = router(Page::new(viewer, commits_end));

    let mut work = JoinSet::new();
    let (care_stop, care_told) = std::sync::mpsc::channel::<()>();
    let care = Care {
        session: bases.care,
        shared: shared.clone(),
        press: Press::open(&settings.dir, settings.https_url.clone())?,
        dir: settings.dir.clone(),
        waiter: Waiter::default(),
        greeted: None,
        unsigned: BTreeSet::new(),
        hole_after: settings.hole_after,
    };
    let cared = on_a_thread("care", move || {
        care.run(&care_told);
        Ok(())
    })?;
    let (mut stored, live) = workers(settings, (bases.workers, &shared), &mut work)?;
    drop(shared);
    work.spawn(async move { live.publish(acks_end, &published, observer).await });
    work.spawn(show(listener, page));
    let https = files(settings, album, &mut work).await?;

    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let task = tokio::spawn(async move {
        let early = tokio::select! {
            () = stopped.cancelled() => Ok(()),
            ended = work.join_next() => match ended {
                Some(Ok(result)) => result,
                _ => Err(CityError::Ended("city")),
            },
            result = any(&mut stored) => result,
        };
        // The connections go, so the workers store what is in their queues and end.
        work.shutdown().await;
        drop(care_stop);
        let mut rest = Ok(());
        for ended in stored.into_iter().chain([cared]) {
            rest = rest.and(ended.await.unwrap_or(Ok(())));
        }
        early.and(rest)
    });
    let city = City {
        http,
        https,
        stop,
        task: AbortOnDropHandle::new(task),
    };
    write_status(&settings.status_file(), (http, https))?;
    tracing::info!(%http, "City is ready");
    Ok(city)
}

async fn show(listener: TcpListener, page: Router) -> Result<(), CityError> {
    let served = axum::serve(listener, page).await;
    served.map_err(|_| CityError::Ended("page"))
}

/// Starts serving files to boxes, where the settings say so.
async fn files(
    settings: &Settings,
    album: Arc<Album>,
    work: &mut JoinSet<Result<(), CityError>>,
) -> Result<Option<SocketAddr>, CityError> {
    if let Some(address) = settings.claim_listen {
        let door = Door::open(&settings.dir, Wants::Nothing)?;
        let (listener, address) = listen(address).await?;
        let app = https::desk(Desk::open(&settings.dir, settings.box_broker.clone())?);
        work.spawn(async move { Err(https::serve(listener, (door, app), https::PATIENCE).await) });
        tracing::info!(%address, "Boxes may claim certificates");
    }
    let Some(address) = settings.https_listen else {
        return Ok(None);
    };
    let door = Door::open(&settings.dir, Wants::Certificate)?;
    let (listener, address) = listen(address).await?;
    let app = https::routes(&settings.dir, album);
    work.spawn(async move { Err(https::serve(listener, (door, app), https::PATIENCE).await) });
    Ok(Some(address))
}

/// Starts a worker for each connection to the database; answers go out by the first.
fn workers(
    settings: &Settings,
    (sessions, shared): (Vec<(Session, Role)>, &Shared),
    work: &mut JoinSet<Result<(), CityError>>,
) -> Result<(Vec<Ended>, Link), CityError> {
    let mut stored = Vec::new();
    let mut live = None;
    for (session, role) in sessions {
        let (link, events) = link::open(settings, role)?;
        let (incoming, incoming_end) = mpsc::channel(INCOMING_MAX);
        let ingest = Ingest {
            session,
            shared: shared.clone(),
        };
        stored.push(on_a_thread("ingest", move || ingest.run(incoming_end))?);
        let subscriber = link.clone();
        work.spawn(async move { Err(subscriber.subscribe().await) });
        let receiver = link.clone();
        work.spawn(async move {
            receiver.receive(events, incoming).await;
            Err(CityError::Ended("connection"))
        });
        live.get_or_insert(link);
    }
    let live = live.ok_or(CityError::Ended("connection"))?;
    Ok((stored, live))
}

/// The first worker that ends, though none must.
async fn any(stored: &mut Vec<Ended>) -> Result<(), CityError> {
    let (ended, at, _) = futures_util::future::select_all(stored.iter_mut()).await;
    drop(stored.swap_remove(at));
    ended.unwrap_or(Err(CityError::Ended("ingest")))
}

/// Every connection to the database that the city needs.
struct Stores {
    workers: Vec<(Session, Role)>,
    care: Session,
    reader: Reader,
    codes: Codes,
    album: Album,
}

impl Stores {
    async fn open(settings: &Settings) -> Result<Self, CityError> {
        let (place, bulk) = (settings.place.clone(), settings.workers);
        let dir = settings.dir.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let live = Session::open(&place)?.urgent();
            let mut workers = vec![(live, Role::Live)];
            for number in 1..=bulk {
                workers.push((Session::open(&place)?, Role::Bulk(number)));
            }
            let mut care = Session::open(&place)?;
            let codes = care::codes(&mut care)?;
            Ok(Self {
                workers,
                care,
                reader: Reader::open(&place)?,
                codes,
                album: Album::open(&dir)?,
            })
        });
        opened.await.unwrap_or(Err(CityError::Ended("database")))
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), CityError> {
    let failed = |source| CityError::Listen {
        address: address.to_string(),
        source,
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let http = listener.local_addr().map_err(failed)?;
    Ok((listener, http))
}

type Ended = oneshot::Receiver<Result<(), CityError>>;

fn on_a_thread(
    name: &'static str,
    work: impl FnOnce() -> Result<(), CityError> + Send + 'static,
) -> Result<Ended, CityError> {
    let (tell, ended) = oneshot::channel();
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            // Nobody listens any more where the city was dropped.
            drop(tell.send(work()));
        })
        .map_err(|_| CityError::Ended(name))?;
    Ok(ended)
}

/// Scripts find the page by this file; it appears whole or not at all.
fn write_status(
    path: &Path,
    (http, https): (SocketAddr, Option<SocketAddr>),
) -> Result<(), CityError> {
    let failed = |source| CityError::WriteFile {
        path: path.to_owned(),
        source,
    };
    let draft = path.with_extension("json.new");
    let page = format!("http://{http}");
    let status = match https {
        Some(https) => serde_json::json!({ "http": page, "https": https.to_string() }),
        None => serde_json::json!({ "http": page }),
    };
    let text = status.to_string();
    std::fs::write(&draft, text + "\n").map_err(failed)?;
    std::fs::rename(&draft, path).map_err(failed)
}
