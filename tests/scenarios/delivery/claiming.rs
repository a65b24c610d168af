//! A box gets its certificate for a code, and with it everything that it needs for its city.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests::{BOX_ID, City, Ended, Result, Site, bin_dir, eventually, free_port, run};

use crate::help::{Gate, plan};

/// A site whose city gives out certificates.
struct Counter {
    site: Site,
    url: String,
}

impl Counter {
    async fn open(folder: &Path) -> Result<Self> {
        let mut site = Site::prepare(folder, &plan("one-gate")).await?;
        let port = free_port()?;
        let broker = site.broker.port();
        site.city.kill()?;
        site.city.set(&format!(
            "claim_listen = \"127.0.0.1:{port}\"\nbox_broker = \"localhost:{broker}\"\n"
        ));
        site.city.up().await?;
        Ok(Self {
            site,
            url: format!("https://localhost:{port}"),
        })
    }

    fn operator(&self, arguments: &[&str]) -> Result<String> {
        let settings = self.site.city.folder().join("city.toml");
        let settings = settings.display().to_string();
        let all = [arguments, &["--config", &settings]].concat();
        run(&bin_dir()?.join("menwei-city"), &all)
    }

    /// What the operator is shown for a box: the code, and the authority's fingerprint.
    fn code(&self, id: &str) -> Result<(String, String)> {
        let told = self.operator(&["claim", id, "--site", "3499002026TEST001"])?;
        let after = |word: &str| {
            let rest = told.split(word).nth(1)?;
            rest.split_whitespace().next().map(str::to_owned)
        };
        let code = after("--code ").ok_or("no code")?;
        Ok((code, after("--ca-fingerprint ").ok_or("no fingerprint")?))
    }

    fn authority(&self) -> String {
        let file = self.site.city.folder().join("ca.pem");
        file.display().to_string()
    }

    /// `menwei claim` into a folder.
    fn claim(&self, out: &Path, arguments: &[&str]) -> Result<Ended> {
        let out = out.display().to_string();
        let first = ["claim", "--city", &self.url, "--out", &out];
        self.site
            .gate_box
            .menwei_ends(&[&first, arguments].concat())
    }
}

/// What `openssl` says.
fn openssl(arguments: &[&str]) -> Result<String> {
    run(Path::new("/usr/bin/openssl"), arguments)
}

fn paths<const N: usize>(folder: &Path, names: [&str; N]) -> [String; N] {
    names.map(|name| folder.join(name).display().to_string())
}

