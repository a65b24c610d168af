//! Boxes fetch their rosters and bring photos over HTTPS; nobody else does anything.

use std::io::{Cursor, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use crate::common::database::Store;
use crate::common::{ADD, Site, state, until};
use jiff::civil::date;
use openssl::ssl::{SslConnector, SslFiletype, SslMethod};
use rcgen::{CertificateParams, DistinguishedName, DnType, Issuer, KeyPair};
use reqwest::{Certificate, Client, Identity, Method, StatusCode};
use sync_city::pki::{self, Validity};
use sync_city::{City, Settings, Silent};

/// A city that serves files, for two boxes.
async fn begin() -> (Site, City) {
    let site = Site::begin(Store::Sqlite, &["box-1", "box-2"]).await;
    site.settings_file();
    let settings = Settings {
        https_listen: Some("127.0.0.1:0".parse().unwrap()),
        ..site.settings()
    };
    let city = sync_city::run(&settings, Arc::new(Silent)).await.unwrap();
    (site, city)
}

/// Who shows this certificate and trusts the city's authority.
fn client(site: &Site, certificate: &Path, key: &Path) -> Client {
    let read = |path: &Path| std::fs::read(path).unwrap();
    let authority = Certificate::from_pem(&read(&site.path("ca.pem"))).unwrap();
    let identity = Identity::from_pkcs8_pem(&read(certificate), &read(key)).unwrap();
    let builder = Client::builder().no_proxy().tls_certs_only([authority]);
    builder.identity(identity).build().unwrap()
}

fn of_box(site: &Site, id: &str) -> Client {
    let folder = site.path(id);
    client(site, &folder.join("box.pem"), &folder.join("box.key"))
}

fn address(city: &City, path: &str) -> String {
    format!("https://localhost:{}{path}", city.https.unwrap().port())
}

/// Status and the refusal's code and sentence.
async fn refused(client: &Client, request: (Method, String, Vec<u8>)) -> (StatusCode, String) {
    let (method, url, body) = request;
    let answer = client.request(method, url).body(body).send().await.unwrap();
    let status = answer.status();
    let said: serde_json::Value = answer.json().await.unwrap();
    let sentence = said["message"].as_str().unwrap();
    assert!(sentence.chars().any(|one| one > '\u{4e00}'), "{sentence}");
    (status, said["code"].as_str().unwrap().to_owned())
}

async fn get(client: &Client, url: String) -> (StatusCode, String) {
    refused(client, (Method::GET, url, Vec::new())).await
}

/// What is answered to these very bytes.
async fn raw(site: &Site, city: &City, request: String) -> String {
    let (folder, authority) = (site.path("box-1"), site.path("ca.pem"));
    let port = city.https.unwrap().port();
    let asked = tokio::task::spawn_blocking(move || {
        let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
        connector.set_ca_file(authority).unwrap();
        let pem = SslFiletype::PEM;
        let certificate = folder.join("box.pem");
        connector.set_certificate_file(certificate, pem).unwrap();
        let key = folder.join("box.key");
        connector.set_private_key_file(key, pem).unwrap();
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let mut stream = connector.build().connect("localhost", stream).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    asked.await.unwrap()
}

fn publish(site: &Site, id: &str) {
    std::fs::write(site.path("people.ndjson"), ADD).unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_menwei-city"))
        .args(["roster", "publish", id])
        .arg(site.path("people.ndjson"))
        .arg("--config")
        .arg(site.path("city.toml"))
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
}

#[tokio::test]
async fn a_box_fetches_its_own_rosters_whole_and_in_parts() {
    let (site, city) = begin().await;
    publish(&site, "box-1");
    let file = std::fs::read(site.path("roster/box-1/1.ndjson")).unwrap();
    let (mine, other) = (of_box(&site, "box-1"), of_box(&site, "box-2"));
    let url = || address(&city, "/roster/box-1/1");
    let whole = mine.get(url()).send().await.unwrap();
    assert_eq!(whole.status(), 200);
    assert_eq!(whole.content_length(), Some(file.len() as u64));
    assert_eq!(whole.bytes().await.unwrap(), file);
    let rest = mine.get(url()).header("range", "bytes=100-").send().await;
    let rest = rest.unwrap();
    let range = format!("bytes 100-{}/{}", file.len() - 1, file.len());
    assert_eq!(
        (rest.status().as_u16(), &rest.headers()["content-range"]),
        (206, &range.parse().unwrap())
    );
    assert_eq!(rest.bytes().await.unwrap(), file[100..]);
    let beyond = mine.get(url()).header("range", "bytes=99999-");
    assert_eq!(beyond.send().await.unwrap().status(), 416);
    let head = mine.head(url()).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], file.len().to_string());

    // Nobody else's, nothing else, nowhere else.
    let forbidden = (StatusCode::FORBIDDEN, "other_box".to_owned());
    assert_eq!(get(&other, url()).await, forbidden);
    let nothing = (StatusCode::NOT_FOUND, "not_there".to_owned());
    for path in [
        "/roster/box-1/2",
        "/roster/box-1/x",
        "/",
        "/ca.key",
        "/roster",
    ] {
        assert_eq!(get(&mine, address(&city, path)).await, nothing, "{path}");
    }
    std::fs::write(site.path("roster/1.ndjson"), "secret").unwrap();
    for path in [
        "/roster/box-1/../1",
        "/roster/box-1/..%2f1",
        "/roster/../roster/box-1/1",
        "/roster/%2e%2e/ca.key",
        "/roster/box-1%2f../1",
        "/photo/../ca.key",
        "/photo/..%2f..%2fca.key",
        "//etc/passwd",
    ] {
        let answer = raw(
            &site,
            &city,
            format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"),
        )
        .await;
        let status = answer.split(' ').nth(1).unwrap();
        assert!(["400", "403", "404"].contains(&status), "{path}: {answer}");
        assert!(
            !answer.contains("secret") && !answer.contains("349901"),
            "{path}"
        );
    }
    city.stop().await.unwrap();
}

#[tokio::test]
async fn only_a_good_certificate_of_a_box_comes_in() {
    let (site, city) = begin().await;
    publish(&site, "box-1");
    let url = || address(&city, "/roster/box-1/1");
    let long = Validity::new(date(2020, 1, 1), 36_000).unwrap();

    // None at all, another city's for the same name, one that has expired, one that is not yet good.
    let authority = Certificate::from_pem(&std::fs::read(site.path("ca.pem")).unwrap()).unwrap();
    let nobody = Client::builder().no_proxy().tls_certs_only([authority]);
    assert!(nobody.build().unwrap().get(url()).send().await.is_err());
    let elsewhere = site.path("elsewhere");
    pki::init(&elsewhere, long).unwrap();
    pki::issue_box(&elsewhere, "box-1", &elsewhere.join("box-1"), long).unwrap();
    let expired = Validity::new(date(2020, 1, 1), 30).unwrap();
    let early = Validity::new(date(2099, 1, 1), 30).unwrap();
    let dir = site.home.path();
    pki::issue_box(dir, "box-1", &dir.join("expired"), expired).unwrap();
    pki::issue_box(dir, "box-1", &dir.join("early"), early).unwrap();
    for folder in [
        elsewhere.join("box-1"),
        dir.join("expired"),
        dir.join("early"),
    ] {
        let stranger = client(&site, &folder.join("box.pem"), &folder.join("box.key"));
        assert!(stranger.get(url()).send().await.is_err(), "{folder:?}");
    }
    // The city's own is another authority's; one of the boxes' authority that is no box's, as older
    // cities had it, is a good one.
    let own = client(&site, &site.path("city.pem"), &site.path("city.key"));
    assert!(own.get(url()).send().await.is_err());
    let (certificate, key) = of_an_older_city(&site);
    let told = get(&client(&site, &certificate, &key), url()).await;
    assert_eq!(told, (StatusCode::FORBIDDEN, "no_certificate".to_owned()));

    // Revoked: at once, without a restart, and the one beside it goes on.
    publish(&site, "box-2");
    let (mine, other) = (of_box(&site, "box-1"), of_box(&site, "box-2"));
    assert_eq!(mine.get(url()).send().await.unwrap().status(), 200);
    assert_eq!(pki::revoke_box(dir, "box-1").unwrap(), 3);
    assert!(mine.get(url()).send().await.is_err());
    assert!(of_box(&site, "box-1").get(url()).send().await.is_err());
    let beside = address(&city, "/roster/box-2/1");
    assert_eq!(other.get(beside).send().await.unwrap().status(), 200);
    // And a new certificate of the same box is good.
    pki::issue_box(dir, "box-1", &dir.join("again"), long).unwrap();
    let again = dir.join("again");
    let again = client(&site, &again.join("box.pem"), &again.join("box.key"));
    assert_eq!(again.get(url()).send().await.unwrap().status(), 200);
    city.stop().await.unwrap();
}

/// A certificate of the boxes' authority for `city`, and its key.
fn of_an_older_city(site: &Site) -> (PathBuf, PathBuf) {
    let named = |name: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params
    };
    let authority = std::fs::read_to_string(site.path("ca.key")).unwrap();
    let authority = KeyPair::from_pem(&authority).unwrap();
    let issuer = Issuer::new(named("Menwei City CA"), authority);
    let key = KeyPair::generate().unwrap();
    let certificate = named("city").signed_by(&key, &issuer).unwrap();
    let files = (site.path("older.pem"), site.path("older.key"));
    std::fs::write(&files.0, certificate.pem()).unwrap();
    std::fs::write(&files.1, key.serialize_pem()).unwrap();
    files
}

