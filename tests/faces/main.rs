//! Faces at the gate: real `menwei-face`, real models, real pictures, a camera over HTTP.
//!
//! Built only with the feature `faces`, which `./dev test` turns on.

mod frauds;
mod page;
mod photos;
mod pictures;
mod terminals;
mod watch;

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edge_store::{Key, Reader};
use serde_json::{Value, json};
use tests::{BOX_ID, Faces, Result, Site, SitePlan, eventually, repository};
use watch::{Observer, talks_to};

/// A site with one lane and a camera. The first two workers have agreed to the use of their faces.
struct Gate {
    site: Site,
    faces: Faces,
    numbers: Vec<String>,
}

const LANE: &str = "gate-1";

impl Gate {
    async fn start(folder: &Path) -> Result<Self> {
        Self::start_as(folder, None, |settings| settings).await
    }

    /// The same with other settings of the box, and with these words signed instead of the oldest.
    async fn start_as(
        folder: &Path,
        words: Option<u16>,
        settings: impl FnOnce(String) -> String,
    ) -> Result<Self> {
        Self::start_signed(folder, [words; 2], settings).await
    }

    /// The same where the two have signed different words.
    async fn start_signed(
        folder: &Path,
        words: [Option<u16>; 2],
        settings: impl FnOnce(String) -> String,
    ) -> Result<Self> {
        let plan = SitePlan {
            site_day: repository().join("tests/faces/site-day.toml"),
            play: false,
            find_interval_ms: 30,
            screen_more: String::new(),
            gate_more: String::new(),
            // A slow machine sees few frames.
            more: "[policy.face]\nlook_ms = 3000\nsecond_look_ms = 5000\n".to_owned(),
            board_image: None,
            faces: true,
        };
        let mut site = Site::prepare(folder, &plan).await?;
        let numbers = consent(&site, &folder.join("box/roster.json"), words)?;
        let faces = site.faces.take().ok_or("a site with faces")?;
        site.gate_box.edit(settings)?;
        site.gate_box.up().await?;
        Ok(Self {
            site,
            faces,
            numbers,
        })
    }

    async fn show(&self, picture: Option<&str>) -> Result<()> {
        self.show_as(picture, "alive").await
    }

    /// Shows somebody, or a fraud with his picture.
    async fn show_as(&self, picture: Option<&str>, showing: &str) -> Result<()> {
        let body = json!({"lane": LANE, "direction": "in", "picture": picture, "showing": showing});
        self.site.simulator.act("face", &body).await.map(drop)
    }

    /// Waits for the camera's state in the ledger.
    async fn camera_is(&self, after: u64, state: &str) -> Result<u64> {
        let (seq, _) = self
            .record(after, &format!("the camera is {state}"), |body| {
                body["kind"] == "device"
                    && body["device"] == "1号进口摄像头"
                    && body["state"] == state
            })
            .await?;
        Ok(seq)
    }

