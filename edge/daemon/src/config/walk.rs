//! Reads a TOML table key by key and collects every fault instead of stopping at the first.

use std::fmt;

use toml::{Table, Value};

/// One thing that is wrong in the configuration, in the installer's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Full key, as `lane[2].gate.link`.
    pub(crate) key: String,
    /// What stands there, `None` where the key is missing.
    pub(crate) found: Option<String>,
    /// What may stand there, in Chinese, with the range and unit.
    pub(crate) allowed: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.found {
            Some(found) => write!(formatter, "{} = {found}：应为{}", self.key, self.allowed),
            None => write!(formatter, "缺少 {}：应为{}", self.key, self.allowed),
        }
    }
}

/// A cursor over one table. [`Walk::finish`] reports the keys that nobody asked for.
#[derive(Debug)]
pub(super) struct Walk {
    path: String,
    table: Table,
    known: Vec<&'static str>,
    faults: Vec<Fault>,
}

impl Walk {
    pub(super) fn new(path: impl Into<String>, table: Table) -> Self {
        Self {
            path: path.into(),
            table,
            known: Vec::new(),
            faults: Vec::new(),
        }
    }

    fn full_key(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn know(&mut self, key: &'static str) {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.know(key);
        self.table.remove(key)
    }

    /// Notes a fault of `key`; `found` is the value as written, `None` only where the key is missing.
    pub(super) fn fault(&mut self, key: &str, found: Option<&Value>, allowed: &str) {
        self.note(key, found.map(ToString::to_string), allowed);
    }

    /// Notes a fault of a text that is well formed and yet may not stand there.
    pub(super) fn fault_of(&mut self, key: &str, found: &str, allowed: &str) {
        self.fault(key, Some(&Value::String(found.to_owned())), allowed);
    }

    fn note(&mut self, key: &str, found: Option<String>, allowed: &str) {
        self.faults.push(Fault {
            key: self.full_key(key),
            found,
            allowed: allowed.to_owned(),
        });
    }

    /// Notes a fault where a key is written that must not be there.
    pub(super) fn refuse(&mut self, key: &'static str, allowed: &str) {
        self.know(key);
        if let Some(found) = self.table.get(key).map(ToString::to_string) {
            self.note(key, Some(found), allowed);
        }
    }

    /// A key that may not stand here at all: told once, whatever its value.
    pub(super) fn reject(&mut self, key: &'static str, allowed: &str) {
        if let Some(found) = self.take(key) {
            self.note(key, Some(found.to_string()), allowed);
        }
    }

    /// A text value that `parse` accepts; `allowed` says in Chinese what that is.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        allowed: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.take(key);
        let parsed = value.as_ref().and_then(Value::as_str).and_then(parse);
        if parsed.is_none() {
            self.fault(key, value.as_ref(), allowed);
        }
        parsed
    }

    /// Like [`Walk::parsed`], with a default where the key is absent.
    pub(super) fn parsed_or<T>(
        &mut self,
        key: &'static str,
        default: T,
        allowed: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        if self.table.contains_key(key) {
            self.parsed(key, allowed, parse)
        } else {
            self.know(key);
            Some(default)
        }
    }

    /// A whole number within `range`, or `default` where the key is absent.
    pub(super) fn number_or(
        &mut self,
        key: &'static str,
        default: u32,
        range: std::ops::RangeInclusive<u32>,
        unit: &str,
    ) -> u32 {
        let Some(value) = self.take(key) else {
            return default;
        };
        let number = value
            .as_integer()
            .and_then(|number| u32::try_from(number).ok());
        if let Some(number) = number.filter(|number| range.contains(number)) {
            return number;
        }
        let allowed = format!("{} 至 {} 的整数（{unit}）", range.start(), range.end());
        self.fault(key, Some(&value), &allowed);
        default
    }

