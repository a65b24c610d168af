//! Files that somebody brings: settings, tables of people.

use std::cell::Cell;
use std::io::{Cursor as Bytes, Write as _};
use std::panic::{PanicHookInfo, UnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook};
use std::path::Path;
use std::sync::Once;

use jiff::civil::{Date, date};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use crate::cursor::Cursor;

const TODAY: Date = date(2026, 11, 23);

const HEADS: [&str; 8] = [
    "姓名",
    "身份证号码",
    "性别",
    "出生日期",
    "民族",
    "手机号",
    "工种",
    "进场日期",
];
const ROW: [&str; 8] = [
    "刘䶮",
    "349901199003070016",
    "男",
    "1990-03-07",
    "汉",
    "13900001234",
    "钢筋工",
    "2026-06-01",
];

pub(crate) fn settings_seeds() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let texts = [
        "systemd/site.toml",
        "edge/daemon/src/config/every-key-wrong.toml",
    ]
    .iter()
    .filter_map(|path| std::fs::read_to_string(root.join(path)).ok());
    // What is said to people is long and decides nothing.
    let plain = |text: String| {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let lines = lines.map(|line| line.split(" #").next().unwrap_or_default().trim_end());
        let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        lines.join("\n").into_bytes()
    };
    texts.map(plain).collect()
}

pub(crate) fn settings(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok_and(|text| edge_daemon::check_settings(text).is_ok())
}

pub(crate) fn text_seeds() -> Vec<Vec<u8>> {
    [",", ";", "\t"]
        .map(|sign| format!("{}\r\n{}\r\n", HEADS.join(sign), ROW.join(sign)).into_bytes())
        .to_vec()
}

/// A table as text, in any encoding; nothing that begins like a workbook.
pub(crate) fn text(bytes: &[u8]) -> bool {
    !bytes.starts_with(b"PK") && rows(bytes)
}

fn rows(bytes: &[u8]) -> bool {
    edge_web::check_table(bytes, TODAY).is_ok_and(|rows| rows > 0)
}

/// A workbook's own bytes behind a 0; or, behind a 1, the parts that say something, which are packed
/// here so that the fuzzer need not guess lengths and checks.
pub(crate) fn workbook_seeds() -> Vec<Vec<u8>> {
    let heads = inline(1, &HEADS);
    let row = inline(2, &ROW);
    let sheet = format!("{SHEET_HEAD}{heads}{row}</sheetData></worksheet>");
    let shared = "<sst><si><t>姓名</t></si></sst>";
    let parts = [
        &[1][..],
        &length(shared),
        shared.as_bytes(),
        sheet.as_bytes(),
    ]
    .concat();
    let whole = packed(shared.as_bytes(), sheet.as_bytes()).unwrap_or_default();
    vec![[&[0][..], &whole].concat(), parts]
}

const SHEET_HEAD: &str = "<worksheet><dimension ref=\"A1:H2\"/><sheetData>";

fn length(text: &str) -> [u8; 2] {
    u16::try_from(text.len()).unwrap_or(0).to_le_bytes()
}

fn inline(row: u32, cells: &[&str]) -> String {
    let cells: Vec<String> = ('A'..)
        .zip(cells)
        .map(|(column, text)| {
            format!("<c r=\"{column}{row}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
        })
        .collect();
    format!("<row r=\"{row}\">{}</row>", cells.concat())
}

pub(crate) fn workbook(bytes: &[u8]) -> bool {
    let mut input = Cursor(bytes);
    if input.byte().is_multiple_of(2) {
        return contained(|| rows(input.0)).unwrap_or(false);
    }
    let length = usize::from(input.short());
    let shared = input.take(length);
    packed(shared, input.0).is_some_and(|book| contained(|| rows(&book)).unwrap_or(false))
}

/// Libraries that panic on made-up workbooks. The box reads a workbook in a process of its own, which
/// may die of it (`tests/scenarios/clerk/intake.rs`): a panic of theirs is a refusal. One of ours is not.
const MAY_PANIC: [&str; 3] = ["/calamine-", "/quick-xml-", "/zip-"];

thread_local! {
    static IS_CONTAINED: Cell<bool> = const { Cell::new(false) };
    static WAS_THEIRS: Cell<bool> = const { Cell::new(false) };
}

/// `None` where one of those libraries panicked.
fn contained<T>(read: impl FnOnce() -> T + UnwindSafe) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            WAS_THEIRS.set(IS_CONTAINED.get() && is_theirs(panic));
            if !WAS_THEIRS.get() {
                before(panic);
            }
        }));
    });
    IS_CONTAINED.set(true);
    let answer = catch_unwind(read);
    IS_CONTAINED.set(false);
    match answer {
        Ok(answer) => Some(answer),
        Err(_) if WAS_THEIRS.get() => None,
        Err(panic) => resume_unwind(panic),
    }
}

fn is_theirs(panic: &PanicHookInfo<'_>) -> bool {
    let place = panic.location().map_or("", |place| place.file());
    MAY_PANIC.iter().any(|name| place.contains(name))
}

fn packed(shared: &[u8], sheet: &[u8]) -> Option<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(Bytes::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, part) in [
        ("[Content_Types].xml", CONTENT),
        ("_rels/.rels", RELS),
        ("xl/_rels/workbook.xml.rels", BOOK_RELS),
        ("xl/workbook.xml", BOOK),
        ("xl/sharedStrings.xml", shared),
        ("xl/worksheets/sheet1.xml", sheet),
    ] {
        archive.start_file(name, options).ok()?;
        archive.write_all(part).ok()?;
    }
    Some(archive.finish().ok()?.into_inner())
}

const CONTENT: &[u8] = br#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#;
const RELS: &[u8] = br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK_RELS: &[u8] = br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#;
const BOOK: &[u8] = br#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>"#;
