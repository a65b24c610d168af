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

/// The words that are signed now.
pub(crate) const CONSENT_WORDS: ConsentWords = ConsentWords {
    version: 1,
    sentences: &[
        "本工地在进出场时用摄像头核对本人，用途只有实名制考勤这一项。",
        "登记时由照片算出人脸模板，加密存在工地的考勤盒里；照片不保存，模板不上传、不外传、不给别人用。",
        "本人可以随时撤回同意，撤回或退场后模板几秒内销毁；已有的考勤记录不受影响。",
        "不同意的照常刷身份证或工卡进出，不影响上班和工资。",
    ],
};
