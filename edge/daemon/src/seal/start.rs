//! The sealed note at the start: does the ledger still have the record that was its last?

use std::sync::Arc;

use edge_domain::Moment;
use edge_store::{CheckpointDoubt, HeadFile, NoteDoubt, SealedNote, Store};
use edge_web::Remedy;
use sync_wire::checkpoint::Doubt;
use sync_wire::down::SigningKey;
use sync_wire::record::PreviousEpoch;

use crate::config::SiteConfig;
use crate::error::DaemonError;
use crate::records;
use crate::seal::device_key::device_key;

/// The lamp of what the note says, and of a key that cannot be used.
pub(crate) const SEALED: &str = "账本封条";
/// The code of a ledger that is not as it was sealed, also in the record.
const CODE: &str = "E-DB-07";

/// What the box signs with, and what it found.
#[derive(Debug, Default)]
pub(crate) struct Sealing {
    /// Its key; nothing where that cannot be used.
    pub(crate) key: Option<Arc<SigningKey>>,
    /// What is wrong.
    pub(crate) trouble: Option<Remedy>,
    doubt: Option<NoteDoubt>,
}

/// Reads key and note; writes nothing. Neither keeps the box from working.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) fn begin(
    config: &SiteConfig,
    store: &Store,
    set_aside: bool,
) -> Result<Sealing, DaemonError> {
    let key = match device_key(&config.ledger.device_key_file) {
        Ok(key) => key,
        Err(error) => {
            tracing::error!(%error, "The ledger is not signed");
            return Ok(Sealing {
                trouble: Some(no_key(&error.to_string())),
                ..Sealing::default()
            });
        }
    };
    let path = &config.ledger.path;
    let note = SealedNote::read(path, &config.box_id, &key.verifying_key())?;
    let set_aside = set_aside || edge_store::last_set_aside(path)?.is_some();
    let doubt = store.reader()?.note_doubt(&note, set_aside)?;
    if let Some(doubt) = &doubt {
        tracing::error!(?doubt, "The ledger is not as it was sealed");
    }
    Ok(Sealing {
        key: Some(key),
        trouble: doubt.as_ref().map(changed),
        doubt,
    })
}

impl Sealing {
    /// The code of what is to be put on record.
    pub(crate) fn alarm(&self) -> Option<&'static str> {
        self.doubt.as_ref().map(|_| CODE)
    }

    /// After the start is on record: signs it at once where something was wrong, and keeps the note
    /// from now on.
    ///
    /// # Errors
    /// The ledger takes no record.
    pub(crate) async fn keep(
        &self,
        config: &SiteConfig,
        store: &Store,
        now: Moment,
    ) -> Result<(), DaemonError> {
        let Some(key) = &self.key else {
            return Ok(());
        };
        let writer = store.writer();
        if let Some(doubt) = &self.doubt {
            let stamp = records::stamp(now);
            writer
                .checkpoint(stamp, Arc::clone(key), lost(doubt))
                .await?;
        }
        match HeadFile::open(&config.ledger.path, &config.box_id, Arc::clone(key)) {
            Ok(file) => writer.keep_head(file).await?,
            Err(error) => tracing::error!(%error, "No sealed note is kept"),
        }
        Ok(())
    }
}

fn lost(doubt: &NoteDoubt) -> Option<PreviousEpoch> {
    match doubt {
        NoteDoubt::Missing => None,
        NoteDoubt::Cut { sealed, .. } | NoteDoubt::Changed(sealed) => Some(PreviousEpoch {
            epoch: sealed.epoch.clone(),
            last: sealed.head.seq,
            head: sealed.head.hash,
        }),
    }
}

/// What the note says, for whoever reads it.
pub(crate) fn note_words(doubt: &NoteDoubt) -> String {
    match doubt {
        NoteDoubt::Missing => {
            "账本旁边的封条（.head 文件）不见了、损坏了，或不是本盒签的".to_owned()
        }
        NoteDoubt::Cut { sealed, last } => format!(
            "封条记下账本 {} 写到第 {} 条，现在只到第 {last} 条：末尾的记录被删掉，或换成了旧文件",
            sealed.epoch, sealed.head.seq
        ),
        NoteDoubt::Changed(sealed) => format!(
            "账本 {} 第 {} 条及以前的记录在封存之后被改写",
            sealed.epoch, sealed.head.seq
        ),
    }
}

/// What is wrong with a checkpoint.
pub(crate) fn doubt_words(doubt: CheckpointDoubt) -> &'static str {
    match doubt {
        CheckpointDoubt::Checkpoint(doubt) => checkpoint_words(doubt),
        CheckpointDoubt::Countersign => "存着的平台会签不是平台签的，或不是签在这份账本上",
    }
}

/// What is wrong with what the box signed.
pub(crate) fn checkpoint_words(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::Signature => "签名与内容不符，内容被改过或签名是伪造的",
        Doubt::Key => "签名用的不是本盒的密钥，平台也没有会签：伪造，或换过设备密钥",
        Doubt::Place => "位置不对，它前面有记录被增加或删除",
        Doubt::Chain => "签名时的账本与现在不同，它前面有记录被改写",
        Doubt::Root => "签名时的记录清单与现在不同，它前面有记录被改写",
    }
}

fn changed(doubt: &NoteDoubt) -> Remedy {
    Remedy {
        code: CODE.to_owned(),
        cause: note_words(doubt),
        effect: "闸机照常，新的打卡照记；以前的记录可能被人动过，平台也会收到告警".to_owned(),
        advice: "不要删除任何文件，查清停机前后谁动过这台盒子，用 menwei verify 核对并联系平台"
            .to_owned(),
    }
}

fn no_key(why: &str) -> Remedy {
    Remedy {
        code: "E-DB-10".to_owned(),
        cause: format!("设备密钥用不了：{why}"),
        effect: "闸机照常，记录照记；账本暂时没有签名，被人改动不容易发现".to_owned(),
        advice: "按提示修好密钥文件后重启；密钥丢了就删掉坏文件重新生成，并告诉平台".to_owned(),
    }
}
