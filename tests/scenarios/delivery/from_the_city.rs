//! What comes down signed is carried out at the running gate; nothing else is.

use serde_json::{Value, json};
use sync_wire::down::{
    Command, Down, PolicyOrder, PolicyValues, Requirement, Revocation, RosterPointer, SigningKey,
};
use sync_wire::record::IdKind;
use sync_wire::roster::{RosterLine, RosterOp, RosterTeam};
use sync_wire::{Hash, seal};
use tests::{BOX_ID, FileServer, Result, Sent, SigningCity, Site, eventually, roster_file};

use crate::help::{Gate, plan};

/// A stranger of the site day, as the city knows him.
pub(super) async fn stranger(site: &Site) -> Result<RosterLine> {
    let state = site.simulator.state().await?;
    let people = state["people"].as_array().ok_or("no people")?;
    let one = people
        .iter()
        .find(|one| one["standing"] == "not_on_roster")
        .ok_or("no stranger")?;
    let (number, name) = (one["person"].as_str(), one["name"].as_str());
    let number = number.ok_or("no number")?;
    let born = [&number[6..10], &number[10..12], &number[12..14]].join("-");
    let is_man = number[16..17].parse::<u8>()? % 2 == 1;
    Ok(RosterLine {
        name: name.map(str::to_owned),
        id_kind: Some(IdKind::Resident),
        sex: Some(if is_man {
            seal::Sex::Male
        } else {
            seal::Sex::Female
        }),
        born: Some(born),
        team: Some(RosterTeam {
            name: "防水班".to_owned(),
            uscc: "91349900MA8N0TE18Q".to_owned(),
            employer: "测试市众力劳务有限公司".to_owned(),
            r#type: "006".to_owned(),
        }),
        trade: Some("230".to_owned()),
        role: Some("20".to_owned()),
        entered_on: Some("2026-11-20".to_owned()),
        contract_signed_on: Some("2026-11-19".to_owned()),
        trained_on: Some("2026-11-20".to_owned()),
        ..RosterLine::about(RosterOp::Add, number)
    })
}

/// A site with a city that signs, and its files.
struct Downlink {
    city: SigningCity,
    files: FileServer,
    numbers: [u64; 2],
}

impl Downlink {
    async fn of(site: &Site) -> Result<Self> {
        let city = SigningCity::start(site.city.folder(), site.broker.city_port()).await?;
        Ok(Self {
            city,
            files: FileServer::start(site.city.folder())?,
            numbers: [0, 0],
        })
    }

    /// The next number of the command's topic.
    fn message(&mut self, command: Command) -> Result<Down> {
        let topic = usize::from(!matches!(command, Command::Roster(_)));
        self.numbers[topic] += 1;
        SigningCity::message(self.numbers[topic], command)
    }

    async fn send(&mut self, command: Command) -> Result<(Sent, Value)> {
        let down = self.message(command)?;
        let heard = self.city.heard();
        let sent = self.city.send(&down).await?;
        let what = format!("{} {}", down.command.word(), down.number);
        let fits =
            |one: &Value| one["number"] == down.number && one["command"] == down.command.word();
        Ok((sent, self.city.result(heard, &what, fits).await?))
    }

    /// Puts a file on the server; where it is.
    fn shelve(&self, version: u64, file: &[u8]) -> RosterPointer {
        RosterPointer {
            version,
            base: None,
            sha256: Hash::from_bytes(openssl::sha::sha256(file)),
            bytes: u64::try_from(file.len()).unwrap_or(u64::MAX),
            url: self.files.put(&format!("/roster/{version}"), file),
        }
    }

    /// What the box answers to a message that it must not carry out.
    async fn refused(&self, topic: &'static str, payload: Vec<u8>, code: &str) -> Result<()> {
        let heard = self.city.heard();
        self.city.publish(topic, payload).await?;
        let result = self.city.result(heard, code, |_| true).await?;
        if result["code"] != code || result["ok"] != false {
            return Err(format!("{code} expected: {result}").into());
        }
        let text = result["message"].as_str().unwrap_or_default();
        text.chars()
            .any(|one| ('\u{4e00}'..='\u{9fff}').contains(&one))
            .then_some(())
            .ok_or_else(|| format!("no reason for people: {result}").into())
    }
}

fn confirm(number: &str) -> RosterLine {
    RosterLine::about(RosterOp::Confirm, number)
}

/// Records that only a carried out message writes.
fn effects(gate: Gate<'_>) -> Result<usize> {
    let kinds = [
        "roster_applied",
        "policy_applied",
        "blacklist",
        "worker",
        "entry",
    ];
    let mut count = 0;
    for kind in kinds {
        count += gate.bodies(0, kind)?.len();
    }
    Ok(count)
}

/// Why he is refused. Who was read a moment ago is only repeated: he tries until he is judged anew.
async fn refusal(gate: Gate<'_>, reader: &str, person: &str) -> Result<Value> {
    let before = gate.head()?;
    eventually("a refusal", async || {
        gate.visit(reader, person).await?;
        let presented = gate.bodies(before, "presentation")?;
        Ok(presented
            .into_iter()
            .find(|body| body["result"] == "denied"))
    })
    .await
}

