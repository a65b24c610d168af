//! Troubles of the ledger and of the system in the words of those who must do something about them.

use std::io;

use edge_store::StoreError;

/// Cause, effect and what to do, for the installer or the clerk.
pub(crate) fn advice(error: &StoreError) -> String {
    match error {
        StoreError::WrongKey { path } => format!(
            "密钥打不开 {}。可能换过密钥文件或拿错了数据库；数据未改动。请放回原来的密钥文件",
            path.display()
        ),
        StoreError::NewerFile { path, found, known } => format!(
            "{} 是新版软件写的（版本 {found}，本软件只认到 {known}）；数据未改动。请安装新版软件",
            path.display()
        ),
        StoreError::OtherBox {
            path,
            found,
            expected,
        } => format!(
            "{} 属于考勤盒 {found}，不是本盒 {expected}；数据未改动。请核对 box.id，或换回本盒的数据",
            path.display()
        ),
        StoreError::Locked { path } => format!(
            "{} 正被另一个进程使用，同一账本只能由一个进程打开。请先停止它（systemctl stop menwei）",
            path.display()
        ),
        StoreError::Damaged { .. } => {
            "文件已损坏。请不要删除，用 menwei verify 查明第一处损坏，并联系运维".to_owned()
        }
        StoreError::DiskFull { .. } => "磁盘已满，账本写不进去。请清理磁盘".to_owned(),
        StoreError::ReadOnly { .. } => "磁盘只读，账本写不进去。请检查存储卡".to_owned(),
        StoreError::DiskFault { .. } => {
            "磁盘读写出错，账本写不进去。请检查存储卡，必要时更换".to_owned()
        }
        StoreError::KeyFileOpen { path, mode } => format!(
            "密钥文件 {} 的权限是 {mode:03o}，别人也能读。请执行 chmod 600",
            path.display()
        ),
        StoreError::KeyFileShape { path, bytes } => format!(
            "密钥文件 {} 有 {bytes} 字节，应为 32 字节或 64 个十六进制字符",
            path.display()
        ),
        StoreError::Io { path, source, .. } => {
            format!(
                "用不了 {}：{}。请检查路径和权限",
                path.display(),
                refusal(source)
            )
        }
        StoreError::Database { .. } => internal("数据库出错"),
        StoreError::Setting { .. } => internal("账本里的一项设置读不懂"),
        StoreError::BodySize { .. } => internal("一条记录过长"),
        StoreError::UnknownEpoch { .. } => internal("没有这个账本"),
        StoreError::CursorAhead { .. } => internal("上传进度超过了账本"),
        StoreError::OtherEnd { .. } => internal("账本的末尾与预期不同"),
        StoreError::Overtaken => internal("账本刚写了新的记录"),
        StoreError::Closed => internal("账本已停止写入"),
        StoreError::Random => internal("系统给不出随机数"),
    }
}

/// What no one but the makers can mend; the log has the program's own words.
fn internal(what: &str) -> String {
    format!("内部错误（{what}）。请把日志交给运维")
}

/// Why the system refused, in Chinese; its number where there are no words.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the system knows dozens of kinds; these are what an installer meets"
)]
pub(crate) fn refusal(error: &io::Error) -> String {
    let words = match error.kind() {
        io::ErrorKind::NotFound => "文件不存在",
        io::ErrorKind::PermissionDenied => "没有权限",
        io::ErrorKind::AddrInUse => "端口已被别的程序占用",
        io::ErrorKind::AddrNotAvailable => "本机没有这个地址",
        io::ErrorKind::StorageFull => "磁盘已满",
        io::ErrorKind::ReadOnlyFilesystem => "磁盘只读",
        io::ErrorKind::IsADirectory => "这是一个文件夹，不是文件",
        io::ErrorKind::NotADirectory => "路径中间的一段不是文件夹",
        io::ErrorKind::InvalidData => "内容不是文本",
        _ => {
            return error.raw_os_error().map_or_else(
                || "系统出错".to_owned(),
                |code| format!("系统出错，代码 {code}"),
            );
        }
    };
    words.to_owned()
}
