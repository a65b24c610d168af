//! Opening, closing, and everything that refuses to open.

use std::os::unix::fs::PermissionsExt;

use super::help::{Place, body, entries, key, wait};
use crate::error::StoreError;
use crate::key::Key;
use crate::migrate::known_version;
use crate::store::Store;

#[test]
fn records_survive_a_clean_close() {
    let place = Place::new();
    let store = place.open();
    assert!(store.facts().epoch_is_new);
    assert!(!store.facts().unclean);
    let epoch = store.facts().epoch.clone();
    let appended = wait(store.writer().append(entries(0..5))).unwrap();
    assert_eq!((appended.first_seq, appended.last_seq), (1, 5));
    store.close().unwrap();

    let store = place.open();
    assert_eq!(store.facts().epoch, epoch);
    assert_eq!(store.facts().head, appended.head);
    assert!(!store.facts().epoch_is_new);
    assert!(!store.facts().unclean);
    assert_eq!(
        store.facts().last.map(|stamp| stamp.at),
        Some(1_790_000_000_000 + 4 * 3_137)
    );
    let records = store
        .reader()
        .unwrap()
        .records(&epoch, 2, 2, 10_000)
        .unwrap();
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].seq, 2);
    assert_eq!(records[0].body, body(1));
}

#[test]
fn a_store_dropped_without_close_was_stopped_unclean_and_lost_nothing() {
    let place = Place::new();
    let store = place.open();
    let appended = wait(store.writer().append(entries(0..700))).unwrap();
    drop(store);

    let store = place.open();
    assert!(store.facts().unclean);
    assert_eq!(store.facts().head, appended.head);
    store.reader().unwrap().quick_check().unwrap();
    store.close().unwrap();
    assert!(!place.open().facts().unclean);
}

#[test]
fn a_writer_outliving_its_store_is_told_that_it_is_closed() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    store.close().unwrap();
    let error = wait(writer.append(entries(0..1))).unwrap_err();
    assert!(matches!(error, StoreError::Closed), "{error}");
}

#[test]
fn a_store_may_be_dropped_and_closed_inside_a_runtime() {
    let place = Place::new();
    wait(async {
        let store = place.open();
        store.writer().append(entries(0..1)).await.unwrap();
        drop(store);
        place.open().close().unwrap();
    });
}

#[test]
fn a_second_opening_is_refused_until_the_first_closes() {
    let place = Place::new();
    let store = place.open();
    let error = Store::open(&place.settings(), &key()).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    store.close().unwrap();
    place.open().close().unwrap();
}

#[test]
fn a_wrong_key_is_told_apart_from_a_damaged_first_page() {
    let place = Place::new();
    let store = place.open();
    wait(store.writer().append(entries(0..100))).unwrap();
    store.close().unwrap();

    let error = Store::open(&place.settings(), &Key::from_bytes([8; 32])).unwrap_err();
    assert!(matches!(error, StoreError::WrongKey { .. }), "{error}");

    place.flip_byte(300);
    let error = Store::open(&place.settings(), &key()).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

#[test]
fn a_newer_file_is_refused_by_both_versions() {
    let place = Place::new();
    place.open().close().unwrap();
    place
        .tool()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let error = Store::open(&place.settings(), &key()).unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::NewerFile {
                found: 99,
                known,
                ..
            } if known == known_version()
        ),
        "{error}"
    );
}

#[test]
fn a_file_of_another_box_is_refused() {
    let place = Place::new();
    place.open().close().unwrap();
    let mut settings = place.settings();
    settings.box_id = "box-2".to_owned();
    let error = Store::open(&settings, &key()).unwrap_err();
    assert!(matches!(error, StoreError::OtherBox { .. }), "{error}");
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let place = Place::new();
    std::fs::write(place.path(), [0x5a; 10_000]).unwrap();
    assert!(Store::open(&place.settings(), &key()).is_err());
}

#[test]
fn the_file_is_readable_by_its_owner_alone() {
    let place = Place::new();
    let store = place.open();
    wait(store.writer().append(entries(0..3))).unwrap();
    for end in ["", "-wal", "-shm", ".lock"] {
        let path = place.path().with_file_name(format!("menwei.db{end}"));
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
    }
}

#[test]
fn keys_are_read_from_raw_and_hexadecimal_files() {
    let place = Place::new();
    let path = place.path().with_file_name("key");
    let hex = "00112233445566778899aAbBcCdDeEfF".repeat(2);
    let with_line_end = format!("{hex}\n");
    for (content, good) in [
        (vec![9; 32], true),
        (hex.clone().into_bytes(), true),
        (with_line_end.into_bytes(), true),
        (format!("{hex}0").into_bytes(), false),
        (hex.replace('a', "g").into_bytes(), false),
        (vec![9; 31], false),
        (vec![9; 33], false),
        (Vec::new(), false),
    ] {
        std::fs::write(&path, &content).unwrap();
        let open_to_owner = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&path, open_to_owner).unwrap();
        let result = Key::from_file(&path);
        assert_eq!(result.is_ok(), good, "{} bytes", content.len());
    }
    std::fs::write(&path, [9; 32]).unwrap();
    for mode in [0o640, 0o604, 0o622] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let error = Key::from_file(&path).unwrap_err();
        assert!(matches!(error, StoreError::KeyFileOpen { .. }), "{error}");
    }
    assert_eq!(format!("{:?}", Key::from_bytes([9; 32])), "Key(…)");
}

#[test]
fn boots_are_counted_by_their_id() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    assert_eq!(wait(writer.boot_number("a")).unwrap(), 1);
    assert_eq!(wait(writer.boot_number("a")).unwrap(), 1);
    assert_eq!(wait(writer.boot_number("b")).unwrap(), 2);
    store.close().unwrap();
    let store = place.open();
    assert_eq!(wait(store.writer().boot_number("b")).unwrap(), 2);
    assert_eq!(wait(store.writer().boot_number("c")).unwrap(), 3);
}

#[test]
fn a_cut_tail_of_the_chain_is_noticed_at_opening() {
    let place = Place::new();
    let store = place.open();
    wait(store.writer().append(entries(0..40))).unwrap();
    store.close().unwrap();
    let tool = place.tool();
    tool.execute_batch("DROP TRIGGER ledger_is_never_updated")
        .unwrap();
    tool.execute("UPDATE ledger SET body = x'7b7d' WHERE seq = 20", [])
        .unwrap();
    drop(tool);
    let error = Store::open(&place.settings(), &key()).unwrap_err();
    assert!(error.to_string().contains("record 20"), "{error}");
}
