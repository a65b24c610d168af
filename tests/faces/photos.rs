//! A picture leaves the box where the site has a basis and the worker has signed for it: over HTTPS, to
//! the real city, later where it is down, whole where a line is cut.

use std::collections::BTreeSet;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};

use edge_domain::WorkerId;
use edge_store::{Key, Reader};
use tests::{BOX_ID, Result, eventually, free_port};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::page::{no_serious_fault, press, says, signed_in};
use crate::watch::{Observer, talks_to};
use crate::{Gate, holds};

/// Of what the box says so many bytes pass before the line is cut: its handshake and a part of the
/// photo.
const CUT_AFTER: usize = 3_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Hangs up on everybody.
    Down,
    /// The next line is cut, those after it are not.
    Cut,
    Carry,
}

/// Lies between the box and the city's HTTPS.
struct Relay {
    port: u16,
    state: Arc<Mutex<(Mode, usize)>>,
}

impl Relay {
    async fn start(city: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(Mutex::new((Mode::Down, 0)));
        let seen = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let mode = {
                    let mut state = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    state.1 += 1;
                    let mode = state.0;
                    if mode == Mode::Cut {
                        *state = (Mode::Carry, 0);
                    }
                    mode
                };
                if mode == Mode::Down {
                    continue;
                }
                let limit = if mode == Mode::Cut {
                    CUT_AFTER
                } else {
                    usize::MAX
                };
                tokio::spawn(carry(near, city, limit));
            }
        });
        Ok(Self { port, state })
    }

    fn set(&self, mode: Mode) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = (mode, 0);
    }

    /// The mode, and how many lines came in since it holds.
    fn seen(&self) -> (Mode, usize) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn carry(mut near: TcpStream, city: u16, limit: usize) -> std::io::Result<()> {
    let mut far = TcpStream::connect(("127.0.0.1", city)).await?;
    let (mut up, mut down) = (vec![0; 1_024], vec![0; 1_024]);
    let mut passed = 0;
    while passed < limit {
        tokio::select! {
            read = near.read(&mut up) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                passed += read;
                far.write_all(&up[..read]).await?;
            }
            read = far.read(&mut down) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                near.write_all(&down[..read]).await?;
            }
        }
    }
    Ok(())
}

type Pictures = BTreeSet<Vec<u8>>;

/// The pictures of the gate that the box keeps of a worker's card.
fn kept_of(gate: &Gate, worker: u32) -> Result<Pictures> {
    let folder = gate.site.gate_box.folder();
    let key = Key::from_file(&folder.join("ledger.key"))?;
    let reader = Reader::open(&folder.join("ledger.db"), &key, BOX_ID)?;
    let mut pictures = Pictures::new();
    for act in reader.acts(0, i64::MAX)? {
        if act.worker == Some(WorkerId(worker))
            && let Some(record) = act.pictures
            && let Some((_, found)) = reader.faces()?.pictures(record, 0)?
        {
            pictures.extend(found.gate);
        }
    }
    Ok(pictures)
}

/// Every photo that the city has of the box, each under its own digest.
fn at_city(gate: &Gate) -> Result<Pictures> {
    let mut photos = Pictures::new();
    let home = gate.site.city.folder().join("photo").join(BOX_ID);
    if !home.exists() {
        return Ok(photos);
    }
    for shelf in fs::read_dir(home)? {
        for file in fs::read_dir(shelf?.path())? {
            let path = file?.path();
            if path.extension().is_none_or(|end| end != "jpg") {
                continue;
            }
            let photo = fs::read(&path)?;
            let digest = openssl::sha::sha256(&photo);
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(
                path.file_stem().and_then(|name| name.to_str()),
                Some(digest.as_str())
            );
            photos.insert(photo);
        }
    }
    Ok(photos)
}

/// The worker's card with a face of which the gate is not sure, until there is a picture more.
async fn doubtful(gate: &Gate, worker: u32, showing: &str) -> Result<Pictures> {
    let before = kept_of(gate, worker)?;
    gate.show(Some(showing)).await?;
    let kept = eventually("a picture of the gate is kept", async || {
        gate.visit(usize::try_from(worker)?).await?;
        let kept = kept_of(gate, worker)?;
        Ok((kept.len() > before.len()).then_some(kept))
    })
    .await?;
    gate.show(None).await?;
    Ok(kept.difference(&before).cloned().collect())
}

