//! The stock that invented names are made of.

/// Surnames: common ones, some whose reading a dictionary gets wrong (单 仇 区 覃 解 曾 尉), some of two characters.
pub(super) const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林",
    "何", "郭", "马", "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧", "程", "曹",
    "袁", "邓", "许", "傅", "沈", "曾", "彭", "吕", "单", "仇", "区", "覃", "解", "尉", "欧阳",
    "上官", "诸葛",
];

/// Given names of men.
pub(super) const MEN: &[&str] = &[
    "建国", "建军", "志强", "志刚", "海涛", "国庆", "德胜", "永红", "长顺", "大勇", "卫东", "福贵",
    "来福", "金宝", "水生", "春生", "有田", "石头", "小龙", "文斌", "学军", "立新", "勇", "军",
    "磊", "涛", "强", "刚", "伟", "斌", "雄信", "和平", "志航", "传喜", "守义", "守仁", "宝山",
    "玉柱", "铁牛", "双喜",
];

/// Given names of women.
pub(super) const WOMEN: &[&str] = &[
    "秀英", "桂兰", "玉梅", "春花", "秋菊", "小红", "丽", "敏", "静", "艳", "红霞", "美玲", "凤英",
    "彩云", "桂花", "金凤", "翠萍", "冬梅", "巧云", "素珍",
];

/// Names that break careless software, with their nation code: characters beyond the common fonts, one outside the
/// basic plane (two UTF-16 units), and a long name with a middle dot.
pub(super) const RARE: &[(&str, &str)] = &[
    ("刘䶮", "01"),
    ("陈\u{2CB7C}", "01"),
    ("张㛃", "01"),
    ("阿卜杜热合曼·麦麦提明", "05"),
    ("王喆", "01"),
    ("单雄信", "01"),
];

/// Nation codes (GB/T 3304) of the crowd: most are Han.
pub(super) const NATIONS: &[&str] = &[
    "01", "01", "01", "01", "01", "01", "01", "01", "03", "06", "08", "11", "15", "02",
];