fn policy(version: u32, hours: u8) -> Command {
    Command::Policy(PolicyOrder {
        version,
        values: PolicyValues {
            training: Some(Requirement::Ignored),
            presence_h_max: Some(hours),
            ..PolicyValues::default()
        },
    })
}

fn revoke(workers: Vec<u32>) -> Command {
    Command::Revoke(Revocation {
        workers,
        reason: "平台列入黑名单".to_owned(),
    })
}

#[tokio::test]
async fn a_signed_roster_revocation_and_policy_reach_the_running_gate() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("one-gate")).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    let mut down = Downlink::of(&site).await?;
    let new = stranger(&site).await?;
    assert_eq!(
        refusal(gate, "gate-2-in", "not_on_roster").await?["reason"],
        "not_on_roster"
    );

    // The roster file comes in three pieces, over two broken connections.
    let file = roster_file(7, None, std::slice::from_ref(&new))?;
    let pointer = down.shelve(7, &file);
    down.files.break_off_after(&[100, 150]);
    let before = gate.head()?;
    let (sent, result) = down.send(Command::Roster(pointer.clone())).await?;
    assert_eq!(result["ok"], true, "{result}");
    let asked = down.files.asked();
    let parts: Vec<usize> = asked.iter().map(|one| one.from).collect();
    assert_eq!(
        parts,
        [0, 100, 250],
        "each goes on where the one before broke off"
    );
    assert!(asked.iter().all(|one| one.by == BOX_ID), "{asked:?}");
    gate.passes("gate-1-in", "not_on_roster").await?;
    let applied = gate.bodies(before, "roster_applied")?;
    assert_eq!(applied.len(), 1);
    assert_eq!(applied[0]["version"], 7);
    assert_eq!(applied[0]["digest"], pointer.sha256.to_hex());
    assert_eq!(applied[0]["added"], 1);
    let made: Vec<Value> = ["team", "worker", "entry", "contract", "training"]
        .iter()
        .flat_map(|kind| gate.bodies(before, kind).unwrap_or_default())
        .collect();
    assert_eq!(made.len(), 5, "{made:?}");
    let number = &new.id_number;
    assert!(!json!(made).to_string().contains(number.as_str()), "sealed");

    // The very same message again: the very same answer, and nothing done.
    let (heard, did) = (down.city.heard(), effects(gate)?);
    down.city.again(&sent).await?;
    assert_eq!(
        down.city.result(heard, "the repetition", |_| true).await?,
        result
    );
    assert_eq!(effects(gate)?, did);

    // Whom the whole roster does not name goes on passing, until he is barred.
    let (presentation, _) = gate.passes("gate-2-in", "admitted:0").await?;
    let worker = presentation["worker"].as_u64().ok_or("no worker")?;
    gate.passes("gate-2-out", "admitted:0").await?;
    let (_, result) = down.send(revoke(vec![u32::try_from(worker)?])).await?;
    assert_eq!(result["ok"], true, "{result}");
    let body = gate.stays_out("gate-1-in", "admitted:0").await?;
    assert_eq!(body["reason"], "blacklisted", "{body}");

    // The rules change at once, with their version in every presentation.
    assert_eq!(
        refusal(gate, "gate-2-in", "untrained").await?["reason"],
        "training_missing"
    );
    let (_, result) = down.send(policy(9, 18)).await?;
    assert_eq!(result["ok"], true, "{result}");
    let (presentation, _) = gate.passes("gate-1-in", "untrained").await?;
    assert_eq!(presentation["policy"], 9);

    // All of it outlives the process; the retained pointer comes again and changes nothing.
    let (heard, did) = (down.city.heard(), effects(gate)?);
    site.gate_box.stop().await?;
    site.gate_box.up().await?;
    let gate = Gate::from(&site);
    let again = down
        .city
        .result(heard, "the retained pointer", |_| true)
        .await?;
    assert_eq!((&again["number"], &again["ok"]), (&json!(1), &json!(true)));
    assert_eq!(effects(gate)?, did);
    let (presentation, _) = gate.passes("gate-2-in", "untrained:1").await?;
    assert_eq!(presentation["policy"], 9);
    let body = gate.stays_out("gate-1-in", "admitted:0").await?;
    assert_eq!(body["reason"], "blacklisted", "{body}");
    let status = site.gate_box.status()?;
    assert_eq!(status["roster_version"], 7, "{status}");
    site.settled().await?;
    Ok(())
}

