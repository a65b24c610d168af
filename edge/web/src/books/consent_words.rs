//! What a worker signs before his face is used, word for word, with its version.
//!
//! The version goes into the record of the consent: new words get a new version, and old ones stay
//! here, so that it can be shown what somebody has signed.

/// One version of the words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConsentWords {
    /// Its number.
    pub(crate) version: u16,
    /// Its sentences.
    pub(crate) sentences: &'static [&'static str],
}

/// The first version whose words allow a kept picture and a place in a face terminal's library: who
/// signed an older one is never given to a terminal.
pub const TERMINAL_WORDS_FROM: u16 = 2;

/// The words that are signed now, at a site with or without face terminals.
pub(crate) const fn consent_words(has_terminals: bool) -> ConsentWords {
    if has_terminals {
        WITH_TERMINALS
    } else {
        BOX_ONLY
    }
}

const BOX_ONLY: ConsentWords = ConsentWords {
    version: 1,
    sentences: &[
        "本工地在进出场时用摄像头核对本人，用途只有实名制考勤这一项。",
        "登记时由照片算出人脸模板，加密存在工地的考勤盒里；照片不保存，模板不上传、不外传、不给别人用。",
        "本人可以随时撤回同意，撤回或退场后模板几秒内销毁；已有的考勤记录不受影响。",
        "不同意的照常刷身份证或工卡进出，不影响上班和工资。",
    ],
};

const WITH_TERMINALS: ConsentWords = ConsentWords {
    version: 2,
    sentences: &[
        "本工地在进出场时用摄像头和门口的人脸机核对本人，用途只有实名制考勤这一项。",
        "登记时由照片算出人脸模板，模板和一张登记照加密存在工地的考勤盒里；登记照还要放进本工地门口的人脸机。模板和照片不上传、不出工地、不给别人用。",
        "本人可以随时撤回同意，撤回或退场后，考勤盒里的模板和照片几秒内销毁，人脸机里的照片一连上就删除；已有的考勤记录不受影响。",
        "不同意的照常刷身份证或工卡进出，不影响上班和工资。",
    ],
};

#[cfg(test)]
mod tests {
    use super::{TERMINAL_WORDS_FROM, consent_words};

    #[test]
    fn only_words_that_name_the_terminals_allow_them() {
        assert!(consent_words(false).version < TERMINAL_WORDS_FROM);
        assert!(consent_words(true).version >= TERMINAL_WORDS_FROM);
        let says = |word: &str| consent_words(true).sentences.concat().contains(word);
        assert!(says("人脸机") && says("登记照"));
    }
}
