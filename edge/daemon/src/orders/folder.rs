//! Orders of a command to the box: files in a folder beside the ledger.
//!
//! One process holds the ledger, and it may be running. So a command leaves an order, the running
//! box takes it within a second or the next one at its start, and leaves an answer.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use crate::people::random;

const ORDER: &str = "order";
const DONE: &str = "done";
const REFUSED: &str = "refused";
const PROGRESS: &str = "progress";
/// Longest order, bytes: a firmware image of 128 KiB as text.
const ORDER_BYTES_MAX: u64 = 192 * 1024;
/// Most files that are looked at.
const FILES_MAX: usize = 1_000;
/// How long a command waits for a word of a running box.
const ANSWER_MAX: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(100);

/// What the box is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub(crate) enum Order {
    /// Write down that no work takes place (停工).
    Suspend {
        /// Begin, Unix ms.
        from: i64,
        /// End, Unix ms.
        to: i64,
        /// What the notice says.
        reason: String,
    },
    /// Take over what an old file of this box holds.
    Recover {
        /// The file.
        file: PathBuf,
    },
    /// Take the people of a roster file into the ledger.
    Import {
        /// The file.
        file: PathBuf,
    },
    /// Let one more person claim the screen.
    ScreenCode {
        /// Hash of the code.
        hash: CodeHash,
    },
    /// Give a gate board a new firmware.
    UpdateBoard {
        /// The board's lane; none if the site has one board only.
        lane: Option<String>,
        /// The image.
        image: ImageText,
    },
}

/// Hash of a code of the screen; the log does not show it, a code has eight digits only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct CodeHash(pub(crate) String);

impl fmt::Debug for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeHash(********)")
    }
}

/// A firmware image as base64; the log shows its length only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ImageText(String);

impl ImageText {
    /// Makes text of an image.
    pub(crate) fn new(image: &[u8]) -> Self {
        Self(BASE64_STANDARD.encode(image))
    }

    /// The image; none if the text is none.
    pub(crate) fn image(&self) -> Option<Vec<u8>> {
        BASE64_STANDARD.decode(&self.0).ok()
    }
}

impl fmt::Debug for ImageText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of base64", self.0.len())
    }
}

/// What became of an order: a sentence in Chinese, either way.
pub(crate) type Outcome = Result<String, String>;

/// An order that waits, by the name of its file.
#[derive(Debug)]
pub(crate) struct Waiting {
    stem: String,
    /// The order; `Err` says what is wrong with the file.
    pub(crate) order: Result<Order, String>,
}

/// The folder.
#[derive(Debug, Clone)]
pub(crate) struct OrderFolder {
    path: PathBuf,
}

impl OrderFolder {
    /// The folder of a ledger.
    pub(crate) fn beside(ledger: &Path) -> Self {
        let mut path = ledger.as_os_str().to_owned();
        path.push(".orders");
        Self {
            path: PathBuf::from(path),
        }
    }