    async fn record(
        &self,
        after: u64,
        what: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> Result<(u64, Value)> {
        eventually(what, async || {
            let records = self.site.gate_box.records(after)?;
            let found = records.into_iter().find(|record| fits(&record["body"]));
            Ok(found.map(|record| (record["seq"].as_u64().unwrap_or(0), record["body"].clone())))
        })
        .await
    }

    /// The presentation of a worker after `seq`; the first one is number 1.
    async fn presentation(&self, after: u64, worker: usize) -> Result<(u64, Value)> {
        self.record(after, &format!("worker {worker} is presented"), |body| {
            body["kind"] == "presentation" && body["worker"] == worker
        })
        .await
    }

    async fn head(&self) -> Result<u64> {
        Ok(self.site.gate_box.status()?["records"]
            .as_u64()
            .unwrap_or(0))
    }

    /// A whole turn with a card; how it ended.
    async fn visit(&self, worker: usize) -> Result<String> {
        let body = json!({"reader": "gate-1-in", "person": self.numbers[worker - 1]});
        let end = self.site.simulator.act("visit", &body).await?;
        Ok(end["end"].as_str().unwrap_or_default().to_owned())
    }

    /// Both pictures of a doubtful face that the box keeps; `None` while there are not both.
    fn kept(&self) -> Result<Option<[Vec<u8>; 2]>> {
        let folder = self.site.gate_box.folder();
        let key = Key::from_file(&folder.join("ledger.key"))?;
        let reader = Reader::open(&folder.join("ledger.db"), &key, BOX_ID)?;
        let pictured = reader.acts(0, i64::MAX)?;
        for record in pictured.iter().filter_map(|act| act.pictures) {
            let found = reader.faces()?.pictures(record, 0)?;
            if let Some((_, pictures)) = found
                && let (Some(gate), Some(own)) = (pictures.gate, pictures.own)
            {
                return Ok(Some([gate, own]));
            }
        }
        Ok(None)
    }

    /// Enrolls workers with these portraits; what the command printed and whether all were taken.
    fn enroll(&self, folder: &Path, pictures: &[(usize, &str)]) -> Result<(Option<i32>, String)> {
        fs::create_dir_all(folder)?;
        for (worker, portrait) in pictures {
            let file = Faces::portrait(portrait);
            let ending = file
                .extension()
                .and_then(|word| word.to_str())
                .unwrap_or("jpg");
            let name = format!("{}.{ending}", self.numbers[worker - 1]);
            fs::copy(file, folder.join(name))?;
        }
        let ended = self
            .site
            .gate_box
            .menwei_ends(&["enroll", folder.to_str().unwrap_or_default()])?;
        Ok((ended.code, ended.printed))
    }
}

/// Writes the consent of the first two workers into the roster and imports it again; all numbers.
fn consent(site: &Site, roster: &Path, words: [Option<u16>; 2]) -> Result<Vec<String>> {
    let mut file: Value = serde_json::from_slice(&fs::read(roster)?)?;
    let workers = file["workers"].as_array_mut().ok_or("no workers")?;
    for (worker, words) in workers.iter_mut().zip(words) {
        worker["face_consent_on"] = json!("2026-11-01");
        if let Some(words) = words {
            worker["face_consent_text"] = json!(words);
        }
    }
    let numbers = workers
        .iter()
        .filter_map(|worker| worker["id_number"].as_str().map(str::to_owned))
        .collect();
    fs::write(roster, serde_json::to_vec(&file)?)?;
    site.gate_box
        .menwei(&["import", roster.to_str().unwrap_or_default()])?;
    Ok(numbers)
}

#[tokio::test]
async fn right_wrong_and_no_face() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut gate = Gate::start(folder.path()).await?;
    gate.faces.up()?;
    let up = gate.camera_is(0, "online").await?;

