//! `menwei recover`: what an old file of this box holds goes up after all, under its own name.
//!
//! An epoch that this file does not have, or has the beginning of, stands here as an older one from now
//! on. Where the two continue differently, what only the old file has is carried over.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use edge_domain::Moment;
use edge_store::{Entry, Head, Key, OldFile, Part, Reader, StoreError, StoredRecord, Writer};
use tokio::task::spawn_blocking;

use crate::advice::advice;
use crate::clock::Clock;
use crate::error::DaemonError;
use crate::office::carry::wrapped;

/// Records of one commit: a swipe waits behind one such commit at most.
const CHUNK_RECORDS: u32 = 100;
/// Pause between two commits, in which the gate has the ledger for itself.
const PAUSE: Duration = Duration::from_millis(10);
/// The setting that remembers how far an epoch was carried over from an old file.
const PROGRESS: &str = "recovered";

/// The ledger into which an old file is taken over.
#[derive(Debug, Clone)]
pub(crate) struct Recovery {
    /// For questions.
    pub(crate) reader: Arc<Mutex<Reader>>,
    /// For records.
    pub(crate) writer: Writer,
    /// When records are carried over.
    pub(crate) clock: Clock,
}

/// How an epoch of the old file goes on in this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Under its own name, behind this record.
    OwnName(Head),
    /// As carried records, behind this one.
    Carried(Head),
}

impl Recovery {
    /// Takes over what this ledger does not have; what became of it, in Chinese.
    ///
    /// # Errors
    /// Why nothing, or not all, could be taken over, in Chinese.
    pub(crate) async fn take(
        self,
        (file, key): (&Path, &Key),
        box_id: &str,
    ) -> Result<String, String> {
        let opened = (file.to_owned(), key.clone(), box_id.to_owned());
        let old = spawn_blocking(move || OldFile::open(&opened.0, &opened.1, &opened.2));
        let old = old.await.map_err(|error| error.to_string())?;
        let old = Arc::new(Mutex::new(old.map_err(|error| advice(&error))?));
        let told = |error: DaemonError| error.to_string();
        let epochs = self.ask(&old, |old, _| old.epochs()).await.map_err(told)?;
        let mut said = Vec::new();
        for epoch in epochs {
            said.extend(self.epoch(&old, epoch).await.map_err(told)?);
        }
        tracing::warn!(file = %file.display(), ?said, "An old file was taken over");
        if said.is_empty() {
            return Ok("文件里的记录本机都有，没有需要恢复的".to_owned());
        }
        Ok(format!(
            "{}。会自动上传平台，平台已有的不会重复",
            said.join("；")
        ))
    }

    /// One epoch; what there is to say about it.
    async fn epoch(
        &self,
        old: &Arc<Mutex<OldFile>>,
        epoch: String,
    ) -> Result<Option<String>, DaemonError> {
        let name = epoch.clone();
        let way = self.ask(old, move |old, reader| way(old, reader, &name));
        let way = way.await?;
        let (Way::OwnName(mut head) | Way::Carried(mut head)) = way;
        let (mut taken, mut daily) = (0_u64, 0_u64);
        loop {
            let name = epoch.clone();
            let next = self.ask(old, move |old, _| {
                old.continuing(&name, head, CHUNK_RECORDS)
            });
            let Part { bodies, is_daily } = next.await?;
            if bodies.is_empty() {
                break;
            }
            let after = head;
            for body in &bodies {
                head = head.extend(body);
            }
            let some = head.seq.saturating_sub(after.seq);
            taken = taken.saturating_add(some);
            if is_daily {
                daily = daily.saturating_add(some);
            }
            match way {
                Way::OwnName(_) => drop(self.writer.take_over(&epoch, after, bodies).await?),
                Way::Carried(_) => self.carry(&epoch, (after, head), bodies).await?,
            }
            tokio::time::sleep(PAUSE).await;
        }
        let name = epoch.clone();
        let last = self.ask(old, move |old, _| old.last(&name)).await?;
        let unread = last.saturating_sub(head.seq);
        let (from, seq) = (head.seq.saturating_sub(taken).saturating_add(1), head.seq);
        Ok(match (taken, unread) {
            (0, 0) => None,
            (0, _) => Some(format!(
                "账本 {epoch} 第 {seq} 条之后读不出或不相符，没有可恢复的"
            )),
            _ => {
                let copied = match daily {
                    0 => String::new(),
                    _ => format!("（其中 {daily} 条取自每日副本）"),
                };
                let missing = match unread {
                    0 => String::new(),
                    _ => format!("，其后 {unread} 条读不出或不相符"),
                };
                Some(format!(
                    "账本 {epoch} 已恢复第 {from} 至 {seq} 条{copied}{missing}"
                ))
            }
        })
    }

