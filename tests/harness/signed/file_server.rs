//! An HTTPS server for the files that a box fetches: it wants a client certificate, resumes by
//! range, and breaks off where a test says so.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use openssl::nid::Nid;
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod, SslStream, SslVerifyMode};

use crate::Result;

/// Longest head of a request.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The file.
    pub path: String,
    /// The first byte that was asked for.
    pub from: usize,
    /// Common name of the client's certificate.
    pub by: String,
}

#[derive(Debug, Default)]
struct Shelf {
    files: BTreeMap<String, Vec<u8>>,
    cuts: Vec<usize>,
    asked: Vec<Asked>,
}

/// The server; it ends with the test.
#[derive(Debug, Clone)]
pub struct FileServer {
    port: u16,
    shelf: Arc<Mutex<Shelf>>,
}

impl FileServer {
    /// Serves with the broker's certificate of a city's folder, and lets only its boxes in.
    pub fn start(city: &Path) -> Result<Self> {
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
        acceptor.set_certificate_file(city.join("broker.pem"), SslFiletype::PEM)?;
        acceptor.set_private_key_file(city.join("broker.key"), SslFiletype::PEM)?;
        acceptor.set_ca_file(city.join("ca.pem"))?;
        acceptor.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        let acceptor = acceptor.build();
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let shelf = Arc::<Mutex<Shelf>>::default();
        let served = Arc::clone(&shelf);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (acceptor, shelf) = (acceptor.clone(), Arc::clone(&served));
                // A client that hangs up is no trouble of the server's.
                thread::spawn(move || serve(&acceptor, stream, &shelf).ok());
            }
        });
        Ok(Self { port, shelf })
    }

    /// Puts a file there; its address.
    pub fn put(&self, path: &str, file: &[u8]) -> String {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.files.insert(path.to_owned(), file.to_vec());
        format!("https://localhost:{}{path}", self.port)
    }

    /// The next answers break off after so many bytes each.
    pub fn break_off_after(&self, bytes: &[usize]) {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.cuts = bytes.iter().rev().copied().collect();
    }

    /// What was asked for so far.
    pub fn asked(&self) -> Vec<Asked> {
        let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.asked.clone()
    }
}

fn serve(acceptor: &SslAcceptor, stream: TcpStream, shelf: &Mutex<Shelf>) -> Result<()> {
    let mut stream = acceptor.accept(stream)?;
    let head = read_head(&mut stream)?;
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let range = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("range: bytes=")
            .map(str::to_owned)
    });
    let from = range
        .as_deref()
        .and_then(|range| range.trim_end_matches('-').parse().ok())
        .unwrap_or(0);
    let by = common_name(&stream);
    let (file, cut) = {
        let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.asked.push(Asked {
            path: path.clone(),
            from,
            by,
        });
        (shelf.files.get(&path).cloned(), shelf.cuts.pop())
    };
    let Some(file) = file else {
        stream.write_all(
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        )?;
        stream.shutdown()?;
        return Ok(());
    };
    let (whole, rest) = (file.len(), file.get(from..).unwrap_or_default());
    let status = if range.is_some() {
        let last = whole.saturating_sub(1);
        format!("206 Partial Content\r\nContent-Range: bytes {from}-{last}/{whole}")
    } else {
        "200 OK".to_owned()
    };
    let length = rest.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let sent = cut.unwrap_or(length).min(length);
    stream.write_all(rest.get(..sent).unwrap_or_default())?;
    stream.flush()?;
    if sent == length {
        stream.shutdown()?;
    }
    Ok(())
}

fn read_head(stream: &mut SslStream<TcpStream>) -> Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_BYTES_MAX {
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    Ok(String::from_utf8(head)?)
}

fn common_name(stream: &SslStream<TcpStream>) -> String {
    let certificate = stream.ssl().peer_certificate();
    let name = certificate.as_ref().and_then(|certificate| {
        let mut names = certificate.subject_name().entries_by_nid(Nid::COMMONNAME);
        Some(names.next()?.data().as_slice().to_vec())
    });
    String::from_utf8_lossy(&name.unwrap_or_default()).into_owned()
}