/// A picture whose file has about so many bytes.
fn jpeg(side: u32) -> Vec<u8> {
    let noise = |x: u32, y: u32| {
        let mixed = x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503).rotate_left(7);
        let [red, green, blue, _] = mixed.to_be_bytes();
        image::Rgb([red, green, blue])
    };
    let picture = image::RgbImage::from_fn(side, side, noise);
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::Jpeg)
        .unwrap();
    bytes.into_inner()
}

fn name(photo: &[u8]) -> String {
    sync_wire::Hash::from_bytes(openssl::sha::sha256(photo)).to_hex()
}

#[tokio::test]
async fn photos_are_kept_under_the_digest_of_their_content() {
    let (site, city) = begin().await;
    let (mine, other) = (of_box(&site, "box-1"), of_box(&site, "box-2"));
    let photo = jpeg(120);
    let url = || address(&city, &format!("/photo/{}", name(&photo)));
    assert_eq!(mine.head(url()).send().await.unwrap().status(), 404);
    let put = async |body: &[u8]| {
        mine.put(url())
            .body(body.to_vec())
            .send()
            .await
            .unwrap()
            .status()
    };
    assert_eq!(put(&photo).await, 201);
    assert_eq!(put(&photo).await, 200, "again is as good as once");
    let head = mine.head(url()).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], photo.len().to_string());
    let got = mine.get(url()).send().await.unwrap();
    assert_eq!(got.headers()["content-type"], "image/jpeg");
    assert_eq!(got.bytes().await.unwrap(), photo);
    assert_eq!(get(&other, url()).await.1, "not_there", "another box's");

    // Every bad one has its reason, and none of them is kept.
    let mut large = photo.clone();
    large.truncate(photo.len() - 2);
    large.resize(51 * 1024 - 2, 0);
    large.extend([0xff, 0xd9]);
    let mut huge = large.clone();
    huge.resize(10_000_000, 7);
    let png = b"\x89PNG\r\n\x1a\n".to_vec();
    let cut = photo[..photo.len() / 2].to_vec();
    for (path, body, status, code) in [
        (name(b"another"), photo.clone(), 422, "wrong_digest"),
        (name(&large), large.clone(), 413, "too_large"),
        (name(&png), png, 415, "no_jpeg"),
        (name(&cut), cut, 415, "no_jpeg"),
        (name(&[]), Vec::new(), 415, "no_jpeg"),
        ("x".to_owned(), photo.clone(), 400, "bad_name"),
        (name(&photo).to_uppercase(), photo.clone(), 400, "bad_name"),
        (
            format!("..%2f{}", name(&photo)),
            photo.clone(),
            400,
            "bad_name",
        ),
    ] {
        let url = address(&city, &format!("/photo/{path}"));
        let told = refused(&mine, (Method::PUT, url, body)).await;
        let expected = (StatusCode::from_u16(status).unwrap(), code.to_owned());
        assert_eq!(told, expected, "{path}");
    }
    // Ten megabytes are not even taken in: the connection may end before the answer is read.
    let sent = mine.put(url()).body(huge).send().await;
    assert!(sent.is_err() || sent.is_ok_and(|answer| answer.status() == 413));
    // A client that breaks off leaves nothing.
    let length = photo.len();
    let half = format!(
        "PUT /photo/{} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n\u{7f}",
        name(b"half")
    );
    let broken = tokio::task::spawn_blocking({
        let (port, folder) = (city.https.unwrap().port(), site.path("box-1"));
        let authority = site.path("ca.pem");
        move || {
            let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
            connector.set_ca_file(authority).unwrap();
            connector
                .set_certificate_file(folder.join("box.pem"), SslFiletype::PEM)
                .unwrap();
            connector
                .set_private_key_file(folder.join("box.key"), SslFiletype::PEM)
                .unwrap();
            let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let mut stream = connector.build().connect("localhost", stream).unwrap();
            stream.write_all(half.as_bytes()).unwrap();
        }
    });
    broken.await.unwrap();
    let second = jpeg(100);
    let good = address(&city, &format!("/photo/{}", name(&second)));
    let kept = mine.put(good).body(second).send().await.unwrap();
    assert_eq!(kept.status(), 201);

    // The page counts them, also after a restart.
    assert_eq!(state(&city).await["photos"], 2);
    city.stop().await.unwrap();
    let city = site.city(Arc::new(Silent)).await;
    assert_eq!(state(&city).await["photos"], 2);
    until("the box's own count", || async {
        let state = state(&city).await;
        (state["boxes"][0]["photos"] == 2).then_some(())
    })
    .await;
    city.stop().await.unwrap();
}
