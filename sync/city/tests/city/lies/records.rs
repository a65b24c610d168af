//! Headers that lie, and records that contradict what is stored.

use serde_json::{Value, json};
use sync_wire::Topic;

use super::{
    BROKEN, COUNTS, FOREIGN, FORK, Lie, NAMES, PACKED, RANGE, UNREADABLE, VERSION, header, lines,
    message,
};
use crate::common::Ledger;

type Bodies = Vec<Vec<u8>>;
/// Header, code, words.
type Row = (&'static str, fn(&mut Value), &'static str, &'static str);

const fn row(
    what: &'static str,
    lie: fn(&mut Value),
    (code, says): (&'static str, &'static str),
) -> Row {
    (what, lie, code, says)
}

const HEADERS: [Row; 31] = [
    row("n is more", |h| h["n"] = json!(3), COUNTS),
    row("n is less", |h| h["n"] = json!(1), COUNTS),
    row("n is nothing", |h| h["n"] = json!(0), COUNTS),
    row(
        "to before from",
        |h| (h["from"], h["to"]) = (json!(7), json!(6)),
        COUNTS,
    ),
    row(
        "from is 0",
        |h| (h["from"], h["n"]) = (json!(0), json!(8)),
        COUNTS,
    ),
    row(
        "one more promised than there is",
        |h| (h["to"], h["n"]) = (json!(8), json!(3)),
        COUNTS,
    ),
    row(
        "one less promised than there is",
        |h| (h["to"], h["n"]) = (json!(6), json!(1)),
        COUNTS,
    ),
    row(
        "more than 200",
        |h| (h["to"], h["n"]) = (json!(206), json!(201)),
        COUNTS,
    ),
    row(
        "every number there is",
        |h| (h["to"], h["n"]) = (json!(u64::MAX), json!(u64::MAX - 5)),
        COUNTS,
    ),
    row(
        "beyond 2^53",
        |h| (h["from"], h["to"]) = (json!(1_u64 << 53), json!((1_u64 << 53) + 1)),
        RANGE,
    ),
    row(
        "the largest numbers",
        |h| (h["from"], h["to"]) = (json!(u64::MAX - 1), json!(u64::MAX)),
        RANGE,
    ),
    row("a number below zero", |h| h["n"] = json!(-2), UNREADABLE),
    row(
        "a number with a fraction",
        |h| h["from"] = json!(6.5),
        UNREADABLE,
    ),
    row("a number as text", |h| h["from"] = json!("6"), UNREADABLE),
    row("another version", |h| h["v"] = json!(2), VERSION),
    row("a version as text", |h| h["v"] = json!("1"), UNREADABLE),
    row(
        "an unknown compression",
        |h| h["z"] = json!("gzip"),
        UNREADABLE,
    ),
    row("compressed, it says", |h| h["z"] = json!("zstd"), PACKED),
    row("the other queue", |h| h["lane"] = json!("bulk"), FOREIGN),
    row(
        "a queue that is none",
        |h| h["lane"] = json!("fast"),
        UNREADABLE,
    ),
    row(
        "the honest box's name",
        |h| h["box"] = json!("box-2"),
        FOREIGN,
    ),
    row(
        "a name with a path",
        |h| h["box"] = json!("../box-2"),
        NAMES,
    ),
    row(
        "an epoch in capitals",
        |h| h["epoch"] = json!("00112233AABBCCDD"),
        NAMES,
    ),
    row(
        "an epoch too short",
        |h| h["epoch"] = json!("00112233aabbccd"),
        NAMES,
    ),
    row(
        "an epoch of other signs",
        |h| h["epoch"] = json!("'; DROP TABLE --"),
        NAMES,
    ),
    row(
        "another site",
        |h| h["site"] = json!("别的工地"),
        ("foreign_site", "别的工地"),
    ),
    row(
        "a site with a NUL",
        |h| h["site"] = json!("示范\0工地"),
        ("bad_text", "不可见字符"),
    ),
    row(
        "a hash that is none",
        |h| h["prev"] = json!("abc"),
        UNREADABLE,
    ),
    row(
        "no hash",
        |h| drop(h.as_object_mut().unwrap().remove("head")),
        UNREADABLE,
    ),
    row(
        "a header too long",
        |h| h["more"] = json!("x".repeat(1_100)),
        UNREADABLE,
    ),
    row(
        "a header that is a list",
        |h| *h = json!([h.clone()]),
        UNREADABLE,
    ),
];

/// Headers that do not agree with the records behind them, or with anything.
pub(crate) fn headers(ledger: &Ledger) -> Vec<Lie> {
    let body = lines(&ledger.bodies[5..7]);
    let lie = |(what, change, code, says): Row| {
        let mut header = header(ledger, 6, 7);
        change(&mut header);
        Lie {
            what,
            topic: Topic::UpLive,
            payload: message(&header, &body),
            code,
            says,
        }
    };
    HEADERS.into_iter().map(lie).collect()
}

/// The first `same` records of `ledger`, and then others, up to 9.
fn branch(ledger: &Ledger, same: usize) -> Ledger {
    let mut other = Ledger::new("box-1");
    for body in &ledger.bodies[..same] {
        other.push_body(body.clone());
    }
    for _ in same..9 {
        other.push(r#""kind":"gap","from":7,"to":7,"cause":"suspended""#);
    }
    other
}

/// Hashes that do not hold, and records that contradict what is stored.
pub(crate) fn chains(ledger: &Ledger) -> Vec<Lie> {
    let lie = |what, payload, (code, says)| Lie {
        what,
        topic: Topic::UpLive,
        payload,
        code,
        says,
    };
    let of = |change: &dyn Fn(&mut Value, &mut Bodies)| {
        let (mut header, mut bodies) = (header(ledger, 6, 7), ledger.bodies[5..7].to_vec());
        change(&mut header, &mut bodies);
        message(&header, &lines(&bodies))
    };
    let wrong = json!("ab".repeat(32));
    let beginning = {
        let hash = |before: &sync_wire::Hash, body: &[u8]| sync_wire::chain::next(before, body);
        let (mut header, body) = (header(ledger, 1, 1), &ledger.bodies[0]);
        header["prev"] = wrong.clone();
        header["head"] = json!(hash(&sync_wire::Hash::from_bytes([0xab; 32]), body));
        message(&header, &lines(std::slice::from_ref(body)))
    };
    let changed = |_: &mut Value, bodies: &mut Bodies| {
        let text = String::from_utf8(bodies[0].clone()).unwrap();
        bodies[0] = text.replace("powered_off", "suspended").into_bytes();
    };
    vec![
        lie(
            "another head",
            of(&|h, _| h["head"] = wrong.clone()),
            BROKEN,
        ),
        lie(
            "another prev",
            of(&|h, _| h["prev"] = wrong.clone()),
            BROKEN,
        ),
        lie("a changed record", of(&changed), BROKEN),
        lie(
            "records in another order",
            of(&|_, bodies| bodies.reverse()),
            BROKEN,
        ),
        lie(
            "the same record twice",
            of(&|_, bodies| bodies[1] = bodies[0].clone()),
            BROKEN,
        ),
        lie(
            "a space more",
            of(&|_, bodies| bodies[1].push(b' ')),
            BROKEN,
        ),
        lie("another beginning", beginning, BROKEN),
        lie("another record 1", branch(ledger, 0).live(1, 1), FORK),
        lie(
            "an overlap that differs",
            branch(ledger, 3).live(4, 7),
            FORK,
        ),
        lie(
            "an overlap that differs at its end",
            branch(ledger, 7).live(6, 8),
            FORK,
        ),
        lie("over everything stored", branch(ledger, 4).live(1, 9), FORK),
        lie("after another record 5", branch(ledger, 4).live(6, 7), FORK),
        lie(
            "before another record 8",
            branch(ledger, 5).live(6, 7),
            FORK,
        ),
        lie(
            "the last of the hole, before another",
            branch(ledger, 5).live(7, 7),
            FORK,
        ),
    ]
}