fn settings(relay: u16) -> impl FnOnce(String) -> String {
    move |text: String| {
        let address = format!("[city]\nphoto_address = \"localhost:{relay}\"\n");
        // Nobody's face is sure here, and none opens by itself.
        let policy = "[policy]\nphoto_upload_basis = \"测试市 2026 年 12 号文第 8 条\"\n\
             [[policy.face.identify]]\nenrolled_max = 1000000\nsame = 10000\n\
             [policy.face]\nsame = 10000\nother = 0\n";
        text.replace("[city]\n", &address)
            .replace("[policy.face]\n", policy)
    }
}

#[tokio::test]
async fn exactly_the_consenting_workers_pictures_get_to_the_city() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let https = free_port()?;
    let relay = Relay::start(https).await?;
    // Worker 1 has signed that they are sent, worker 2 that they stay.
    let words = [Some(5), Some(3)];
    let mut gate = Gate::start_signed(folder.path(), words, settings(relay.port)).await?;
    let (broker, inside) = (gate.site.broker.port(), gate.site.broker.city_port());
    let observer = Observer::listen(gate.site.city.folder(), inside).await?;
    gate.faces.up()?;
    let up = gate.camera_is(0, "online").await?;
    let (code, printed) = gate.enroll(
        &folder.path().join("good"),
        &[(1, "a/1.jpg"), (2, "b/1.jpg")],
    )?;
    assert_eq!(code, Some(0), "{printed}");
    let browser = signed_in(&mut gate, folder.path()).await?;
    let screen = gate.site.gate_box.screen().to_owned();

    // The city takes no photos yet: the gate works, every record gets there, the page says why.
    let stay = doubtful(&gate, 2, "a1").await?;
    doubtful(&gate, 1, "a2").await?;
    eventually("the box tries", async || {
        Ok((relay.seen().1 > 0).then_some(()))
    })
    .await?;
    gate.site.settled().await?;
    assert_eq!(at_city(&gate)?, Pictures::new());

    // It does now, and the first line is cut in the middle of the photo.
    gate.site.city.kill()?;
    let serves = format!("https_listen = \"127.0.0.1:{https}\"\n");
    gate.site.city.set(&serves);
    gate.site.city.up().await?;
    relay.set(Mode::Cut);
    eventually("a photo is cut off", async || {
        Ok((relay.seen().0 == Mode::Carry).then_some(()))
    })
    .await?;
    browser.open(&format!("{screen}/upload")).await?;
    says(&browser, "连不上平台收照片的地址").await?;
    says(&browser, "测试市 2026 年 12 号文第 8 条").await?;
    no_serious_fault(&browser).await?;
    eventually("his pictures are at the city", async || {
        Ok((at_city(&gate)? == kept_of(&gate, 1)?).then_some(()))
    })
    .await?;
    assert!(relay.seen().1 > 0, "over a line that holds");
    let (_, sent) = gate
        .record(up, "that it was sent is on record", |body| {
            body["what"] == "picture_sent"
        })
        .await?;
    assert_eq!(sent["worker"], 1, "{sent}");

    // Worker 2 signs for it: what comes after that goes, what was kept before stays.
    browser.open(&format!("{screen}/people/2/face")).await?;
    says(&browser, "另外同意上传照片").await?;
    no_serious_fault(&browser).await?;
    press(&browser, "#upload-consent form button").await?;
    says(
        &browser,
        "本人已签字同意：拿不准是不是本人的门口照片传给平台",
    )
    .await?;
    let mut later = Pictures::new();
    eventually("a later picture of him is at the city", async || {
        later.extend(doubtful(&gate, 2, "a1").await?);
        Ok((!at_city(&gate)?.is_disjoint(&later)).then_some(()))
    })
    .await?;
    let arrived = at_city(&gate)?;
    assert!(arrived.is_disjoint(&stay), "signed for later ones only");

    // Nothing of it went over the broker, and nobody else was spoken to.
    let ports = talks_to(gate.site.gate_box.process_id()?)?;
    assert!(ports.is_subset(&[broker, relay.port].into()), "{ports:?}");
    gate.site.settled().await?;
    let texts = observer.texts()?;
    for picture in kept_of(&gate, 1)?.iter().chain(&kept_of(&gate, 2)?) {
        assert!(!texts.iter().any(|text| holds(text, picture)));
    }
    eventually("each is on record, and nothing else", async || {
        let told = gate.site.gate_box.records(up)?;
        let told = told
            .iter()
            .filter(|one| one["body"]["what"] == "picture_sent");
        Ok((told.count() == at_city(&gate)?.len()).then_some(()))
    })
    .await?;
    browser.close().await
}