    /// A whole number within `range`; the key must be there.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        range: std::ops::RangeInclusive<u32>,
        unit: &str,
    ) -> Option<u32> {
        if self.has(key) {
            let faults = self.faults.len();
            let number = self.number_or(key, *range.start(), range, unit);
            return (self.faults.len() == faults).then_some(number);
        }
        let allowed = format!("{} 至 {} 的整数（{unit}）", range.start(), range.end());
        self.fault(key, None, &allowed);
        None
    }

    /// True or false; `default` where the key is absent.
    pub(super) fn flag_or(&mut self, key: &'static str, default: bool) -> bool {
        let Some(value) = self.take(key) else {
            return default;
        };
        value.as_bool().unwrap_or_else(|| {
            self.fault(key, Some(&value), "true 或 false");
            default
        })
    }

    /// One of the listed words, or the first of them where the key is absent.
    pub(super) fn word_or_first<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let (_, default) = *words.first()?;
        let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
        let allowed = format!("以下之一：{}", names.join("、"));
        self.parsed_or(key, default, &allowed, |text| {
            words
                .iter()
                .find(|(name, _)| *name == text)
                .map(|(_, value)| *value)
        })
    }

    /// One of the listed words; the key must be there.
    pub(super) fn word<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
        let allowed = format!("以下之一：{}", names.join("、"));
        self.parsed(key, &allowed, |text| {
            words
                .iter()
                .find(|(name, _)| *name == text)
                .map(|(_, value)| *value)
        })
    }

    /// Whether the key is written.
    pub(super) fn has(&mut self, key: &'static str) -> bool {
        self.know(key);
        self.table.contains_key(key)
    }

    /// A list of texts that `parse` accepts, at least one; `None` where the key is absent.
    pub(super) fn texts<T, C: FromIterator<T>>(
        &mut self,
        key: &'static str,
        allowed: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<C> {
        let value = self.take(key)?;
        let items = value.as_array().filter(|items| !items.is_empty());
        let parsed = items.and_then(|items| {
            items
                .iter()
                .map(|item| item.as_str().and_then(&parse))
                .collect::<Option<Vec<T>>>()
        });
        if parsed.is_none() {
            self.fault(key, Some(&value), allowed);
        }
        parsed.map(|items| items.into_iter().collect())
    }

    /// A sub-table; an absent optional one is `None` without a fault.
    pub(super) fn table(&mut self, key: &'static str, required: bool) -> Option<Walk> {
        match self.take(key) {
            Some(Value::Table(table)) => Some(Walk::new(self.full_key(key), table)),
            None if !required => None,
            found => {
                self.fault(
                    key,
                    found.as_ref(),
                    &format!("一个 [{}] 小节", self.full_key(key)),
                );
                None
            }
        }
    }

    /// An array of tables, each with its place in the key (counted from 1).
    pub(super) fn tables(&mut self, key: &'static str, most: usize) -> Vec<Walk> {
        let value = self.take(key);
        let allowed = format!("1 至 {most} 个 [[{}]] 小节", self.full_key(key));
        let Some(Value::Array(items)) = value else {
            self.fault(key, value.as_ref(), &allowed);
            return Vec::new();
        };
        if items.is_empty() || items.len() > most {
            self.note(key, Some(format!("{} 个", items.len())), &allowed);
        }
        let mut walks = Vec::new();
        for (index, item) in items.into_iter().enumerate().take(most) {
            let place = format!("{}[{}]", self.full_key(key), index + 1);
            if let Value::Table(table) = item {
                walks.push(Walk::new(place, table));
            } else {
                self.fault(key, Some(&item), &allowed);
            }
        }
        walks
    }

    /// Takes over the faults of a finished sub-table.
    pub(super) fn absorb(&mut self, faults: Vec<Fault>) {
        self.faults.extend(faults);
    }

    /// Every fault found, unknown keys included.
    pub(super) fn finish(mut self) -> Vec<Fault> {
        let unknown: Vec<(String, Value)> = std::mem::take(&mut self.table).into_iter().collect();
        for (key, value) in unknown {
            let allowed = format!("已知的键（{}），请检查拼写或删除", self.known.join("、"));
            self.fault(&key, Some(&value), &allowed);
        }
        self.faults
    }
}

/// Reads a table of `parent` and takes its faults along.
pub(super) fn finish<T>(
    parent: &mut Walk,
    mut walk: Walk,
    read: impl FnOnce(&mut Walk) -> Option<T>,
) -> Option<T> {
    let value = read(&mut walk);
    parent.absorb(walk.finish());
    value
}

/// A text of 1 to so many characters, none of them a control character.
pub(super) fn short_text(text: &str, chars_max: usize) -> Option<String> {
    let chars = text.chars().count();
    let fits = chars > 0 && chars <= chars_max && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}