fn files(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for one in fs::read_dir(folder)? {
        names.push(one?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

#[tokio::test]
async fn a_box_claims_its_certificate_and_delivers_with_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut counter = Counter::open(folder.path()).await?;
    // The box has no certificate yet.
    let home = counter.site.gate_box.folder().to_owned();
    for name in [
        "box.pem",
        "box.key",
        "ca.pem",
        "city-seal.pub",
        "city-sign.pub",
    ] {
        fs::remove_file(home.join(name))?;
    }
    let (code, fingerprint) = counter.code(BOX_ID)?;
    let by_print = ["--code", &code, "--ca-fingerprint", &fingerprint];
    let done = counter.claim(&home, &by_print)?;
    assert_eq!(done.code, Some(0), "{done:?}");
    let [certificate, key, authority] = paths(&home, ["box.pem", "box.key", "ca.pem"]);
    let mode = fs::metadata(&key)?.permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let subject = openssl(&["x509", "-in", &certificate, "-noout", "-subject"])?;
    assert_eq!(subject.trim(), format!("subject=CN = {BOX_ID}"));
    let purpose = [
        "verify",
        "-purpose",
        "sslclient",
        "-CAfile",
        &authority,
        &certificate,
    ];
    openssl(&purpose)?;
    let of_key = openssl(&["pkey", "-in", &key, "-pubout"])?;
    let of_certificate = openssl(&["x509", "-in", &certificate, "-noout", "-pubkey"])?;
    assert_eq!(of_key, of_certificate);
    let theirs = counter.site.city.folder();
    assert_eq!(fs::read(theirs.join("ca.pem"))?, fs::read(&authority)?);
    assert_eq!(
        fs::read(theirs.join("city-seal.pub"))?,
        fs::read(home.join("city.pub"))?
    );
    assert!(!home.join("box.key.new").exists());

    // What it printed is the section of its settings, and with that it delivers.
    let section = done.printed.split("[city]").nth(1).ok_or("no section")?;
    let section = section.split("\n\n").next().ok_or("no section")?.to_owned();
    assert!(
        section.contains(
            &fs::read_to_string(theirs.join("city-sign.pub"))?
                .trim()
                .to_owned()
        )
    );
    counter.site.gate_box.edit(|settings| {
        let (before, rest) = settings.split_once("[city]").unwrap_or((&settings, ""));
        let after = rest.split_once("\n\n").map_or("", |(_, after)| after);
        format!("{before}[city]{section}\n\n{after}")
    })?;
    counter.site.gate_box.up().await?;
    let gate = Gate::from(&counter.site);
    gate.devices_answer(0).await?;
    gate.passes("gate-1-in", "admitted:0").await?;
    counter.site.settled().await?;
    Ok(())
}

#[tokio::test]
async fn a_code_that_is_not_good_gives_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let counter = Counter::open(folder.path()).await?;
    let (code, fingerprint) = counter.code("box-2")?;
    let authority = counter.authority();
    let out = |name: &str| -> PathBuf { folder.path().join(name) };
    let refused = |name: &str, arguments: &[&str], said: &str| -> Result<()> {
        let done = counter.claim(&out(name), arguments)?;
        assert_eq!(done.code, Some(1), "{name}: {done:?}");
        assert!(done.complained.contains(said), "{name}: {done:?}");
        let left = files(&out(name)).unwrap_or_default();
        let kept: Vec<_> = left.iter().filter(|one| *one != "box.key.new").collect();
        assert!(kept.is_empty(), "{name}: {kept:?}");
        Ok(())
    };
    let wrong = format!(
        "{}-00000-00000-00000",
        code.split('-').next().unwrap_or_default()
    );
    refused(
        "wrong",
        &["--code", &wrong, "--ca", &authority],
        "wrong_code",
    )?;
    refused("empty", &["--code", "", "--ca", &authority], "wrong_code")?;

    // Another city's authority, another fingerprint, an address that is none: the code is not even sent.
    let elsewhere = folder.path().join("elsewhere");
    City::keys(&elsewhere)?;
    let [strange] = paths(&elsewhere, ["ca.pem"]);
    refused(
        "other-ca",
        &["--code", &code, "--ca", &strange],
        "不是由给定的 CA 签发",
    )?;
    let other = "0".repeat(64);
    refused(
        "print",
        &["--code", &code, "--ca-fingerprint", &other],
        "没有发送开通码",
    )?;
    refused(
        "no-print",
        &["--code", &code, "--ca-fingerprint", "12"],
        "64 个十六进制字符",
    )?;

    // One box takes it; the next one with the same code gets nothing, nor is the first overwritten.
    let good = ["--code", &code, "--ca-fingerprint", &fingerprint];
    let done = counter.claim(&out("box-2"), &good)?;
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.printed.contains("box-2"), "{done:?}");
    refused("thief", &["--code", &code, "--ca", &authority], "code_used")?;
    let again = counter.claim(&out("box-2"), &good)?;
    assert_eq!(again.code, Some(1));
    assert!(again.complained.contains("--replace"), "{again:?}");

    // Expired: the same file with an earlier end.
    let (late, _) = counter.code("box-3")?;
    let claims = counter.site.city.folder().join("claims.json");
    let mut all: serde_json::Value = serde_json::from_str(&fs::read_to_string(&claims)?)?;
    let id = late.split('-').next().unwrap_or_default();
    all[id]["expires_at"] = 1_795_302_000_000_i64.into();
    fs::write(&claims, all.to_string())?;
    refused(
        "late",
        &["--code", &late, "--ca", &authority],
        "code_expired",
    )?;

    // A box whose certificate is revoked may be given a new one, in the place of the old one.
    counter.operator(&["revoke-box", "box-2"])?;
    let (code, _) = counter.code("box-2")?;
    let anew = ["--code", &code, "--ca", &authority, "--replace"];
    let done = counter.claim(&out("box-2"), &anew)?;
    assert_eq!(done.code, Some(0), "{done:?}");
    let there = [
        "box.key",
        "box.key.old",
        "box.pem",
        "box.pem.old",
        "ca.pem",
        "city.pub",
    ];
    assert_eq!(files(&out("box-2"))?, there);
    let [certificate, revoked] = paths(counter.site.city.folder(), ["ca.pem", "crl.pem"]);
    let listed = |name: &str| {
        let [shown] = paths(&out("box-2"), [name]);
        let how = [
            "verify",
            "-crl_check",
            "-CAfile",
            &certificate,
            "-CRLfile",
            &revoked,
            &shown,
        ];
        Command::new("/usr/bin/openssl").args(how).output()
    };
    assert!(listed("box.pem")?.status.success());
    assert!(!listed("box.pem.old")?.status.success());

    // Who guesses often is not heard any more, until he has waited.
    eventually("the city has had enough", async || {
        let done = counter.claim(&out("guess"), &["--code", "x", "--ca", &authority])?;
        Ok(done.complained.contains("too_often").then_some(()))
    })
    .await
}