    /// Makes the folder, and forgets answers that nobody fetched.
    ///
    /// # Errors
    /// The folder cannot be made or read.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        fs::create_dir_all(&self.path)?;
        for end in [DONE, REFUSED, PROGRESS] {
            for stem in self.stems(end)? {
                fs::remove_file(self.file(&stem, end))?;
            }
        }
        Ok(())
    }

    /// Leaves an order; gives its name.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(crate) fn leave(&self, order: &Order) -> io::Result<String> {
        fs::create_dir_all(&self.path)?;
        let at_ms = crate::clock::read().wall_ms;
        let random = random::<4>().map_or(0, u32::from_be_bytes);
        let stem = format!("{at_ms:015}-{random:08x}");
        self.write(&stem, ORDER, &serde_json::to_vec(order)?)?;
        Ok(stem)
    }

    /// The oldest order, if there is any.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(crate) fn next(&self) -> io::Result<Option<Waiting>> {
        let Some(stem) = self.stems(ORDER)?.into_iter().next() else {
            return Ok(None);
        };
        let file = self.file(&stem, ORDER);
        let order = if fs::metadata(&file)?.len() > ORDER_BYTES_MAX {
            Err("指令文件过大".to_owned())
        } else {
            serde_json::from_slice(&fs::read(&file)?)
                .map_err(|error| format!("指令看不懂：{error}"))
        };
        Ok(Some(Waiting { stem, order }))
    }

    /// Tells how far an order is, in Chinese.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(crate) fn tell(&self, waiting: &Waiting, how_far: &str) -> io::Result<()> {
        self.write(&waiting.stem, PROGRESS, how_far.as_bytes())
    }

    /// Leaves the answer and forgets the order.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(crate) fn answer(&self, waiting: &Waiting, outcome: &Outcome) -> io::Result<()> {
        let (end, text) = match outcome {
            Ok(text) => (DONE, text),
            Err(text) => (REFUSED, text),
        };
        self.write(&waiting.stem, end, text.as_bytes())?;
        fs::remove_file(self.file(&waiting.stem, ORDER))
    }

    /// Waits for the answer of a running box, and passes on how far it is; `None` if it says nothing
    /// for so long that it must be something else that it does.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(crate) async fn wait(
        &self,
        stem: &str,
        mut how_far: impl FnMut(&str),
    ) -> io::Result<Option<Outcome>> {
        let (mut waited, mut heard) = (Duration::ZERO, String::new());
        while waited < ANSWER_MAX {
            if let Some(text) = self.fetch(stem, DONE)? {
                return Ok(Some(Ok(text)));
            }
            if let Some(text) = self.fetch(stem, REFUSED)? {
                return Ok(Some(Err(text)));
            }
            if let Some(text) = self.fetch(stem, PROGRESS)? {
                if text != heard {
                    how_far(&text);
                }
                heard = text;
                waited = Duration::ZERO;
            }
            tokio::time::sleep(LOOK).await;
            waited += LOOK;
        }
        Ok(None)
    }

    fn fetch(&self, stem: &str, end: &str) -> io::Result<Option<String>> {
        let file = self.file(stem, end);
        match fs::read_to_string(&file) {
            Ok(text) => {
                fs::remove_file(&file)?;
                Ok(Some(text))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Under its final name only when it is whole.
    fn write(&self, stem: &str, end: &str, content: &[u8]) -> io::Result<()> {
        let draft = self.file(stem, "draft");
        let mut file = fs::File::create(&draft)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(draft, self.file(stem, end))
    }

    fn file(&self, stem: &str, end: &str) -> PathBuf {
        self.path.join(format!("{stem}.{end}"))
    }

    /// Names with this ending, oldest first.
    fn stems(&self, end: &str) -> io::Result<Vec<String>> {
        let folder = match fs::read_dir(&self.path) {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut stems = Vec::new();
        for entry in folder.take(FILES_MAX) {
            let name = entry?.file_name();
            let stem = name
                .to_str()
                .and_then(|name| name.strip_suffix(end)?.strip_suffix('.'));
            stems.extend(stem.map(str::to_owned));
        }
        stems.sort_unstable();
        Ok(stems)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(reason: &str) -> Order {
        Order::Suspend {
            from: 1,
            to: 2,
            reason: reason.to_owned(),
        }
    }

    #[tokio::test]
    async fn orders_are_taken_oldest_first_and_answered_once() {
        let folder = tempfile::tempdir().unwrap();
        let orders = OrderFolder::beside(&folder.path().join("ledger.db"));
        assert!(orders.next().unwrap().is_none());
        let first = orders.leave(&notice("春节")).unwrap();
        let second = format!("{first}-later");
        let typhoon = serde_json::to_vec(&notice("台风")).unwrap();
        orders.write(&second, ORDER, &typhoon).unwrap();
        for (stem, reason, outcome) in [
            (first, "春节", Ok("已记录".to_owned())),
            (second, "台风", Err("没有记录".to_owned())),
        ] {
            let waiting = orders.next().unwrap().unwrap();
            assert_eq!(waiting.order, Ok(notice(reason)));
            orders.answer(&waiting, &outcome).unwrap();
            assert_eq!(orders.wait(&stem, |_| ()).await.unwrap(), Some(outcome));
            assert_eq!(orders.fetch(&stem, DONE).unwrap(), None, "fetched twice");
        }
        assert!(orders.next().unwrap().is_none());
    }

    #[test]
    fn junk_is_told_and_forgotten_answers_vanish() {
        let folder = tempfile::tempdir().unwrap();
        let orders = OrderFolder::beside(&folder.path().join("ledger.db"));
        orders.prepare().unwrap();
        orders
            .write("1", ORDER, b"{\"order\":\"explode\"}")
            .unwrap();
        orders.write("0", "draft", b"half an ord").unwrap();
        let waiting = orders.next().unwrap().unwrap();
        let Err(why) = &waiting.order else {
            panic!("{waiting:?}");
        };
        assert!(why.starts_with("指令看不懂"), "{why}");
        orders.answer(&waiting, &Err("不认识".to_owned())).unwrap();
        orders.prepare().unwrap();
        assert_eq!(orders.stems(REFUSED).unwrap(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn who_waits_hears_how_far_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let orders = OrderFolder::beside(&folder.path().join("ledger.db"));
        let image = ImageText::new(&[1, 2, 3]);
        assert_eq!(image.image(), Some(vec![1, 2, 3]));
        assert_eq!(format!("{image:?}"), "4 bytes of base64");
        let stem = orders
            .leave(&Order::UpdateBoard { lane: None, image })
            .unwrap();
        let waiting = orders.next().unwrap().unwrap();
        orders.tell(&waiting, "已传 50%").unwrap();
        let mut heard = Vec::new();
        let answered = orders.wait(&stem, |text| {
            heard.push(text.to_owned());
            orders.answer(&waiting, &Ok("完成".to_owned())).unwrap();
        });
        assert_eq!(answered.await.unwrap(), Some(Ok("完成".to_owned())));
        assert_eq!(heard, ["已传 50%"]);
    }
}
