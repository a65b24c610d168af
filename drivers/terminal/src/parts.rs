//! Multipart bodies as they come: a stream of events, or one pushed event with its pictures.

/// Longest part worth keeping: an event with a picture of a terminal.
const PART_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest head of a part.
const HEAD_BYTES_MAX: usize = 8 * 1024;
const HEAD_END: &[u8] = b"\r\n\r\n";

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its `Content-Type`, lower case, without parameters; empty where it has none.
    pub(crate) kind: String,
    /// Its bytes.
    pub(crate) body: Vec<u8>,
}

/// The boundary that a `Content-Type` names.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    let (_, after) = content_type.split_once("boundary=")?;
    let value = after.split(';').next().unwrap_or(after).trim();
    let value = value.trim_matches('"');
    (!value.is_empty()).then(|| value.to_owned())
}

/// Takes bytes in and gives whole parts. A part ends with its `Content-Length` where it has one,
/// else with the next boundary. However small the pieces are, no byte is searched twice for the same.
#[derive(Debug)]
pub(crate) struct Parts {
    mark: Vec<u8>,
    bytes: Vec<u8>,
    /// What stands before it is done with.
    from: usize,
    /// What is looked for does not begin before it.
    searched: usize,
    wanted: Wanted,
}

/// What comes next.
#[derive(Debug)]
enum Wanted {
    Boundary,
    Head,
    Body { kind: String, length: Option<usize> },
}

impl Parts {
    pub(crate) fn new(boundary: &str) -> Self {
        // Some terminals write the two dashes into the name as well, and some do not.
        let name = boundary.trim_start_matches('-');
        Self {
            mark: name.as_bytes().to_vec(),
            bytes: Vec::new(),
            from: 0,
            searched: 0,
            wanted: Wanted::Boundary,
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.from);
        self.searched = self.searched.saturating_sub(self.from);
        self.from = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole part; `None` until it is there.
    ///
    /// # Errors
    /// A part longer than any is: the stream is over.
    pub(crate) fn next(&mut self) -> Result<Option<Part>, &'static str> {
        loop {
            match &mut self.wanted {
                Wanted::Boundary => {
                    // What comes before it is nothing.
                    let Some(at) = find(&self.bytes, &mut self.searched, &self.mark) else {
                        return self.bounded();
                    };
                    self.go_on(at.saturating_add(self.mark.len()), Wanted::Head);
                }
                Wanted::Head => {
                    let Some(at) = find(&self.bytes, &mut self.searched, HEAD_END) else {
                        return self.bounded();
                    };
                    let head = self.bytes.get(self.from..at).unwrap_or_default();
                    let body = body_after(&String::from_utf8_lossy(head));
                    self.go_on(at.saturating_add(HEAD_END.len()), body);
                }
                Wanted::Body { kind, length } => {
                    let end = match length {
                        Some(length) => Some(self.from.saturating_add(*length)),
                        None => find(&self.bytes, &mut self.searched, &self.mark),
                    };
                    let bytes = end.and_then(|end| self.bytes.get(self.from..end));
                    let (Some(end), Some(bytes)) = (end, bytes) else {
                        return self.bounded();
                    };
                    let body = if length.is_some() {
                        bytes.to_vec()
                    } else {
                        without_end(bytes).to_vec()
                    };
                    let kind = std::mem::take(kind);
                    self.go_on(end, Wanted::Boundary);
                    if !body.is_empty() {
                        return Ok(Some(Part { kind, body }));
                    }
                }
            }
        }
    }

    fn go_on(&mut self, from: usize, wanted: Wanted) {
        self.from = from;
        self.searched = from;
        self.wanted = wanted;
    }

    fn bounded(&self) -> Result<Option<Part>, &'static str> {
        let waiting = self.bytes.len().saturating_sub(self.from);
        if waiting > PART_BYTES_MAX.saturating_add(HEAD_BYTES_MAX) {
            return Err("a part without end");
        }
        Ok(None)
    }
}

/// What a head announces.
fn body_after(head: &str) -> Wanted {
    let kind = header(head, "content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    Wanted::Body {
        kind: kind.trim().to_lowercase(),
        length: header(head, "content-length")
            .and_then(|text| text.parse().ok())
            .filter(|length| *length <= PART_BYTES_MAX),
    }
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}