    async fn carry(
        &self,
        epoch: &str,
        (after, head): (Head, Head),
        bodies: Vec<Vec<u8>>,
    ) -> Result<(), DaemonError> {
        let now: Moment = self.clock.now();
        let mut last = after;
        let mut entries = Vec::new();
        for body in bodies {
            last = last.extend(&body);
            let record = StoredRecord {
                seq: last.seq,
                body,
                hash: last.hash,
            };
            entries.push(Entry::new(wrapped(epoch, record, now)?));
        }
        let progress = format!("{}:{}", head.seq, head.hash.to_hex());
        let note = vec![(format!("{PROGRESS}/{epoch}"), progress)];
        self.writer.append_and_note(entries, note).await?;
        Ok(())
    }

    async fn ask<T: Send + 'static>(
        &self,
        old: &Arc<Mutex<OldFile>>,
        question: impl FnOnce(&OldFile, &Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, DaemonError> {
        let (old, reader) = (Arc::clone(old), Arc::clone(&self.reader));
        let asked = spawn_blocking(move || {
            let old = old.lock().unwrap_or_else(PoisonError::into_inner);
            let reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
            question(&old, &reader)
        });
        Ok(asked.await.map_err(std::io::Error::other)??)
    }
}

/// Where and how an epoch of the old file goes on here.
fn way(old: &OldFile, reader: &Reader, epoch: &str) -> Result<Way, StoreError> {
    let epochs = reader.epochs()?;
    let is_current = epochs.last().is_some_and(|one| one.name == epoch);
    let Some(here) = epochs.iter().find(|one| one.name == epoch) else {
        return Ok(Way::OwnName(old.start(epoch)));
    };
    let head = reader.head(epoch)?;
    if !is_current && here.shared.is_none() && old.holds(epoch, head)? {
        return Ok(Way::OwnName(head));
    }
    let common = last_common(old, reader, epoch)?;
    let done = reader.setting(&format!("{PROGRESS}/{epoch}"))?;
    let done = done.as_deref().and_then(progress);
    Ok(Way::Carried(match done {
        Some(done) if done.seq > common.seq && old.holds(epoch, done)? => done,
        Some(_) | None => common,
    }))
}

fn progress(text: &str) -> Option<Head> {
    let (seq, hash) = text.split_once(':')?;
    Some(Head {
        seq: seq.parse().ok()?,
        hash: sync_wire::Hash::from_bytes(sync_wire::chain::from_hex(hash)?),
    })
}

/// The last record that both have alike: chains that agree at one number agree at all before it.
fn last_common(old: &OldFile, reader: &Reader, epoch: &str) -> Result<Head, StoreError> {
    let mut common = old.start(epoch);
    let mut beyond = reader.head(epoch)?.seq.min(old.last(epoch)?);
    while common.seq < beyond {
        let middle = beyond.saturating_sub(beyond.saturating_sub(common.seq) / 2);
        let ours = reader.hash_at(epoch, middle)?;
        match ours.map(|hash| Head { seq: middle, hash }) {
            Some(head) if old.holds(epoch, head)? => common = head,
            Some(_) | None => beyond = middle.saturating_sub(1),
        }
    }
    Ok(common)
}
