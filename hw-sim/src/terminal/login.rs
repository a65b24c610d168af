//! Digest access authentication (RFC 7616, MD5 with `qop=auth`) from the side that asks for it.

use std::collections::BTreeMap;

use md5::{Digest as _, Md5};

/// Wrong passwords after which a terminal locks itself.
const WRONG_MAX: u32 = 5;
const REALM: &str = "DS-K1T671";
const NONCE: &str = "4e5749454e4f4e4345";

/// How a login went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Come in.
    Good,
    /// Nobody said who he is.
    Nobody,
    /// A wrong name or password.
    Wrong,
    /// Too many wrong ones.
    Locked,
}

/// Who may ask, and who has tried.
#[derive(Debug)]
pub(super) struct Guard {
    user: String,
    password: String,
    wrong: u32,
}

impl Guard {
    pub(super) fn new(user: &str, password: &str) -> Self {
        Self {
            user: user.to_owned(),
            password: password.to_owned(),
            wrong: 0,
        }
    }

    /// Wrong passwords so far.
    pub(super) fn wrong(&self) -> u32 {
        self.wrong
    }

    /// What a terminal answers to whoever may not come in.
    pub(super) fn challenge() -> String {
        format!("Digest qop=\"auth\", realm=\"{REALM}\", nonce=\"{NONCE}\", stale=\"FALSE\"")
    }

    /// Checks an `Authorization` header.
    pub(super) fn check(&mut self, method: &str, header: Option<&str>) -> Verdict {
        if self.wrong >= WRONG_MAX {
            return Verdict::Locked;
        }
        let Some(fields) = header.and_then(fields) else {
            return Verdict::Nobody;
        };
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        let secret = hash(&format!("{}:{REALM}:{}", self.user, self.password));
        let act = hash(&format!("{method}:{}", field("uri")));
        let wanted = hash(&format!(
            "{secret}:{NONCE}:{}:{}:auth:{act}",
            field("nc"),
            field("cnonce")
        ));
        if field("nonce") == NONCE && field("username") == self.user && field("response") == wanted
        {
            return Verdict::Good;
        }
        self.wrong += 1;
        Verdict::Wrong
    }
}

fn hash(text: &str) -> String {
    use std::fmt::Write as _;
    let digest = Md5::digest(text.as_bytes());
    digest.iter().fold(String::new(), |mut text, byte| {
        // Writing into a text never fails.
        let _written = write!(text, "{byte:02x}");
        text
    })
}

/// `Digest a="b", c=d` as a map.
fn fields(header: &str) -> Option<BTreeMap<String, String>> {
    let rest = header.strip_prefix("Digest ")?;
    let pairs = rest.split(',').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let value = value.trim().trim_matches('"');
        Some((name.trim().to_owned(), value.to_owned()))
    });
    Some(pairs.collect())
}

#[cfg(test)]
mod tests {
    use super::hash;

    #[test]
    fn the_sum_is_md5() {
        assert_eq!(hash("abc"), "900150983cd24fb0d6963f7d28e17f72");
    }
}