    // Enrollment: a reason for each refused picture, no template without a consent.
    let (code, printed) = gate.enroll(
        &folder.path().join("bad"),
        &[(1, "c/1.png"), (3, "a/1.jpg")],
    )?;
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("3 号工人：本人没有同意"), "{printed}");
    let (code, printed) = gate.enroll(
        &folder.path().join("good"),
        &[(1, "a/1.jpg"), (2, "b/1.jpg")],
    )?;
    assert_eq!(code, Some(0), "{printed}");
    assert_eq!(gate.faces.templates()?, 2, "one for each consent");

    // A face alone, another shot than the enrolled one.
    gate.show(Some("a2")).await?;
    let (seq, alone) = gate.presentation(up, 1).await?;
    assert_eq!(
        (&alone["by"], &alone["result"]),
        (&json!("001"), &json!("granted")),
        "{alone}"
    );
    eventually("the arm opens for a face", async || {
        let journal = gate.site.simulator.journal()?;
        let opened = journal.iter().any(|line| line["act"] == "arm_opened");
        Ok(opened.then_some(()))
    })
    .await?;
    gate.site.simulator.walk(LANE, "in").await?;
    gate.record(seq, "he walked through", |body| {
        body["kind"] == "passage" && body["worker"] == 1
    })
    .await?;

    // Worker 2's card with a stranger's face: closed. Nobody is presented for the stranger himself.
    gate.show(Some("c1")).await?;
    let kept_out = eventually("the other one's face is seen", async || {
        let before = gate.head().await?;
        gate.visit(2).await?;
        let (_, presented) = gate.presentation(before, 2).await?;
        // Until the camera has seen enough, it opens only with a mark.
        let marks = presented["flags"].to_string();
        let marked = marks.contains("face_unchecked") || marks.contains("face_uncertain");
        assert!(presented["result"] != "granted" || marked, "{presented}");
        Ok((presented["result"] == "denied").then_some(presented))
    })
    .await?;
    assert_eq!(kept_out["reason"], "face_differs", "{kept_out}");

    // Worker 3 has not agreed: the card alone, whoever stands there.
    let before = gate.head().await?;
    assert_eq!(gate.visit(3).await?, "through");
    let (_, by_card) = gate.presentation(before, 3).await?;
    assert_eq!(by_card["result"], "granted", "{by_card}");

    // The right face for the card, shown once the card is read.
    gate.show(None).await?;
    let before = gate.head().await?;
    let reader = json!({"reader": "gate-1-in", "person": gate.numbers[0], "wait": false});
    let reads = reads_of(&gate.site, &gate.numbers[0])?;
    gate.site.simulator.act("visit", &reader).await?;
    eventually("the card is read", async || {
        Ok((reads_of(&gate.site, &gate.numbers[0])? > reads).then_some(()))
    })
    .await?;
    gate.show(Some("a3")).await?;
    let (_, both) = gate.presentation(before, 1).await?;
    assert_eq!(
        (&both["by"], &both["result"]),
        (&json!("005"), &json!("granted")),
        "{both}"
    );
    let marks = both["flags"].to_string();
    // A slow machine may see nothing in time, never somebody else.
    assert!(!marks.contains("face_differs"), "{both}");
    Ok(())
}

fn reads_of(site: &Site, number: &str) -> Result<usize> {
    let journal = site.simulator.journal()?;
    let reads = journal
        .iter()
        .filter(|line| line["act"] == "read_ok" && line["person"] == number);
    Ok(reads.count())
}

#[tokio::test]
async fn a_killed_or_hung_process_costs_no_swipe() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut gate = Gate::start(folder.path()).await?;
    gate.faces.up()?;
    let up = gate.camera_is(0, "online").await?;
    let (code, printed) = gate.enroll(
        &folder.path().join("good"),
        &[(1, "a/1.jpg"), (2, "b/1.jpg")],
    )?;
    assert_eq!(code, Some(0), "{printed}");

    gate.faces.process()?.signal("STOP")?;
    let before = gate.head().await?;
    assert_eq!(gate.visit(1).await?, "through", "hung");
    let (_, unchecked) = gate.presentation(before, 1).await?;
    assert!(
        unchecked["flags"].to_string().contains("face_unchecked"),
        "{unchecked}"
    );
    let down = gate.camera_is(up, "offline").await?;

    gate.faces.kill()?;
    assert_eq!(gate.visit(2).await?, "through", "killed");
    gate.faces.up()?;
    gate.camera_is(down, "online").await?;
    assert_eq!(gate.faces.templates()?, 2, "templates outlive the process");
    Ok(())
}

#[tokio::test]
async fn without_its_models_the_box_works_by_card_and_says_why() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut gate = Gate::start(folder.path()).await?;
    let text = fs::read_to_string(gate.faces.config())?;
    let models = Faces::models().display().to_string();
    fs::write(gate.faces.config(), text.replace(&models, "/nowhere"))?;
    gate.faces.up()?;
    gate.camera_is(0, "fault").await?;
    assert_eq!(gate.visit(1).await?, "through");
    Ok(())
}

