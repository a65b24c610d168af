//! `[policy.face]`: every number that decides about a face can be set, and nonsense is told.

use edge_domain::{FacePolicy, IdentifyRow, Similarity};

use crate::config::site_test::SHORT;
use crate::config::{ConfigError, SiteConfig};

/// What a section makes of the policy, or the faults as key and allowed values.
fn face(section: &str) -> Result<FacePolicy, Vec<(String, String)>> {
    match SiteConfig::parse(&format!("{SHORT}\n[policy.face]\n{section}")) {
        Ok(config) => Ok(config.policy.face),
        Err(ConfigError::Faults(faults)) => Err(faults
            .into_iter()
            .map(|fault| (fault.key, fault.allowed))
            .collect()),
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn what_is_not_written_is_the_default_and_what_is_written_holds() {
    assert_eq!(face("").unwrap(), FacePolicy::default());
    let row = |enrolled_max, ten_thousandths| IdentifyRow {
        enrolled_max,
        same: Similarity::new(ten_thousandths),
    };
    let set = face(
        "same = 4100\nother = 2600\ncompare_frames = 3\nmargin = 900\nidentify_frames = 4\n\
         identify_ms_max = 3000\naway_ms = 5000\nmismatches_alert = 2\npicture_days = 7\n\
         [[policy.face.identify]]\nenrolled_max = 100\nsame = 5200\n\
         [[policy.face.identify]]\nenrolled_max = 2000\nsame = 5800\n",
    );
    let expected = FacePolicy {
        same: Similarity::new(4_100),
        other: Similarity::new(2_600),
        compare_frames: 3,
        identify: vec![row(100, 5_200), row(2_000, 5_800)],
        margin: 900,
        identify_frames: 4,
        identify_ms_max: 3_000,
        away_ms: 5_000,
        picture_days: 7,
        mismatches_alert: 2,
        ..FacePolicy::default()
    };
    assert_eq!(set.unwrap(), expected);
}

/// The settings with these lines about pictures, and a city with these.
fn leaving(policy: &str, city: &str) -> Result<SiteConfig, Vec<(String, String)>> {
    let files = "ca_file = \"/ca\"\ncertificate_file = \"/box\"\nkey_file = \"/key\"\n";
    let city = if city.is_empty() {
        String::new()
    } else {
        format!("[city]\nbroker = \"city:8883\"\n{files}{city}\n")
    };
    match SiteConfig::parse(&format!("{SHORT}\n{city}[policy]\n{policy}\n")) {
        Ok(config) => Ok(config),
        Err(ConfigError::Faults(faults)) => Err(faults
            .into_iter()
            .map(|fault| (fault.key, fault.allowed))
            .collect()),
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn pictures_leave_for_a_basis_in_words_and_to_an_address_only() {
    let address = "photo_address = \"city.example.cn:8443\"";
    let basis = "photo_upload_basis = \" 市住建局 2026 年 12 号文第 8 条 \"";
    let silent = leaving("", address).unwrap();
    assert_eq!(silent.policy.photo_upload_basis, None, "nothing by itself");
    let set = leaving(basis, address).unwrap();
    let words = set.policy.photo_upload_basis.as_deref();
    assert_eq!(words, Some("市住建局 2026 年 12 号文第 8 条"));
    let port = set.city.unwrap().photo_address;
    assert_eq!(port, Some(("city.example.cn".to_owned(), 8443)));
    for nowhere in ["", "# a city that takes none"] {
        let told = leaving(basis, nowhere).unwrap_err();
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].0, "city.photo_address");
    }
    for no_basis in [
        "\"\"",
        "\"  \"",
        "true",
        &format!("\"{}\"", "法".repeat(121)),
    ] {
        let told = leaving(&format!("photo_upload_basis = {no_basis}"), address).unwrap_err();
        assert_eq!(told[0].0, "policy.photo_upload_basis", "{no_basis}");
    }
}

#[test]
fn numbers_that_contradict_each_other_are_told() {
    for (section, key, allowed) in [
        (
            "same = 3000\nother = 3001",
            "policy.face.other",
            "不大于 same（3000）的相似度",
        ),
        (
            "[[policy.face.identify]]\nenrolled_max = 100\nsame = 5000\n\
             [[policy.face.identify]]\nenrolled_max = 100\nsame = 5500",
            "policy.face.identify[2].enrolled_max",
            "大于上一行（100）的人数",
        ),
        (
            "[[policy.face.identify]]\nenrolled_max = 100\nsame = 5500\n\
             [[policy.face.identify]]\nenrolled_max = 200\nsame = 5499",
            "policy.face.identify[2].same",
            "不小于上一行（5500）的相似度",
        ),
    ] {
        let told = face(section).unwrap_err();
        assert_eq!(told, [(key.to_owned(), allowed.to_owned())], "{section}");
    }
    let incomplete = face("[[policy.face.identify]]\nsame = 5000").unwrap_err();
    assert_eq!(incomplete[0].0, "policy.face.identify[1].enrolled_max");
}
