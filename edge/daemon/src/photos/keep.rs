//! The task that brings pictures to the city: behind everything else, one at a time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use edge_domain::{Act, AuditAct, AuditNote, WorkerId};
use edge_store::{PhotoDue, Reader, StoreError, Writer};
use edge_web::{PhotosView, Remedy};
use sync_mqtt::{SyncLink, SyncStatus};
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;

use crate::clock::Clock;
use crate::error::DaemonError;
use crate::health::HealthNews;
use crate::https::believed;
use crate::office::Office;
use crate::people::{Change, Consents, FaceUses, PeopleDesk, random};
use crate::photos::carrier::Carrier;
use crate::photos::queue::{End, Errand, Queue};

/// How often is looked for pictures, and for the end of a pause.
const LOOK: Duration = Duration::from_secs(5);
/// The lamp of photos that do not get there.
const LAMP: &str = "照片上传";
const CODE: &str = "E-PH-01";

/// Brings pictures until the box stops. Without a basis in the settings it ends at once: nothing is
/// looked for, and nobody is spoken to.
pub(crate) async fn keep_photos(office: &Office<'_>, sync: watch::Receiver<SyncStatus>) {
    let config = office.config;
    let basis = config.policy.photo_upload_basis.clone();
    let carrier = config.city.as_ref().and_then(Carrier::new);
    let (Some(basis), Some(carrier)) = (basis, carrier) else {
        return;
    };
    // A connection of its own: the way to the city waits for no picture.
    let reader = match office.store.reader().and_then(Reader::lean) {
        Ok(reader) => Arc::new(Mutex::new(reader)),
        Err(error) => {
            tracing::error!(%error, "No picture goes to the city before the next start");
            return;
        }
    };
    let mut desk = Desk {
        reader,
        writer: office.store.writer(),
        people: Arc::clone(office.people),
        clock: office.clock.clone(),
        news: office.news.clone(),
        uses: FaceUses::of(config),
        carrier,
        queue: Queue::default(),
        view: PhotosView {
            basis,
            ..PhotosView::default()
        },
        told: None,
    };
    let mut look = tokio::time::interval(LOOK);
    let work = async {
        loop {
            look.tick().await;
            desk.look(&sync).await;
        }
    };
    // One that is cut off here is brought again after the next start.
    office.stop.run_until_cancelled(work).await;
}

struct Desk {
    reader: Arc<Mutex<Reader>>,
    writer: Writer,
    people: Arc<PeopleDesk>,
    clock: Clock,
    news: mpsc::Sender<HealthNews>,
    uses: FaceUses,
    carrier: Carrier,
    queue: Queue,
    view: PhotosView,
    told: Option<String>,
}

impl Desk {
    /// Brings what is due, as long as it works.
    async fn look(&mut self, sync: &watch::Receiver<SyncStatus>) {
        loop {
            let due = match self.due().await {
                Ok(due) => due,
                Err(error) => {
                    tracing::warn!(%error, "Nobody knows which pictures are due");
                    return;
                }
            };
            if due.is_empty() {
                self.queue.rest();
            }
            let now_ms = self.clock.now().mono_ms;
            let errand = self.queue.next(&due, (now_ms, records_wait(sync)));
            self.tell(&due).await;
            let Some(errand) = errand else { return };
            let end = self.run(&errand).await;
            let is_there = end == End::There;
            let dice = random::<4>().map_or(0, u32::from_le_bytes);
            let now_ms = self.clock.now().mono_ms;
            self.queue.ended(end, (now_ms, dice));
            if !is_there {
                self.tell(&due).await;
                return;
            }
        }
    }

    /// What may leave now: consents are read anew before every picture.
    async fn due(&self) -> Result<Vec<PhotoDue>, DaemonError> {
        let (uses, now_ms) = (self.uses, self.clock.now().wall_ms);
        self.ask(move |reader| {
            let consents = Consents::read(reader, uses)?;
            reader.faces()?.photos_due(&consents.uploads, now_ms)
        })
        .await
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, DaemonError> {
        let reader = Arc::clone(&self.reader);
        let asked = spawn_blocking(move || {
            question(&reader.lock().unwrap_or_else(PoisonError::into_inner))
        });
        Ok(asked.await.map_err(std::io::Error::other)??)
    }

    async fn run(&mut self, errand: &Errand) -> End {
        let name = errand.photo.sha256.clone();
        let photo = match self.ask(move |reader| reader.faces()?.photo(&name)).await {
            Ok(Some(photo)) => photo,
            Ok(None) => return End::Never("照片已到期删除".to_owned()),
            Err(error) => {
                tracing::warn!(%error, "A picture cannot be read");
                return End::Later("账本里的照片读不出来，稍后自动再试".to_owned());
            }
        };
        let time = believed(self.clock.now());
        let end = self.carrier.carry(errand, photo, time).await;
        if end == End::There
            && let Err(error) = self.note(&errand.photo).await
        {
            tracing::warn!(%error, "The city has a picture, and the ledger does not say so");
            return End::Later("照片已传上，账本暂时记不下，稍后再记".to_owned());
        }
        end
    }

    /// On record first: told twice is better than sent and never told.
    async fn note(&mut self, photo: &PhotoDue) -> Result<(), DaemonError> {
        let act = Act::Audit(AuditNote {
            account: None,
            what: AuditAct::PictureSent,
            worker: Some(WorkerId(photo.worker)),
            detail: Some(format!("第 {} 条的照片 {}", photo.record, photo.sha256)),
            reason: Some(self.view.basis.clone()),
        });
        let change = Change {
            acts: vec![act],
            ..Change::default()
        };
        let noted = self.people.carry_out(move |_, _| Ok((change, ())));
        noted.await.map_err(std::io::Error::other)?;
        let at_ms = self.clock.now().wall_ms;
        self.writer.photo_at_city(&photo.sha256, at_ms).await?;
        self.view.sent_at_ms = Some(at_ms);
        tracing::info!(record = photo.record, "A picture is at the city");
        Ok(())
    }

    async fn tell(&mut self, due: &[PhotoDue]) {
        (self.view.waiting, self.view.refused) = self.queue.count(due);
        self.view.problem = self.queue.problem().map(str::to_owned);
        let news = HealthNews::Photos(self.view.clone());
        let trouble = self.queue.trouble().map(str::to_owned);
        let changed = trouble != self.told;
        self.told.clone_from(&trouble);
        let lamp = HealthNews::Trouble(LAMP.to_owned(), trouble.as_deref().map(remedy));
        for news in std::iter::once(news).chain(changed.then_some(lamp)) {
            if self.news.send(news).await.is_err() {
                tracing::debug!("Nobody hears of pictures any more");
            }
        }
    }
}

/// Records come first: pictures wait until the city has them all.
fn records_wait(sync: &watch::Receiver<SyncStatus>) -> bool {
    let status = sync.borrow();
    status.link != SyncLink::Online || status.backlog > 0
}

fn remedy(cause: &str) -> Remedy {
    Remedy {
        code: CODE.to_owned(),
        cause: format!("门口照片传不到平台：{cause}"),
        effect: "打卡和记录上传照常；照片留在本机，到期自动删除".to_owned(),
        advice: "请看上传页的门口照片一栏，按原因处理；一直不行请联系运维".to_owned(),
    }
}
