//! The reader on the desk, as an installer might write it.

use crate::config::site_test::SHORT;
use crate::config::{ConfigError, SiteConfig};

fn faults(more: &str) -> Vec<String> {
    match SiteConfig::parse(&format!("{SHORT}{more}")) {
        Ok(_) => Vec::new(),
        Err(ConfigError::Faults(faults)) => faults.into_iter().map(|one| one.key).collect(),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn the_reader_on_the_desk_is_a_device_without_a_lane() {
    assert!(SiteConfig::parse(SHORT).unwrap().desk_reader.is_none());
    let desk = "[desk.reader]\nname = \"桌\"\nlink = \"serial:/dev/menwei/reader-desk\"\n";
    let config = SiteConfig::parse(&format!("{SHORT}{desk}")).unwrap();
    assert_eq!(config.desk_reader.as_ref().unwrap().find_interval_ms, 300);
    let devices = config.devices();
    assert_eq!(devices.last(), Some(&("桌".to_owned(), None)));
    // Its name and its port are its own.
    let taken = desk.replace("桌", "进").replace("reader-desk", "reader-1");
    assert_eq!(faults(&taken), ["desk.reader.name", "desk.reader.link"]);
    assert_eq!(faults("[desk]\n"), ["desk.reader"]);
}
