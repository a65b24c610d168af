//! What a worker signs before his face is used, word for word, with its version.
//!
//! The version goes into the record of the consent: new words get a new version, and old ones stay
//! here, so that it can be shown what somebody has signed.

/// One version of the words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConsentWords {
    /// Its number.
    pub(crate) version: u16,
    /// Who signed one of these need sign nothing more here.
    pub(crate) enough: &'static [u16],
    /// Whether the enrolled picture goes into face terminals.
    pub(crate) terminals: bool,
    /// Its sentences.
    pub(crate) sentences: &'static [&'static str],
}

/// The versions whose words allow a place in a face terminal's library: who signed another one is
/// never given to a terminal.
pub const TERMINAL_WORDS: &[u16] = &[2, 4, 6];

/// The versions whose words allow the box to keep pictures of doubtful faces at the gate, and the
/// enrolled picture beside them.
pub const PICTURE_WORDS: &[u16] = &[3, 4, 5, 6];

/// The versions whose words allow the box to send a picture of a doubtful face to the city.
pub const UPLOAD_WORDS: &[u16] = &[5, 6];

/// The words that are signed now, at a site with or without face terminals.
pub(crate) const fn consent_words(has_terminals: bool) -> ConsentWords {
    if has_terminals {
        WITH_TERMINALS
    } else {
        BOX_ONLY
    }
}

/// The words that are offered beside them where a site has a basis for sending pictures. To agree to
/// the sending is a step of its own: who does not, signs the others.
pub(crate) const fn upload_words(has_terminals: bool) -> ConsentWords {
    if has_terminals {
        WITH_TERMINALS_UPLOAD
    } else {
        BOX_ONLY_UPLOAD
    }
}

const BOX_ONLY: ConsentWords = ConsentWords {
    version: 3,
    enough: &[3, 4, 5, 6],
    terminals: false,
    sentences: &[
        "本工地在进出场时用摄像头核对本人，用途只有实名制考勤这一项。",
        "登记时由照片算出人脸模板，模板和一张登记照加密存在工地的考勤盒里。模板和照片不上传、不出工地、不给别人用。",
        "刷了卡而摄像头拿不准是不是本人、或认为不是本人时，考勤盒加密保存一张当时的门口照片，最多 30 天，到期自动删除；只有劳资专管员写明理由后才能查看，每次查看都留痕。",
        "本人可以随时撤回同意，撤回或退场后模板和登记照几秒内销毁；已有的考勤记录不受影响。",
        "不同意的照常刷身份证或工卡进出，不影响上班和工资。",
    ],
};

const WITH_TERMINALS: ConsentWords = ConsentWords {
    version: 4,
    enough: &[4, 6],
    terminals: true,
    sentences: &[
        "本工地在进出场时用摄像头和门口的人脸机核对本人，用途只有实名制考勤这一项。",
        "登记时由照片算出人脸模板，模板和一张登记照加密存在工地的考勤盒里；登记照还要放进本工地门口的人脸机。模板和照片不上传、不出工地、不给别人用。",
        "刷了卡而摄像头拿不准是不是本人、或认为不是本人时，考勤盒加密保存一张当时的门口照片，最多 30 天，到期自动删除；只有劳资专管员写明理由后才能查看，每次查看都留痕。",
        "本人可以随时撤回同意，撤回或退场后，考勤盒里的模板和登记照几秒内销毁，人脸机里的照片一连上就删除；已有的考勤记录不受影响。",
        "不同意的照常刷身份证或工卡进出，不影响上班和工资。",
    ],
};

const BOX_ONLY_UPLOAD: ConsentWords = ConsentWords {
    version: 5,
    enough: &[5, 6],
    terminals: false,
    sentences: &[
        "本工地在进出场时用摄像头核对本人，用途只有实名制考勤这一项。",
        "登记时由照片算出人脸模板，模板和一张登记照加密存在工地的考勤盒里。模板和登记照不上传、不出工地、不给别人用。",
        "刷了卡而摄像头拿不准是不是本人、或认为不是本人时，考勤盒加密保存一张当时的门口照片，最多 30 天，到期自动删除；在工地只有劳资专管员写明理由后才能查看，每次查看都留痕。",
        "其中摄像头拿不准是不是本人的那一张，考勤盒还要经加密网络传给市实名制管理平台，只用于核实考勤，依据写在本同意书末尾；认为不是本人的不传。每传一张都留痕，传到平台的由平台按规定保存和删除。",
        "本人可以随时撤回同意，撤回或退场后模板和登记照几秒内销毁，门口照片不再上传；已经上传的，可以向平台要求删除；已有的考勤记录不受影响。",
        "不同意上传照片的，可以只签不上传的那一版；都不同意的照常刷身份证或工卡进出，不影响上班和工资。",
    ],
};