#[tokio::test]
async fn what_must_not_be_followed_is_refused_with_its_reason_and_changes_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let site = Site::start(folder.path(), &plan("one-gate")).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    let mut down = Downlink::of(&site).await?;
    let new = stranger(&site).await?;
    let (sent, result) = down.send(revoke(vec![4_000_000])).await?;
    assert_eq!(result["code"], "unknown_worker", "{result}");
    let good = roster_file(3, None, &[confirm("349901199003070016")])?;
    let pointer = down.shelve(3, &good);
    let (_, result) = down.send(Command::Roster(pointer)).await?;
    assert_eq!(result["ok"], true, "{result}");
    assert!(
        result["message"].to_string().contains("1 人本机没有登记"),
        "{result}"
    );
    let did = effects(gate)?;

    // Not the city's, not for this box, not now.
    let forger = SigningKey::from_bytes(&[9; 32]);
    let message = |number, command| SigningCity::message(number, command);
    let forged = forger.sign(&message(90, revoke(vec![1]))?)?;
    down.refused("cmd", forged, "wrong_signature").await?;
    down.refused("cmd", b"{}".to_vec(), "unreadable").await?;
    down.refused("cmd", vec![b'x'; 40_000], "unreadable")
        .await?;
    let other = Down {
        r#box: "another-box".to_owned(),
        ..message(91, revoke(vec![1]))?
    };
    down.refused("cmd", down.city.sign(&other)?, "other_box")
        .await?;
    let late = Down {
        expires_at: 1_795_302_000_000,
        ..message(92, revoke(vec![1]))?
    };
    down.refused("cmd", down.city.sign(&late)?, "expired")
        .await?;
    let old = down.city.sign(&message(0, revoke(vec![1]))?)?;
    down.refused("cmd", old, "old_number").await?;
    let astray = down.city.sign(&message(93, revoke(vec![1]))?)?;
    down.refused("roster", astray, "unknown_type").await?;
    let (_, result) = down.send(policy(5, 49)).await?;
    assert_eq!(result["code"], "bad_policy", "{result}");

    // Files that are not what was signed, or no roster.
    let whole = roster_file(4, None, std::slice::from_ref(&new))?;
    let cut = down.shelve(4, &whole);
    down.files.put("/roster/4", &whole[..whole.len() - 10]);
    let (_, result) = down.send(Command::Roster(cut)).await?;
    assert_eq!(result["code"], "wrong_digest", "{result}");
    let changed = down.shelve(5, &roster_file(5, None, std::slice::from_ref(&new))?);
    let text = String::from_utf8(roster_file(5, None, std::slice::from_ref(&new))?)?;
    down.files.put(
        "/roster/5",
        text.replace("2026-11-20", "2026-11-21").as_bytes(),
    );
    let (_, result) = down.send(Command::Roster(changed)).await?;
    assert_eq!(result["code"], "wrong_digest", "{result}");
    let twice = down.shelve(6, &roster_file(6, None, &[new.clone(), new.clone()])?);
    let (_, result) = down.send(Command::Roster(twice)).await?;
    assert_eq!(result["code"], "bad_roster", "{result}");
    assert!(
        result["message"].to_string().contains("第 3 行"),
        "{result}"
    );
    let old = down.shelve(2, &roster_file(2, None, std::slice::from_ref(&new))?);
    let (_, result) = down.send(Command::Roster(old)).await?;
    assert_eq!(result["code"], "old_version", "{result}");
    let change = RosterPointer {
        base: Some(2),
        ..down.shelve(8, &roster_file(8, Some(2), std::slice::from_ref(&new))?)
    };
    let (_, result) = down.send(Command::Roster(change)).await?;
    assert_eq!(result["code"], "wrong_base", "{result}");

    // Nothing of all that has done anything, and what is right still works.
    assert_eq!(effects(gate)?, did);
    assert_eq!(
        refusal(gate, "gate-2-in", "not_on_roster").await?["reason"],
        "not_on_roster"
    );
    let heard = down.city.heard();
    down.city.again(&sent).await?;
    let again = down
        .city
        .result(heard, "an old one again", |_| true)
        .await?;
    assert_eq!(again["code"], "old_number", "{again}");
    let pointer = down.shelve(9, &roster_file(9, None, &[new])?);
    let file = pointer.url.clone();
    let nowhere = RosterPointer {
        url: file.replace("/roster/9", "/nowhere"),
        ..pointer.clone()
    };
    let (_, result) = down.send(Command::Roster(nowhere)).await?;
    assert_eq!(result["code"], "cannot_fetch", "{result}");
    let (heard, overtaken) = (down.city.heard(), result["number"].clone());
    let (_, result) = down.send(Command::Roster(pointer)).await?;
    assert_eq!(
        result["ok"], true,
        "a newer pointer takes its place: {result}"
    );
    let is_its = |one: &Value| one["number"] == overtaken;
    let end = down.city.result(heard, "the other's end", is_its).await?;
    assert_eq!(end["code"], "old_number", "{end}");
    gate.passes("gate-1-in", "not_on_roster").await?;
    let status = eventually("what was refused is written down", async || {
        let status = site.gate_box.status()?;
        Ok((status["down_refused"]["cannot_fetch"] == 1).then_some(status))
    })
    .await?;
    assert_eq!(status["down_refused"]["wrong_signature"], 1, "{status}");
    assert_eq!(status["down_refused"]["unreadable"], 2, "{status}");
    let last = &status["down_refused_last"]["cmd"];
    assert_eq!(last["code"], "old_number", "{status}");
    site.settled().await?;
    Ok(())
}
