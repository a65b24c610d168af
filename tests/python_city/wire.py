"""Messages of the protocol: read, checked, answered. Written from sync/PROTOCOL.md alone."""

import hashlib
import io
import json
import re

import zstandard

MESSAGE_BYTES_MAX = 65_536
HEADER_BYTES_MAX = 1_024
BODY_BYTES_MAX = 8_192
LINE_BYTES_MAX = 8_448
PLAIN_BYTES_MAX = 2_097_152
WINDOW_BYTES_MAX = 8 * 1024 * 1024
RECORDS_MAX = 200
CTL_BYTES_MAX = 16_384
STATE_BYTES_MAX = 4_096

BOX = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
EPOCH = re.compile(r"[0-9a-f]{16}")
HASH = re.compile(r"[0-9a-f]{64}")


class Refused(Exception):
    """A message that must not be stored; the reason is its text."""


def refuse_unless(good, reason):
    if not good:
        raise Refused(reason)


def parse(text, what):
    try:
        value = json.loads(text)
    except (ValueError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(f"{what} is no JSON") from error
    refuse_unless(isinstance(value, dict), f"{what} is no object")
    return value


def is_text(value, pattern):
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def genesis(box, epoch):
    """hash(0) of section 6."""
    return hashlib.sha256(f"menwei/1/{box}/{epoch}".encode()).digest()


def following(before, body):
    """hash(n) of section 6."""
    return hashlib.sha256(before + body).digest()


def decompress(packed):
    """One Zstandard frame, not too long, with nothing after it."""
    reader = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES_MAX).decompressobj()
    source, plain = io.BytesIO(packed), bytearray()
    try:
        while not reader.eof:
            piece = source.read(4_096)
            refuse_unless(piece, "the frame is cut")
            plain += reader.decompress(piece)
            refuse_unless(len(plain) <= PLAIN_BYTES_MAX, "decompresses to too much")
    except zstandard.ZstdError as error:
        raise Refused("no Zstandard frame") from error
    refuse_unless(not reader.unused_data and not source.read(1), "bytes after the frame")
    return bytes(plain)


def read_records(box, lane, message):
    """A record message of section 7, steps 1 to 4: header, bodies, and the hash after every body."""
    refuse_unless(len(message) <= MESSAGE_BYTES_MAX, "too large")
    end = message.find(b"\n", 0, HEADER_BYTES_MAX)
    refuse_unless(end >= 0, "no header line")
    header = parse(message[:end], "the header")
    refuse_unless(header.get("v") == 1, "another version")
    refuse_unless(header.get("box") == box, "another box than the topic's")
    refuse_unless(header.get("lane") == lane, "another lane than the topic's")
    refuse_unless(is_text(header.get("box"), BOX), "a bad box")
    refuse_unless(is_text(header.get("epoch"), EPOCH), "a bad epoch")
    refuse_unless(isinstance(header.get("site"), str), "no site")
    refuse_unless(all(is_text(header.get(name), HASH) for name in ("prev", "head")), "a bad hash")
    numbers = [header.get(name) for name in ("from", "to", "n")]
    refuse_unless(all(is_count(number) for number in numbers), "a bad number")
    first, last, count = numbers
    refuse_unless(first >= 1 and count == last - first + 1, "the numbers disagree")
    refuse_unless(1 <= count <= RECORDS_MAX, "too many records")
    refuse_unless(header.get("z") in ("none", "zstd"), "an unknown compression")
    rest = message[end + 1 :]
    plain = decompress(rest) if header["z"] == "zstd" else rest
    refuse_unless(plain.endswith(b"\n"), "no newline at the end")
    bodies = plain[:-1].split(b"\n")
    refuse_unless(len(bodies) == count, "another number of lines")
    refuse_unless(all(0 < len(body) <= LINE_BYTES_MAX for body in bodies), "a bad line")
    hashes, at = [], bytes.fromhex(header["prev"])
    for body in bodies:
        at = following(at, body)
        hashes.append(at)
    refuse_unless(at.hex() == header["head"], "the chain is broken")
    return header, bodies, hashes


KINDS = frozenset(
    """epoch_began started device clock gap roster_applied policy_applied carried presentation
    passage gate override emergency project employer team worker entry exit contract training
    health_certificate blacklist face_consent correction_request correction
    correction_refused audit month_closed wage_terms wage_entry wage_line wage_sheet
    wage_payment fund_account fund_deposit fund_transfer checkpoint
    visit visit_ended""".split()
)


def trouble_of(body):
    """Why a record must be parked, or nothing."""
    try:
        record = parse(body, "the record")
    except Refused:
        return "bad_body"
    if len(body) > BODY_BYTES_MAX and record.get("kind") != "carried":
        return "bad_body"
    stamped = all(isinstance(record.get(name), int) for name in ("at", "boot", "mono"))
    if not stamped or record.get("clock") not in ("synced", "holdover", "unset"):
        return "bad_field"
    return None if record.get("kind") in KINDS else "unknown_kind"


def compact(value):
    """JSON as it goes onto the wire."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
