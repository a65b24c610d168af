//! Kinds of records in the clerk's words.

/// The word for a kind as the wire names it.
pub(crate) fn kind_word(kind: &str) -> &'static str {
    match kind {
        "epoch_began" => "新编号段",
        "started" => "设备启动",
        "presentation" => "刷卡",
        "passage" => "通行",
        "gate" => "闸机",
        "override" => "人工开闸",
        "emergency" => "应急放行",
        "device" => "设备状态",
        "clock" => "时钟",
        "gap" => "停用时段",
        "project" => "项目",
        "employer" => "参建单位",
        "team" => "班组",
        "worker" => "人员资料",
        "entry" => "进场",
        "exit" => "退场",
        "contract" => "劳动合同",
        "training" => "培训",
        "health_certificate" => "健康证明",
        "blacklist" => "禁止进场",
        "roster_applied" => "花名册生效",
        "policy_applied" => "规则生效",
        "carried" => "补传记录",
        "face_consent" => "人脸同意书",
        "correction_request" => "补卡申请",
        "correction" => "补卡",
        "correction_refused" => "补卡未批准",
        "audit" => "操作留痕",
        "month_closed" => "考勤关账",
        _ => "其他记录",
    }
}
