//! Pictures of doubtful faces: by presentation, by content, for a time.

use sync_wire::record::Direction;

use crate::screen::picture::{GatePicture, KeptPictures, PictureRole, keep_of};
use crate::tests::help::{Place, wait};
use crate::tests::models::{presentation, record};
use crate::{Store, presentation_key};

const DAY_MS: i64 = 86_400_000;

fn picture(presentation: i64, role: PictureRole, jpeg: &[u8], until_ms: i64) -> GatePicture {
    GatePicture {
        presentation,
        role,
        // Any name will do here; the box makes it of the content.
        sha256: String::from_utf8_lossy(jpeg).into_owned(),
        jpeg: jpeg.to_vec(),
        until_ms,
    }
}

fn kept(store: &Store, presentation: i64, now_ms: i64) -> Option<KeptPictures> {
    let reader = store.reader().unwrap();
    let found = reader.faces().unwrap().pictures(presentation, now_ms);
    found.unwrap().map(|(_, kept)| kept)
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
    assert_eq!(wait(store.writer().forget_pictures(DAY_MS)).unwrap(), 2);
    assert_eq!(files(&store, &place), 1);
    assert!(kept(&store, second, DAY_MS).unwrap().own.is_some());
    assert_eq!(wait(store.writer().forget_pictures(2 * DAY_MS)).unwrap(), 1);
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
