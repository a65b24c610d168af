//! Pictures of doubtful faces: by presentation, by content, for a time.

use sync_wire::record::{Direction, Kind};

use crate::screen::picture::{GatePicture, KeptPictures, PictureRole, PicturesToForget, keep_of};
use crate::tests::help::{Place, wait};
use crate::tests::models::{presentation, record};
use crate::{Store, presentation_key};

const DAY_MS: i64 = 86_400_000;

fn picture(presentation: i64, role: PictureRole, jpeg: &[u8], until_ms: i64) -> GatePicture {
    GatePicture {
        presentation,
        role,
        worker: 7,
        // Any name will do here; the box makes it of the content.
        sha256: String::from_utf8_lossy(jpeg).into_owned(),
        jpeg: jpeg.to_vec(),
        until_ms,
        may_leave: false,
    }
}

fn kept(store: &Store, presentation: i64, now_ms: i64) -> Option<KeptPictures> {
    let reader = store.reader().unwrap();
    let found = reader.faces().unwrap().pictures(presentation, now_ms);
    found.unwrap().map(|(_, kept)| kept)
}

fn forget(store: &Store, (now_ms, signed, make_room): (i64, &[u32], bool)) -> u64 {
    let what = PicturesToForget {
        now_ms,
        signed: signed.to_vec(),
        leaving: signed.to_vec(),
        make_room,
    };
    wait(store.writer().forget_pictures(what)).unwrap()
}

fn files(store: &Store, place: &Place) -> u32 {
    wait(store.writer().catch_up()).unwrap();
    let count = "SELECT count(*) FROM picture_file";
    place.tool().query_row(count, [], |row| row.get(0)).unwrap()
}

#[test]
fn both_pictures_of_a_presentation_stay_until_their_time_is_up() {
    let place = Place::new();
    let store = place.open();
    let act = |at| record(at, presentation(Some(7), Direction::In, true));
    wait(store.writer().append(vec![act(1_000), act(1_001)])).unwrap();
    let (first, second) = (
        presentation_key(1, 1).unwrap(),
        presentation_key(1, 2).unwrap(),
    );
    for (of, role, jpeg, until) in [
        (first, PictureRole::Gate, b"stranger".as_slice(), DAY_MS),
        (first, PictureRole::Own, b"holder", DAY_MS),
        (second, PictureRole::Own, b"holder", 2 * DAY_MS),
    ] {
        wait(store.writer().keep_picture(picture(of, role, jpeg, until))).unwrap();
    }
    assert_eq!(files(&store, &place), 2, "the holder's picture once");
    let both = kept(&store, first, 2_000).unwrap();
    assert_eq!(both.gate.as_deref(), Some(b"stranger".as_slice()));
    assert_eq!(both.own.as_deref(), Some(b"holder".as_slice()));
    let acts = store.reader().unwrap().acts(0, DAY_MS).unwrap();
    let pictured: Vec<_> = acts.iter().map(|act| act.pictures).collect();
    assert_eq!(pictured, [Some(second), Some(first)]);

    // Encrypted at rest, like everything else in the file.
    for entry in std::fs::read_dir(place.path().parent().unwrap()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(8).any(|eight| eight == b"stranger"));
    }

    // Nobody sees it any more, even before it is deleted; what another one needs stays.
    assert_eq!(kept(&store, first, DAY_MS), None);
    assert_eq!(forget(&store, (DAY_MS, &[7], false)), 2);
    assert_eq!(files(&store, &place), 1);
    assert!(kept(&store, second, DAY_MS).unwrap().own.is_some());
    assert_eq!(forget(&store, (2 * DAY_MS, &[7], false)), 1);
    assert_eq!(files(&store, &place), 0);
}

#[test]
fn the_oldest_go_where_there_are_too_many() {
    let place = Place::new();
    let store = place.open();
    let acts = (1..=5).map(|at| record(at, presentation(Some(7), Direction::In, true)));
    wait(store.writer().append(acts.collect())).unwrap();
    let key = |seq| presentation_key(1, seq).unwrap();
    let tool = place.tool();
    for seq in 1..=5 {
        for (role, jpeg) in [
            (PictureRole::Gate, format!("gate {seq}")),
            (PictureRole::Own, "own".to_owned()),
        ] {
            let one = picture(key(seq), role, jpeg.as_bytes(), DAY_MS);
            keep_of(&tool, &one, 3).unwrap();
        }
    }
    assert_eq!(files(&store, &place), 4, "three of the gate and one of him");
    assert_eq!(kept(&store, key(2), 1), None);
    assert!(kept(&store, key(3), 1).is_some());
}

/// Two presentations of worker 7, each with a picture of the gate and of him; their keys.
fn two_pictured(store: &Store) -> [i64; 2] {
    let act = |at| record(at, presentation(Some(7), Direction::In, true));
    wait(store.writer().append(vec![act(1_000), act(1_001)])).unwrap();
    [1, 2].map(|seq| {
        let key = presentation_key(1, seq).unwrap();
        for (role, jpeg) in [
            (PictureRole::Gate, format!("gate {seq}")),
            (PictureRole::Own, "own".to_owned()),
        ] {
            let one = picture(key, role, jpeg.as_bytes(), 30 * DAY_MS);
            wait(store.writer().keep_picture(one)).unwrap();
        }
        key
    })
}

