//! What a box must not say, and what the city's page answers to each. The true box has records 1 to 9,
//! the city 1 to 5 and 8 to 9 of them: most lies are about 6 and 7.

use serde_json::{Value, json};
use sync_wire::Topic;

use crate::common::{EPOCH, Ledger, SITE};

mod records;
mod bytes;
mod words;
mod noise;

pub(crate) use bytes::bytes;
pub(crate) use noise::noise;
pub(crate) use records::{chains, headers};
use words::beat;
pub(crate) use words::{comparison, hello_of, words};

/// One message that must be refused.
pub(crate) struct Lie {
    pub(crate) what: &'static str,
    pub(crate) topic: Topic,
    pub(crate) payload: Vec<u8>,
    /// The alarm, and some of its words.
    pub(crate) code: &'static str,
    pub(crate) says: &'static str,
}

/// A header that is true, to be made false.
fn header(ledger: &Ledger, from: usize, to: usize) -> Value {
    json!({
        "v": 1, "site": SITE, "box": "box-1", "epoch": EPOCH, "lane": "live",
        "from": from, "to": to, "n": to - from + 1, "z": "none",
        "prev": ledger.hashes[from - 1], "head": ledger.hashes[to], "sent_at": 1_795_301_924_000_i64,
    })
}

fn lines(bodies: &[Vec<u8>]) -> Vec<u8> {
    bodies
        .iter()
        .flat_map(|body| [body, b"\n".as_slice()].concat())
        .collect()
}

fn message(header: &Value, body: &[u8]) -> Vec<u8> {
    [header.to_string().as_bytes(), b"\n", body].concat()
}

/// Alarms and some of their words.
const UNREADABLE: (&str, &str) = ("bad_message", "无法解析");
const COUNTS: (&str, &str) = ("counts_disagree", "条数与内容不一致");
const FOREIGN: (&str, &str) = ("foreign_box", "与主题不一致");
const NAMES: (&str, &str) = ("bad_name", "盒子名或编号段");
const BROKEN: (&str, &str) = ("broken_chain", "哈希链不符");
const FORK: (&str, &str) = ("fork", "两份不同记录");
const PACKED: (&str, &str) = ("bad_compression", "解压");
const LARGE: (&str, &str) = ("too_large", "长度上限");
const VERSION: (&str, &str) = ("unknown_version", "协议版本");
const RANGE: (&str, &str) = ("counts_disagree", "超出范围");