/// A body without the line end and the dashes that lead to the next boundary.
fn without_end(bytes: &[u8]) -> &[u8] {
    let mut body = bytes;
    while let Some(rest) = body.strip_suffix(b"-") {
        body = rest;
    }
    body.strip_suffix(b"\r\n").unwrap_or(body)
}

/// Where it stands, searched for from `searched` on; where it is not there yet, `searched` goes on to
/// the first place at which more bytes could bring it.
fn find(bytes: &[u8], searched: &mut usize, wanted: &[u8]) -> Option<usize> {
    let length = wanted.len().max(1);
    let rest = bytes.get(*searched..).unwrap_or_default();
    let found = rest.windows(length).position(|part| part == wanted);
    if let Some(at) = found {
        return Some(searched.saturating_add(at));
    }
    let open = bytes.len().saturating_add(1).saturating_sub(length);
    *searched = open.max(*searched);
    None
}

#[cfg(test)]
mod tests {
    use super::{PART_BYTES_MAX, Part, Parts, boundary};

    const STREAM: &[u8] =
        b"--MIME_boundary\r\nContent-Type: application/json; charset=\"UTF-8\"\r\n\
Content-Length: 9\r\n\r\n{\"a\": 1}\n\r\n--MIME_boundary\r\nContent-Type: image/jpeg\r\n\
Content-Length: 4\r\n\r\n\xff\xd8\r\n\r\n--MIME_boundary\r\nContent-Disposition: form-data; \
name=\"event_log\"\r\n\r\n{\"b\":2}\r\n--MIME_boundary--\r\n";

    fn part(kind: &str, body: &[u8]) -> Part {
        Part {
            kind: kind.to_owned(),
            body: body.to_vec(),
        }
    }

    /// What is heard of the pieces one after the other.
    fn heard<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Part> {
        let mut parts = Parts::new("MIME_boundary");
        let mut heard = Vec::new();
        for piece in pieces {
            parts.push(piece);
            while let Some(part) = parts.next().unwrap() {
                heard.push(part);
            }
        }
        heard
    }

    #[test]
    fn parts_with_and_without_a_length_split_at_every_position() {
        let wanted = [
            part("application/json", b"{\"a\": 1}\n"),
            part("image/jpeg", b"\xff\xd8\r\n"),
            part("", b"{\"b\":2}"),
        ];
        for at in 0..STREAM.len() {
            assert_eq!(
                heard([&STREAM[..at], &STREAM[at..]]),
                wanted,
                "split at {at}"
            );
        }
        for size in 1..STREAM.len() {
            assert_eq!(heard(STREAM.chunks(size)), wanted, "pieces of {size}");
        }
    }

    #[test]
    fn a_long_part_in_small_pieces_is_searched_once() {
        let picture = vec![b'\r'; PART_BYTES_MAX];
        let mut stream = b"--MIME_boundary\r\nContent-Type: image/jpeg\r\n\r\n".to_vec();
        stream.extend_from_slice(&picture);
        stream.extend_from_slice(b"\r\n--MIME_boundary\r\n");
        let mut parts = Parts::new("MIME_boundary");
        let (mut heard, mut searched) = (Vec::new(), 0);
        for piece in stream.chunks(64) {
            parts.push(piece);
            searched += parts.bytes.len() - parts.searched;
            heard.extend(parts.next().unwrap());
        }
        assert_eq!(heard, [part("image/jpeg", &picture)]);
        // Searched anew for every piece, it would be 130 GB.
        assert!(searched < 2 * stream.len(), "{searched} bytes");
    }

    #[test]
    fn boundaries_are_found_quoted_or_not() {
        let plain = boundary("multipart/mixed; boundary=MIME_boundary");
        assert_eq!(plain.as_deref(), Some("MIME_boundary"));
        let quoted = boundary("multipart/form-data; boundary=\"--x\"; charset=utf-8");
        assert_eq!(quoted.as_deref(), Some("--x"));
        assert_eq!(boundary("application/json"), None);
    }

    #[test]
    fn a_part_without_end_ends_the_stream() {
        let mut parts = Parts::new("x");
        parts.push(b"--x\r\n\r\n");
        parts.push(&vec![b'a'; 5 * 1024 * 1024]);
        assert!(parts.next().is_err());
    }
}
