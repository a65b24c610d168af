//! The national code tables (real-name platform for construction workers) with their Chinese names.
//!
//! A city stores a record whose code is in no table of its own and parks it as `unknown_code`; a
//! newer table redrives it.

use crate::record::Direction;

/// A table: code and Chinese name, in ascending order of code.
pub type Table = &'static [(&'static str, &'static str)];

/// The name of a code.
pub fn name_of(table: Table, code: &str) -> Option<&'static str> {
    table
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, name)| *name)
}

/// The national code of a direction: 01 入场, 02 出场.
pub fn direction_code(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "01",
        Direction::Out => "02",
    }
}

/// Way of attendance: identity card.
pub const BY_ID_CARD: &str = "005";
/// Way of attendance: face.
pub const BY_FACE: &str = "001";
/// Way of attendance: the site's own card.
pub const BY_IC_CARD: &str = "006";
/// Way of attendance: opened by hand at the gate.
pub const BY_OVERRIDE: &str = "008";

/// Direction.
pub const DIRECTIONS: Table = &[("01", "入场"), ("02", "出场")];

/// Way of attendance (attendType).
pub const ATTEND_TYPES: Table = &[
    ("001", "人脸识别"),
    ("002", "虹膜"),
    ("003", "指纹"),
    ("004", "掌纹"),
    ("005", "身份证识别"),
    ("006", "实名卡"),
    ("007", "异常清退"),
    ("008", "一键开闸"),
    ("009", "应急通道"),
    ("010", "二维码"),
    ("011", "其他"),
];

/// Why a movement stands in no record of the gate: the box's own words.
pub const CORRECTION_REASONS: Table = &[
    ("forgot_card", "忘打卡"),
    ("device_fault", "设备故障"),
    ("power_cut", "断电"),
    ("misread", "误识别"),
    ("face_injury", "脸部受伤"),
    ("other", "其他"),
];

/// What an `audit` record tells: the box's own words.
pub const AUDIT_ACTS: Table = &[
    ("number_revealed", "查看完整号码"),
    ("evidence_seen", "查看补卡证明"),
    ("pictures_seen", "查看门口照片"),
    ("picture_sent", "上传门口照片"),
    ("exported", "导出"),
    ("imported", "导入人员"),
    ("import_undone", "撤销导入"),
    ("suspended", "申报停工"),
    ("account_claimed", "开通账号"),
    ("account_opened", "开账号"),
    ("account_code", "换开通码"),
    ("account_closed", "停用账号"),
    ("password_set", "改密码"),
    ("policy_changed", "规则改变"),
    ("disputed", "工人异议"),
    ("dispute_answered", "答复异议"),
    ("visit_issued", "开访客卡"),
    ("visit_ended", "结束访客"),
];

/// Type of an employer (corpType).
pub const EMPLOYER_TYPES: Table = &[
    ("001", "专业分包"),
    ("002", "设备分包"),
    ("003", "材料分包"),
    ("004", "后勤服务"),
    ("005", "特殊设备"),
    ("006", "劳务分包"),
    ("007", "监理"),
    ("008", "建设单位"),
    ("009", "总承包单位"),
    ("010", "勘察"),
    ("011", "设计"),
    ("012", "其它"),
];

/// Role (workRole).
pub const ROLES: Table = &[("10", "管理人员"), ("20", "建筑工人")];

/// Type of a training (trainingTypeCode).
pub const TRAINING_TYPES: Table = &[
    ("003001", "安全教育"),
    ("003002", "入场教育"),
    ("003003", "退场教育"),
    ("003004", "技能培训"),
];

/// Trade (workType).
pub const TRADES: Table = &[
    ("010", "砌筑工"),
    ("020", "钢筋工"),
    ("030", "架子工"),
    ("040", "混凝土工"),
    ("050", "模板工"),
    ("060", "机械设备安装工"),
    ("070", "通风工"),
    ("080", "安装起重工"),
    ("090", "安装钳工"),
    ("100", "电气设备安装调试工"),
    ("110", "管道工"),
    ("120", "变电安装工"),
    ("130", "建筑电工"),
    ("140", "司泵工"),
    ("150", "挖掘铲运和桩工机械司机"),
    ("160", "桩机操作工"),
    ("170", "起重信号工"),
    ("180", "建筑起重机械安装拆卸工"),
    ("190", "装饰装修工"),
    ("200", "室内成套设施安装工"),
    ("210", "建筑门窗幕墙安装工"),
    ("220", "幕墙制作工"),
    ("230", "防水工"),
    ("240", "木工"),
    ("250", "石工"),
    ("270", "电焊工"),
    ("280", "爆破工"),
    ("290", "除尘工"),
    ("300", "测量放线工"),
    ("310", "线路架设工"),
    ("320", "古建筑传统石工"),
    ("330", "古建筑传统瓦工"),
    ("340", "古建筑传统彩画工"),
    ("350", "古建筑传统木工"),
    ("360", "古建筑传统油工"),
    ("380", "金属工"),
    ("390", "杂工"),
    ("900", "管理人员"),
    ("1000", "其他"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_once_with_its_name() {
        for table in [
            DIRECTIONS,
            ATTEND_TYPES,
            EMPLOYER_TYPES,
            ROLES,
            TRAINING_TYPES,
            TRADES,
        ] {
            let mut codes: Vec<&str> = table.iter().map(|(code, _)| *code).collect();
            codes.dedup();
            assert_eq!(codes.len(), table.len());
            assert!(table.iter().all(|(_, name)| !name.is_empty()));
        }
        assert_eq!(name_of(ATTEND_TYPES, BY_ID_CARD), Some("身份证识别"));
        assert_eq!(name_of(ATTEND_TYPES, BY_FACE), Some("人脸识别"));
        assert_eq!(name_of(ATTEND_TYPES, BY_IC_CARD), Some("实名卡"));
        assert_eq!(name_of(ATTEND_TYPES, BY_OVERRIDE), Some("一键开闸"));
        assert_eq!(name_of(TRADES, "020"), Some("钢筋工"));
        assert_eq!(name_of(TRADES, "260"), None);
        assert_eq!(
            name_of(DIRECTIONS, direction_code(Direction::Out)),
            Some("出场")
        );
    }
}
