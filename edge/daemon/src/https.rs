//! HTTPS to the city, judged by the time that the box believes: `sync/mqtt` lays the line, and the
//! library speaks HTTP at its near end.

use edge_domain::{ClockQuality, Moment};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Url};
use sync_mqtt::{Believed, Credentials, Door, DoorError, Line, Proxy};

/// Why there is no line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpsError {
    /// The address is none of HTTPS.
    #[error("{0} is not https://host")]
    Address(Url),
    /// The line is not laid.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// The library takes no line.
    #[error(transparent)]
    Client(#[from] reqwest::Error),
}

/// A line with a client at its end: good for one request.
#[derive(Debug)]
pub(crate) struct Https {
    /// The client.
    pub(crate) client: Client,
    /// What to ask it for.
    pub(crate) url: Url,
    line: Line,
}

/// What a moment of the box's clock says of certificates.
pub(crate) fn believed(moment: Moment) -> Believed {
    Believed {
        at_ms: moment.wall_ms,
        is_floor: moment.quality == ClockQuality::Unset,
    }
}

impl Https {
    /// Lays a line to where `url` is; `builder` holds what else is wanted of the client.
    pub(crate) async fn open(
        url: &Url,
        tls: (Credentials, Believed),
        proxy: Option<Proxy>,
        builder: ClientBuilder,
    ) -> Result<Self, HttpsError> {
        let not_https = || HttpsError::Address(url.clone());
        let host = url.host_str().ok_or_else(not_https)?;
        let port = url.port_or_known_default().ok_or_else(not_https)?;
        if url.scheme() != "https" {
            return Err(not_https());
        }
        let door = Door {
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            proxy,
            tls: Some(tls),
        };
        let line = door.open().await?;
        // What the client sends goes through the line's TLS, and nowhere else.
        let mut url = url.clone();
        url.set_scheme("http").map_err(|()| not_https())?;
        let client = builder
            .redirect(Policy::none())
            .tls_certs_only([])
            .unix_socket(line.address())
            .build()?;
        Ok(Self { client, url, line })
    }

    /// What an error was, with all its causes, and why the line broke where it did.
    pub(crate) async fn why(&mut self, error: &reqwest::Error) -> String {
        let broken = self.line.fault().await;
        let broken = broken.map(|fault| format!(": {}", causes(&fault)));
        format!("{}{}", causes(error), broken.unwrap_or_default())
    }
}

