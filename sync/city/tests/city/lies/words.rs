//! What a box says beside its records: hello, comparison, heartbeat, result, state.

use serde_json::{Value, json};
use sync_wire::Topic;

use super::{COUNTS, LARGE, Lie, NAMES, RANGE, UNREADABLE, VERSION};
use crate::common::{EPOCH, Ledger, SITE};

fn hello(change: impl Fn(&mut Value)) -> Vec<u8> {
    let mut said = json!({
        "type": "hello", "v": 1, "number": 77, "site": SITE, "box": "box-1", "epoch": EPOCH,
        "first": 1, "last": 0, "head": sync_wire::chain::genesis("box-1", EPOCH),
        "acked_through": 0, "closed": true, "software": "test", "clock": "synced", "sent_at": 1,
    });
    change(&mut said);
    said.to_string().into_bytes()
}

/// The hello of an epoch that is empty.
pub(crate) fn hello_of(epoch: &str) -> Vec<u8> {
    hello(|said| {
        said["epoch"] = json!(epoch);
        said["head"] = json!(sync_wire::chain::genesis("box-1", epoch));
    })
}

/// Marks of a chain, to be compared.
pub(crate) fn comparison(ledger: &Ledger, seqs: &[usize]) -> Vec<u8> {
    let mark = |seq: &usize| json!({"seq": seq, "hash": ledger.hashes[*seq]});
    compare(&seqs.iter().map(mark).collect::<Vec<_>>())
        .to_string()
        .into_bytes()
}

fn compare(marks: &[Value]) -> Value {
    json!({
        "type": "compare", "v": 1, "number": 78, "box": "box-1", "epoch": EPOCH, "marks": marks,
        "sent_at": 1,
    })
}

pub(super) fn beat(change: impl Fn(&mut Value)) -> Vec<u8> {
    let mut said = json!({
        "type": "heartbeat", "v": 1, "box": "box-1", "epoch": EPOCH, "last": 9, "acked_through": 5,
        "backlog": 2, "clock": "synced", "sent_at": 1,
    });
    change(&mut said);
    said.to_string().into_bytes()
}

/// Hellos, comparisons, heartbeats, results and states that are not true, or nothing.
pub(crate) fn words(ledger: &Ledger) -> Vec<Lie> {
    let lie = |what, payload, (code, says)| Lie {
        what,
        topic: Topic::UpCtl,
        payload,
        code,
        says,
    };
    let state = |what, payload: &[u8], (code, says)| {
        let payload = payload.to_vec();
        Lie {
            what,
            topic: Topic::State,
            payload,
            code,
            says,
        }
    };
    let himself = ("foreign_box", "自称 box-2");
    let list = ("list_too_long", "条目数");
    let text = ("bad_text", "不可见字符");
    let mark = |seq: usize| json!({"seq": seq, "hash": ledger.hashes[1]});
    let marks = |many: &[Value]| compare(many).to_string().into_bytes();
    let gap = json!({"from": 1, "to": 2, "cause": "suspended"});
    let result = json!({
        "type": "result", "v": 1, "box": "box-2", "topic": "cmd", "number": 1, "ok": true, "sent_at": 1,
    });
    vec![
        lie("no JSON", b"\xff\xfe".to_vec(), UNREADABLE),
        lie("JSON without anything", b"{}".to_vec(), UNREADABLE),
        lie("no type", br#"{"v":1,"box":"box-1"}"#.to_vec(), UNREADABLE),
        lie(
            "another version, with nothing that is known",
            br#"{"v":2,"kind":"greeting"}"#.to_vec(),
            VERSION,
        ),
        lie(
            "a hello that is too large",
            hello(|h| h["more"] = json!("x".repeat(17_000))),
            LARGE,
        ),
        lie(
            "a hello of another box",
            hello(|h| h["box"] = json!("box-2")),
            himself,
        ),
        lie(
            "a hello of another site",
            hello(|h| h["site"] = json!("别处")),
            ("foreign_site", "别处"),
        ),
        lie(
            "a hello of another version",
            hello(|h| h["v"] = json!(9)),
            VERSION,
        ),
        lie(
            "a hello of a bad epoch",
            hello(|h| h["epoch"] = json!("0011")),
            NAMES,
        ),
        lie(
            "a hello without its hash",
            hello(|h| h["head"] = json!("")),
            UNREADABLE,
        ),
        lie(
            "a software with a NUL",
            hello(|h| h["software"] = json!("0.1\0")),
            text,
        ),
        lie(
            "a site of several lines",
            hello(|h| h["site"] = json!("甲\n乙")),
            text,
        ),
        lie(
            "a hello beyond 2^53",
            hello(|h| h["last"] = json!(u64::MAX)),
            RANGE,
        ),
        lie(
            "a number beyond 2^53",
            hello(|h| h["number"] = json!(u64::MAX)),
            RANGE,
        ),
        lie(
            "a roster beyond 2^53",
            hello(|h| h["roster_version"] = json!(u64::MAX)),
            RANGE,
        ),
        lie(
            "a box that went back",
            hello(|h| (h["last"], h["closed"]) = (json!(3), json!(false))),
            ("went_back", "恢复过旧备份"),
        ),
        lie(
            "a box that was told more",
            hello(|h| h["acked_through"] = json!(800)),
            ("city_went_back", "平台确认过"),
        ),
        lie(
            "65 marks",
            marks(&(1..=65).map(mark).collect::<Vec<_>>()),
            list,
        ),
        lie("no marks", marks(&[]), list),
        lie("marks that go back", marks(&[mark(3), mark(2)]), COUNTS),
        lie("a mark at 0", marks(&[mark(0)]), COUNTS),
        lie(
            "17 gaps",
            beat(|b| b["gaps"] = json!(vec![gap.clone(); 17])),
            list,
        ),
        lie(
            "a heartbeat of another box",
            beat(|b| b["box"] = json!("box-2")),
            himself,
        ),
        lie(
            "a backlog beyond 2^53",
            beat(|b| b["backlog"] = json!(u64::MAX)),
            RANGE,
        ),
        lie(
            "a result of another box",
            result.to_string().into_bytes(),
            himself,
        ),
        state("a state that is none", b"[]", UNREADABLE),
        state("a state too large", &vec![b' '; 5_000], LARGE),
        state(
            "a state of another version",
            br#"{"v":7,"state":"online","epoch":"00112233aabbccdd","software":"t","since":1}"#,
            VERSION,
        ),
    ]
}
