//! Who comes in: TLS with the city's authority, certificates of boxes, and the list of revoked ones.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::ssl::{
    Ssl, SslAcceptor, SslContext, SslFiletype, SslMethod, SslRef, SslSessionCacheMode,
    SslVerifyMode,
};
use openssl::stack::Stack;
use openssl::x509::store::{X509Lookup, X509StoreBuilder};
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{X509, X509Name};

use crate::error::CityError;
use crate::pki;

/// Who is at the other end.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    /// The box; none where the certificate is no box's, or none was asked for.
    pub(crate) id: Option<String>,
    /// Its address, or that of what stands between.
    pub(crate) from: IpAddr,
}

impl Guest {
    /// The common name of the certificate that was shown and found good.
    pub(crate) fn of(ssl: &SslRef, from: IpAddr) -> Self {
        let id = ssl.peer_certificate().and_then(|shown| {
            let mut names = shown.subject_name().entries_by_nid(Nid::COMMONNAME);
            let name = names.next()?.data().to_string().ok()?;
            // Two names would leave open whose certificate it is.
            (names.next().is_none() && pki::check_box_id(&name).is_ok()).then_some(name)
        });
        Self { id, from }
    }
}

/// Whether a client must show a certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wants {
    /// One that the city's authority signed and that is not revoked.
    Certificate,
    /// None: who comes here has none yet.
    Nothing,
}

/// The door of one listener. It reads its files anew when they change.
#[derive(Debug)]
pub(crate) struct Door {
    dir: PathBuf,
    wants: Wants,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    files: Vec<Vec<u8>>,
    context: SslContext,
}

impl Door {
    /// Shows the broker's certificate of the city's folder.
    pub(crate) fn open(dir: &Path, wants: Wants) -> Result<Self, CityError> {
        let files = files(dir)?;
        let context = context(dir, wants, &files)?;
        Ok(Self {
            dir: dir.to_owned(),
            wants,
            held: Mutex::new(Held { files, context }),
        })
    }

    /// The server's end of a new connection, by the newest files.
    pub(crate) fn session(&self) -> Result<Ssl, CityError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let now = files(&self.dir)?;
        if now != held.files {
            held.context = context(&self.dir, self.wants, &now)?;
            held.files = now;
        }
        Ok(Ssl::new(&held.context)?)
    }
}

/// Authority, own certificate, own key, revoked certificates.
fn files(dir: &Path) -> Result<Vec<Vec<u8>>, CityError> {
    let names = [pki::CA_CERT, "broker.pem", "broker.key", pki::CRL];
    let read = |name: &str| pki::read_text(&dir.join(name)).map(String::into_bytes);
    names.into_iter().map(read).collect()
}

fn context(dir: &Path, wants: Wants, files: &[Vec<u8>]) -> Result<SslContext, CityError> {
    let [authority, certificate, key, _] = files else {
        return Err(CityError::Ended("door"));
    };
    let authority = X509::from_pem(authority)?;
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    acceptor.set_certificate(X509::from_pem(certificate)?.as_ref())?;
    acceptor.set_private_key(PKey::private_key_from_pem(key)?.as_ref())?;
    // A resumed session would be let in without a look at the list of revoked certificates.
    acceptor.set_session_cache_mode(SslSessionCacheMode::OFF);
    acceptor.set_options(openssl::ssl::SslOptions::NO_TICKET);
    acceptor.set_num_tickets(0)?;
    if wants == Wants::Certificate {
        acceptor.set_verify_cert_store(trusted(dir, &authority)?)?;
        acceptor.set_client_ca_list(names(&authority)?);
        acceptor.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    } else {
        acceptor.set_verify(SslVerifyMode::NONE);
    }
    // Whoever knows only the authority's fingerprint finds it in the chain.
    acceptor.add_extra_chain_cert(authority)?;
    Ok(acceptor.build().into_context())
}

fn trusted(dir: &Path, authority: &X509) -> Result<openssl::x509::store::X509Store, ErrorStack> {
    let mut store = X509StoreBuilder::new()?;
    store.add_cert(authority.clone())?;
    let lookup = store.add_lookup(X509Lookup::file())?;
    lookup.load_crl_file(dir.join(pki::CRL), SslFiletype::PEM)?;
    store.set_flags(X509VerifyFlags::CRL_CHECK)?;
    Ok(store.build())
}

fn names(authority: &X509) -> Result<Stack<X509Name>, ErrorStack> {
    let mut names = Stack::new()?;
    names.push(authority.subject_name().to_owned()?)?;
    Ok(names)
}