/// An error with all its causes.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{ClockWatch, Known, Reading};
    use openssl::asn1::Asn1Time;
    use openssl::bn::BigNum;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::hash::MessageDigest;
    use openssl::nid::Nid;
    use openssl::pkey::{PKey, Private};
    use openssl::ssl::{SslAcceptor, SslMethod};
    use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
    use openssl::x509::{X509, X509NameBuilder};
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    const DAY_MS: i64 = 86_400_000;

    /// A certificate for `localhost`, good on these days since 1970; signed by itself or by another.
    fn certificate(days: [i64; 2], by: Option<&(X509, PKey<Private>)>) -> (X509, PKey<Private>) {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        let mut name = X509NameBuilder::new().unwrap();
        let words = if by.is_some() {
            "localhost"
        } else {
            "authority"
        };
        name.append_entry_by_text("CN", words).unwrap();
        let name = name.build();
        let mut made = X509::builder().unwrap();
        made.set_version(2).unwrap();
        let serial = BigNum::from_u32(7).unwrap().to_asn1_integer().unwrap();
        made.set_serial_number(&serial).unwrap();
        made.set_subject_name(&name).unwrap();
        made.set_issuer_name(by.map_or(&name, |(issuer, _)| issuer.subject_name()))
            .unwrap();
        made.set_pubkey(&key).unwrap();
        let [from, until] = days.map(|day| Asn1Time::from_unix(day * 86_400).unwrap());
        made.set_not_before(&from).unwrap();
        made.set_not_after(&until).unwrap();
        let extension = if by.is_some() {
            let context = made.x509v3_context(None, None);
            let mut names = SubjectAlternativeName::new();
            names.dns("localhost").build(&context).unwrap()
        } else {
            BasicConstraints::new().critical().ca().build().unwrap()
        };
        made.append_extension(extension).unwrap();
        let signer = by.map_or(&key, |(_, key)| key);
        made.sign(signer, MessageDigest::sha256()).unwrap();
        (made.build(), key)
    }

    /// Serves one page to whoever comes; its port.
    fn server((certificate, key): &(X509, PKey<Private>)) -> u16 {
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
        acceptor.set_certificate(certificate).unwrap();
        acceptor.set_private_key(key).unwrap();
        let acceptor = acceptor.build();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // A box that does not like the certificate hangs up.
                let Ok(mut stream) = acceptor.accept(stream.unwrap()) else {
                    continue;
                };
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    request.extend(byte);
                }
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\n";
                stream.write_all(answer).unwrap();
                stream.write_all(&request[..4]).unwrap();
            }
        });
        port
    }

    fn day(day: i64, is_floor: bool) -> Believed {
        let at_ms = day * DAY_MS;
        Believed { at_ms, is_floor }
    }

    async fn ask(port: u16, authority: &X509, time: Believed) -> Result<String, String> {
        let url = Url::parse(&format!("https://localhost:{port}/roster")).unwrap();
        let tls = (Credentials::trusting(authority.clone()), time);
        let mut https = Https::open(&url, tls, None, Client::builder())
            .await
            .map_err(|error| causes(&error))?;
        match https.client.get(https.url.clone()).send().await {
            Ok(answer) => Ok(answer.text().await.unwrap()),
            Err(error) => Err(https.why(&error).await),
        }
    }

    #[tokio::test]
    async fn a_servers_certificate_is_judged_by_the_boxs_own_time() {
        // Years that no machine's clock shows: 2080 to 2130, and 2090 to 2092.
        let authority = certificate([40_177, 58_440], None);
        let port = server(&certificate([43_829, 44_559], Some(&authority)));
        let at = async |at, is_floor| ask(port, &authority.0, day(at, is_floor)).await;
        assert_eq!(at(44_000, false).await.unwrap(), "GET ");
        assert_eq!(at(44_000, true).await.unwrap(), "GET ");
        // In 1970, by a clock that is not believed: authority and server begin later.
        assert_eq!(at(0, true).await.unwrap(), "GET ");
        for (on, is_floor, why) in [
            (43_000, false, "not yet valid"),
            (45_000, false, "has expired"),
            (45_000, true, "has expired"),
        ] {
            let refused = at(on, is_floor).await.unwrap_err();
            assert!(refused.contains(why), "{on}: {refused}");
        }
        let other = certificate([40_177, 58_440], None);
        let stranger = ask(port, &other.0, day(0, true)).await.unwrap_err();
        assert!(stranger.contains("certificate verify failed"), "{stranger}");
    }

    /// The ledger's last sign of life is what counts, and the record of the moment says so.
    #[tokio::test]
    async fn a_box_in_1970_with_a_ledger_gets_in_and_is_not_fooled_by_what_has_ended() {
        let authority = certificate([40_177, 58_440], None);
        let good = server(&certificate([43_829, 44_559], Some(&authority)));
        let ended = server(&certificate([43_000, 43_999], Some(&authority)));
        let alive_at = 44_000 * DAY_MS;
        let known = Known {
            alive_at: Some(alive_at),
            ..Known::default()
        };
        let (wall_ms, quality, _) = ClockWatch::new(known.floor(2, 5_000)).judge(Reading {
            wall_ms: 9_000,
            mono_ms: 60_000,
            marked_at: None,
        });
        let since = wall_ms - alive_at;
        assert_eq!((since, quality), (60_000, ClockQuality::Unset));
        let now = believed(Moment {
            wall_ms,
            boot: 2,
            mono_ms: 60_000,
            quality,
        });
        assert_eq!(ask(good, &authority.0, now).await.unwrap(), "GET ");
        let refused = ask(ended, &authority.0, now).await.unwrap_err();
        assert!(refused.contains("has expired"), "{refused}");
        // By the machine's clock alone it would be shut out.
        let by_machine = Believed {
            at_ms: 9_000,
            is_floor: false,
        };
        let refused = ask(good, &authority.0, by_machine).await.unwrap_err();
        assert!(refused.contains("not yet valid"), "{refused}");
    }

    #[tokio::test]
    async fn nothing_goes_out_in_the_clear() {
        let authority = certificate([0, 58_440], None).0;
        let time = Believed {
            at_ms: 0,
            is_floor: true,
        };
        let tls = (Credentials::trusting(authority), time);
        let url = Url::parse("http://localhost:80/").unwrap();
        let refused = Https::open(&url, tls, None, Client::builder()).await;
        assert!(matches!(refused, Err(HttpsError::Address(_))));
    }
}