const WITH_TERMINALS_UPLOAD: ConsentWords = ConsentWords {
    version: 6,
    enough: &[6],
    terminals: true,
    sentences: &[
        "本工地在进出场时用摄像头和门口的人脸机核对本人，用途只有实名制考勤这一项。",
        "登记时由照片算出人脸模板，模板和一张登记照加密存在工地的考勤盒里；登记照还要放进本工地门口的人脸机。模板和登记照不上传、不出工地、不给别人用。",
        "刷了卡而摄像头拿不准是不是本人、或认为不是本人时，考勤盒加密保存一张当时的门口照片，最多 30 天，到期自动删除；在工地只有劳资专管员写明理由后才能查看，每次查看都留痕。",
        "其中摄像头拿不准是不是本人的那一张，考勤盒还要经加密网络传给市实名制管理平台，只用于核实考勤，依据写在本同意书末尾；认为不是本人的不传。每传一张都留痕，传到平台的由平台按规定保存和删除。",
        "本人可以随时撤回同意，撤回或退场后，考勤盒里的模板和登记照几秒内销毁，人脸机里的照片一连上就删除，门口照片不再上传；已经上传的，可以向平台要求删除；已有的考勤记录不受影响。",
        "不同意上传照片的，可以只签不上传的那一版；都不同意的照常刷身份证或工卡进出，不影响上班和工资。",
    ],
};

/// Versions that nobody signs any more; who signed one goes on with what it allowed.
#[cfg(test)]
const FORMER: [ConsentWords; 2] = [
    ConsentWords {
        version: 1,
        enough: &[],
        terminals: false,
        sentences: &[
            "本工地在进出场时用摄像头核对本人，用途只有实名制考勤这一项。",
            "登记时由照片算出人脸模板，加密存在工地的考勤盒里；照片不保存，模板不上传、不外传、不给别人用。",
            "本人可以随时撤回同意，撤回或退场后模板几秒内销毁；已有的考勤记录不受影响。",
            "不同意的照常刷身份证或工卡进出，不影响上班和工资。",
        ],
    },
    ConsentWords {
        version: 2,
        enough: &[],
        terminals: true,
        sentences: &[
            "本工地在进出场时用摄像头和门口的人脸机核对本人，用途只有实名制考勤这一项。",
            "登记时由照片算出人脸模板，模板和一张登记照加密存在工地的考勤盒里；登记照还要放进本工地门口的人脸机。模板和照片不上传、不出工地、不给别人用。",
            "本人可以随时撤回同意，撤回或退场后，考勤盒里的模板和照片几秒内销毁，人脸机里的照片一连上就删除；已有的考勤记录不受影响。",
            "不同意的照常刷身份证或工卡进出，不影响上班和工资。",
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::{
        ConsentWords, FORMER, PICTURE_WORDS, TERMINAL_WORDS, UPLOAD_WORDS, consent_words,
        upload_words,
    };

    #[test]
    fn only_words_that_name_terminals_and_pictures_allow_them() {
        let mut all: Vec<ConsentWords> = FORMER.to_vec();
        all.extend([consent_words(false), consent_words(true)]);
        all.extend([upload_words(false), upload_words(true)]);
        for (version, words) in (1_u16..).zip(&all) {
            assert_eq!(words.version, version);
            let says = |word: &str| words.sentences.concat().contains(word);
            let (terminals, pictures) = (says("人脸机"), says("门口照片") && says("30 天"));
            assert_eq!(terminals, TERMINAL_WORDS.contains(&version), "{version}");
            assert_eq!(terminals, words.terminals, "{version}");
            assert_eq!(pictures, PICTURE_WORDS.contains(&version), "{version}");
            let upload = says("传给市实名制管理平台");
            assert_eq!(upload, UPLOAD_WORDS.contains(&version), "{version}");
            assert!(says("模板和登记照不上传") || !upload, "{version}");
            // Whoever was told that nothing leaves has signed for nothing that does.
            assert!(!upload || !says("模板和照片不上传"), "{version}");
            if pictures {
                assert!(says("一张登记照"), "{version}");
            }
            // What is enough allows at least as much.
            for other in words.enough {
                let other = all.iter().find(|one| one.version == *other).unwrap();
                assert!(other.terminals || !words.terminals, "{version}");
                assert!(
                    UPLOAD_WORDS.contains(&other.version) || !upload,
                    "{version}"
                );
            }
        }
    }
}