#[test]
fn his_own_picture_goes_with_his_consent() {
    let place = Place::new();
    let store = place.open();
    let [first, second] = two_pictured(&store);
    assert_eq!(forget(&store, (2_000, &[6, 7], false)), 0);
    assert_eq!(forget(&store, (2_000, &[6], false)), 2);
    for key in [first, second] {
        let left = kept(&store, key, 2_000).unwrap();
        assert!(left.own.is_none() && left.gate.is_some(), "{left:?}");
    }
    assert_eq!(files(&store, &place), 2);
}

#[test]
fn what_the_city_has_makes_room_on_a_short_disk() {
    let place = Place::new();
    let store = place.open();
    let [first, second] = two_pictured(&store);
    assert_eq!(forget(&store, (2_000, &[7], true)), 0, "the city has none");
    let epoch = store.facts().epoch.clone();
    wait(store.writer().advance_cursor(&epoch, 1, Vec::new())).unwrap();
    assert_eq!(forget(&store, (2_000, &[7], false)), 0, "there is room");
    assert_eq!(forget(&store, (2_000, &[7], true)), 2);
    assert_eq!(kept(&store, first, 2_000), None);
    assert!(kept(&store, second, 2_000).is_some());
    assert_eq!(files(&store, &place), 2, "the second one's two");
}

#[test]
fn a_clock_that_went_back_keeps_nothing_longer() {
    let place = Place::new();
    let store = place.open();
    let [first, _] = two_pictured(&store);
    // Kept by a clock that was ten days ahead.
    let back_ms = -10 * DAY_MS;
    assert_eq!(forget(&store, (back_ms, &[7], false)), 0);
    assert_eq!(kept(&store, first, back_ms).unwrap().until_ms, 20 * DAY_MS);
}

/// Four presentations of worker 7 with a picture each that may leave as far as the worker is
/// concerned: sure, uncertain, another one's, uncertain. Their keys.
fn four_signed(store: &Store) -> [i64; 4] {
    let marks: [&[&str]; 4] = [
        &[],
        &["face_uncertain"],
        &["face_differs"],
        &["face_uncertain"],
    ];
    let acts = (1_000..).zip(marks).map(|(at, flags)| {
        let Kind::Presentation(mut one) = presentation(Some(7), Direction::In, true) else {
            panic!("no presentation");
        };
        one.flags = flags.iter().map(|&flag| flag.to_owned()).collect();
        record(at, Kind::Presentation(one))
    });
    wait(store.writer().append(acts.collect())).unwrap();
    [1, 2, 3, 4].map(|seq| {
        let key = presentation_key(1, seq).unwrap();
        for (role, jpeg) in [
            (PictureRole::Gate, format!("gate {seq}")),
            (PictureRole::Own, "own".to_owned()),
        ] {
            let one = GatePicture {
                may_leave: true,
                ..picture(key, role, jpeg.as_bytes(), 30 * DAY_MS)
            };
            wait(store.writer().keep_picture(one)).unwrap();
        }
        key
    })
}

fn due(store: &Store, workers: &[u32], now_ms: i64) -> Vec<(String, u64)> {
    let reader = store.reader().unwrap();
    let found = reader.faces().unwrap().photos_due(workers, now_ms).unwrap();
    found
        .into_iter()
        .map(|one| (one.sha256, one.record))
        .collect()
}

#[test]
fn only_the_gates_doubtful_picture_of_who_signed_is_due_until_the_city_has_it() {
    let place = Place::new();
    let store = place.open();
    let [_, second, _, fourth] = four_signed(&store);
    let both = [("gate 2".to_owned(), 2), ("gate 4".to_owned(), 4)];
    assert_eq!(due(&store, &[7], 2_000), both);
    assert_eq!(due(&store, &[6], 2_000), [], "he has taken it back");
    assert_eq!(due(&store, &[7], 30 * DAY_MS), [], "its time is up");
    let reader = store.reader().unwrap();
    let file = reader.faces().unwrap().photo("gate 2").unwrap();
    assert_eq!(file.as_deref(), Some(b"gate 2".as_slice()));
    drop(reader);
    wait(store.writer().photo_at_city("gate 2", 3_000)).unwrap();
    store.close().unwrap();

    // Known over a restart; the clerk still sees it.
    let store = place.open();
    assert_eq!(due(&store, &[7], 2_000), both[1..]);
    assert!(kept(&store, second, 2_000).is_some());

    // On a short disk the record alone is not enough where the city is to get the picture.
    let epoch = store.reader().unwrap().epochs().unwrap().remove(0).name;
    wait(store.writer().advance_cursor(&epoch, 4, Vec::new())).unwrap();
    assert_eq!(forget(&store, (2_000, &[7], true)), 6);
    assert!(kept(&store, fourth, 2_000).is_some());
    wait(store.writer().photo_at_city("gate 4", 3_000)).unwrap();
    assert_eq!(forget(&store, (2_000, &[7], true)), 2);
    assert_eq!(files(&store, &place), 0);
}

#[test]
fn what_was_kept_before_he_signed_never_leaves() {
    let place = Place::new();
    let store = place.open();
    two_pictured(&store);
    assert_eq!(due(&store, &[7], 2_000), []);
}
