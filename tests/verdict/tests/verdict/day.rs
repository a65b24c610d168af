//! A day as it went, written by hand.

use std::fmt::Write as _;

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Kem as _, OpModeS, Serializable as _};
use sha2::{Digest as _, Sha256};
use tests_verdict::unseal::CityKey;
use tests_verdict::{Verdict, journal, judge, ledger};

pub(crate) const BOX: &str = "box-1";
pub(crate) const EPOCH: &str = "00112233aabbccdd";
pub(crate) const ZHANG: &str = "349901199003070016";
pub(crate) const LI: &str = "349901199003070024";
pub(crate) const STRANGER: &str = "34990119900307018X";

/// What a test's key agreement takes its randomness from.
struct Counting(u8);

impl hpke::rand_core::TryRng for Counting {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::from(self.0))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from(self.0))
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), Self::Error> {
        for byte in target {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
        Ok(())
    }
}

impl hpke::rand_core::TryCryptoRng for Counting {}

/// Box, epoch, and each record with the status that the city gives it.
type Further = (&'static str, &'static str, Vec<(String, &'static str)>);

/// Writes an epoch as a city holds it.
fn insert(conn: &rusqlite::Connection, (id, epoch): (&str, &str), rows: &[(i64, &String, &str)]) {
    let mut hash = Sha256::digest(format!("menwei/1/{id}/{epoch}")).to_vec();
    for (seq, body, status) in rows {
        hash = Sha256::new()
            .chain_update(&hash)
            .chain_update(body)
            .finalize()
            .to_vec();
        conn.execute(
            "INSERT INTO record VALUES (?1, ?2, ?3, CAST(?4 AS BLOB), ?5, 0, ?6)",
            rusqlite::params![id, epoch, seq, body, hash, status],
        )
        .unwrap();
    }
}

/// A day as it went: what the journal says, what the city holds.
pub(crate) struct Day {
    pub(crate) journal: String,
    pub(crate) lines: u64,
    pub(crate) bodies: Vec<(i64, String)>,
    /// Further epochs.
    pub(crate) further: Vec<Further>,
}

impl Day {
    /// Two workers are known, the box has started, and nothing happened yet.
    pub(crate) fn new() -> Self {
        let mut day = Self {
            journal: String::new(),
            lines: 0,
            bodies: Vec::new(),
            further: Vec::new(),
        };
        day.line(0, r#""act":"journal_opened","site_day":"by hand","seed":1"#);
        day.record(0, r#""kind":"started","boot_id":"x","software":"t""#);
        day.worker(1, ZHANG);
        day.worker(2, LI);
        day
    }

    pub(crate) fn line(&mut self, at: i64, rest: &str) {
        self.lines += 1;
        let n = self.lines;
        writeln!(
            self.journal,
            r#"{{"n":{n},"wall_ms":{at},"mono_ns":{n},{rest}}}"#
        )
        .unwrap();
    }

    pub(crate) fn record(&mut self, at: i64, rest: &str) {
        let body = format!(r#"{{"at":{at},"boot":1,"mono":{at},"clock":"synced",{rest}}}"#);
        let seq = i64::try_from(self.bodies.len()).unwrap() + 1;
        self.bodies.push((seq, body));
    }

    pub(crate) fn worker(&mut self, worker: u32, number: &str) {
        let data_key = [7_u8; 32];
        let aad = format!("menwei-person-1|{BOX}|{worker}");
        let person = format!(r#"{{"name":"试","id_kind":"resident","id_number":"{number}"}}"#);
        let payload = Payload {
            msg: person.as_bytes(),
            aad: aad.as_bytes(),
        };
        let sealed = Aes256Gcm::new(&Key::<Aes256Gcm>::from(data_key))
            .encrypt(&Nonce::from([3; 12]), payload)
            .unwrap();
        let sealed = STANDARD.encode([&[3_u8; 12][..], &sealed].concat());
        let (_, public) = X25519HkdfSha256::derive_keypair(&[9; 32]);
        let (encapped, wrapped) =
            hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
                &OpModeS::Base,
                &public,
                b"menwei-key-1",
                &data_key,
                format!("{BOX}|{worker}").as_bytes(),
                &mut Counting(0),
            )
            .unwrap();
        let wrapped = STANDARD.encode([encapped.to_bytes().as_slice(), &wrapped].concat());
        self.record(
            0,
            &format!(
                r#""kind":"worker","worker":{worker},"sealed":"{sealed}","wraps":[{{"key":"00000000","wrapped":"{wrapped}"}}]"#
            ),
        );
    }

    pub(crate) fn card(&mut self, at: i64, person: &str) {
        self.line(
            at,
            &format!(
                r#""act":"read_ok","visit":1,"reader":"r","lane":"east","direction":"in","person":"{person}""#
            ),
        );
    }

    pub(crate) fn presented(&mut self, at: i64, worker: Option<u32>, result: &str) {
        let worker = worker.map_or_else(String::new, |worker| format!(r#""worker":{worker},"#));
        self.record(
            at,
            &format!(
                r#""kind":"presentation","lane":"east","direction":"in","by":"005",{worker}"result":"{result}","counted":false,"policy":1"#
            ),
        );
    }

    pub(crate) fn arm(&mut self, at: i64) {
        self.line(at, r#""act":"arm_opened","lane":"east","direction":"in""#);
    }

    pub(crate) fn walk(&mut self, at: i64, person: &str) {
        self.line(
            at,
            &format!(
                r#""act":"walked_through","visit":1,"lane":"east","direction":"in","person":"{person}""#
            ),
        );
    }

    pub(crate) fn passed(&mut self, at: i64, worker: u32, event: u32) {
        self.record(
            at,
            &format!(
                r#""kind":"passage","lane":"east","direction":"in","outcome":"passed","worker":{worker},"counted":true,"board":{{"boot":1,"seq":{event}}}"#
            ),
        );
    }

    /// One worker in, everything as it must be.
    pub(crate) fn visit(&mut self, at: i64, (person, worker): (&str, u32)) {
        self.card(at, person);
        self.presented(at + 5, Some(worker), "granted");
        self.arm(at + 20);
        self.walk(at + 2_000, person);
        self.passed(at + 2_001, worker, u32::try_from(at / 1_000).unwrap());
    }

    pub(crate) fn ledger(&self, change: impl Fn(&rusqlite::Connection)) -> ledger::Ledger {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("city.db");
        let conn = rusqlite::Connection::open(&path).unwrap();
        conn.execute_batch(
            "CREATE TABLE record (box TEXT, epoch TEXT, seq INTEGER, body BLOB, hash BLOB,
               received_at INTEGER, status TEXT, PRIMARY KEY (box, epoch, seq))",
        )
        .unwrap();
        let first: Vec<(i64, &String, &str)> = self
            .bodies
            .iter()
            .map(|(seq, body)| (*seq, body, "stored"))
            .collect();
        insert(&conn, (BOX, EPOCH), &first);
        for (id, epoch, records) in &self.further {
            let rows: Vec<(i64, &String, &str)> = (1..)
                .zip(records)
                .map(|(seq, (body, status))| (seq, body, *status))
                .collect();
            insert(&conn, (id, epoch), &rows);
        }
        change(&conn);
        drop(conn);
        let (private, _) = X25519HkdfSha256::derive_keypair(&[9; 32]);
        let mut key = String::new();
        for byte in private.to_bytes() {
            write!(key, "{byte:02x}").unwrap();
        }
        ledger::read(&path, &CityKey::from_hex(&key).unwrap()).unwrap()
    }

    pub(crate) fn judged(&self) -> Verdict {
        judge(
            &journal::parse(&self.journal).unwrap(),
            &self.ledger(|_| {}),
        )
    }
}