#[tokio::test]
async fn a_day_with_faces_sends_neither_picture_nor_template() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // They have signed that pictures may be sent, and the city has an address for them: what is
    // missing is the site's basis.
    let settings =
        |text: String| text.replace("[city]\n", "[city]\nphoto_address = \"localhost:1\"\n");
    let mut gate = Gate::start_as(folder.path(), Some(5), settings).await?;
    let (broker, inside) = (gate.site.broker.port(), gate.site.broker.city_port());
    let observer = Observer::listen(gate.site.city.folder(), inside).await?;
    let since = gate.head().await?;
    gate.faces.up()?;
    let up = gate.camera_is(0, "online").await?;
    gate.enroll(
        &folder.path().join("good"),
        &[(1, "a/1.jpg"), (2, "b/1.jpg")],
    )?;
    gate.show(Some("a2")).await?;
    gate.presentation(up, 1).await?;
    gate.show(Some("c1")).await?;
    eventually("the other one's face is seen", async || {
        let before = gate.head().await?;
        gate.visit(2).await?;
        let (_, presented) = gate.presentation(before, 2).await?;
        Ok((presented["result"] == "denied").then_some(()))
    })
    .await?;
    let pictures = eventually("the box keeps both pictures", async || gate.kept()).await?;

    // Nobody else is spoken to: the box to its broker, the face process to its camera.
    let camera = gate.site.simulator.page();
    let camera = camera.rsplit(':').next().unwrap_or_default().parse()?;
    let menwei = gate.site.gate_box.process_id()?;
    assert_eq!(talks_to(menwei)?, [broker].into());
    assert_eq!(talks_to(gate.faces.process()?.id())?, [camera].into());

    gate.site.settled().await?;
    let records = gate.site.gate_box.records(since)?;
    eventually("the observer has heard every record", async || {
        let heard = observer.texts()?;
        let heard: Vec<Value> = heard
            .iter()
            .filter_map(|text| serde_json::from_slice(text).ok())
            .collect();
        let all = records.iter().all(|record| heard.contains(&record["body"]));
        Ok(all.then_some(()))
    })
    .await?;
    let (mut by_face, mut mismatches) = (0, 0);
    for text in observer.texts()? {
        let Ok(message) = serde_json::from_slice::<Value>(&text) else {
            return Err(format!("no JSON: {}", String::from_utf8_lossy(&text)).into());
        };
        // A template has 512 bytes and a picture more; a sealed person is the only long text.
        let longest = longest_text(&message);
        let most = if message["kind"] == "worker" {
            700
        } else {
            200
        };
        assert!(
            longest.len() < most && longest_list(&message) < 128,
            "{message}"
        );
        for start in ["/9j/", "iVBOR", "ffd8ff", "data:"] {
            assert!(!longest.starts_with(start), "{message}");
        }
        for picture in &pictures {
            assert!(!holds(&text, picture), "a picture: {message}");
        }
        by_face += usize::from(message["by"] == "001");
        mismatches += usize::from(message["reason"] == "face_differs");
    }
    assert!(by_face > 0 && mismatches > 0, "faces were used that day");
    Ok(())
}

/// Whether a picture, or its middle, stands in it: as it is, as base64 or in hexadecimal.
fn holds(text: &[u8], picture: &[u8]) -> bool {
    let middle = picture.len() / 2;
    let piece = &picture[middle..middle + 64];
    let hex: String = piece.iter().map(|byte| format!("{byte:02x}")).collect();
    // Wherever the piece begins within three bytes, these words of it are the same.
    let words = (0..3).map(|skip| STANDARD.encode(&piece[skip..skip + 48]).into_bytes());
    let mut forms = words.chain([piece.to_vec(), hex.into_bytes()]);
    forms.any(|form| text.windows(form.len()).any(|window| window == form))
}

/// The longest text anywhere in a value.
fn longest_text(value: &Value) -> String {
    let all: Vec<String> = match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().map(longest_text).collect(),
        Value::Object(fields) => fields.values().map(longest_text).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    };
    all.into_iter().max_by_key(String::len).unwrap_or_default()
}

/// The length of the longest list anywhere in a value.
fn longest_list(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(longest_list).fold(items.len(), usize::max),
        Value::Object(fields) => fields.values().map(longest_list).max().unwrap_or(0),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
