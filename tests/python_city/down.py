"""What goes down: a signed pointer, and the roster file behind it over HTTPS.

Sections 12 and 13 of sync/PROTOCOL.md.
"""

import base64
import hashlib
import http.server
import os
import pathlib
import ssl
import threading

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import wire

PREFIX = b"menwei-down-1|"
HOLDS_MS = 600_000


TEAM = {
    "name": "防水班",
    "uscc": "91349900MA8N0TE18Q",
    "employer": "测试市众力劳务有限公司",
    "type": "006",
}


def added(name, number):
    """A line of section 13 about somebody whom only this city knows; `number` is a resident's."""
    return {
        "op": "add",
        "id_number": number,
        "name": name,
        "id_kind": "resident",
        "sex": "male" if int(number[16]) % 2 else "female",
        "born": f"{number[6:10]}-{number[10:12]}-{number[12:14]}",
        "team": TEAM,
        "trade": "230",
        "role": "20",
        "entered_on": "2026-11-20",
        "contract_signed_on": "2026-11-19",
        "trained_on": "2026-11-20",
    }


class RosterFile:
    """A whole roster of one box, served to that box only, by range where it asks for one."""

    def __init__(self, folder, box, version, people):
        header = {"v": 1, "box": box, "version": version, "count": len(people)}
        lines = [header, *(added(one["name"], one["number"]) for one in people)]
        lines = [wire.compact(line) + b"\n" for line in lines]
        self.box, self.version, self.content = box, version, b"".join(lines)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/broker.pem", f"{folder}/broker.key")
        context.load_verify_locations(f"{folder}/ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handler(self):
        file = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                subject = dict(pair[0] for pair in self.connection.getpeercert()["subject"])
                if self.path != f"/roster/{file.version}" or subject["commonName"] != file.box:
                    self.send_error(404)
                    return
                asked = self.headers.get("Range", "")
                first = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
                whole = len(file.content)
                self.send_response(206 if asked else 200)
                if asked:
                    self.send_header("Content-Range", f"bytes {first}-{whole - 1}/{whole}")
                self.send_header("Content-Length", str(whole - first))
                self.end_headers()
                self.wfile.write(file.content[first:])

            def log_message(self, *_about):
                pass

        return Handler

    def pointer(self):
        """What is said about it on `dn/roster`."""
        return {
            "type": "roster",
            "version": self.version,
            "sha256": hashlib.sha256(self.content).hexdigest(),
            "bytes": len(self.content),
            "url": f"https://localhost:{self.server.server_port}/roster/{self.version}",
        }


class Signer:
    """This city's own Ed25519 key, made at its first start; `another.pub` is for the box's settings."""

    def __init__(self, folder):
        secret = pathlib.Path(folder, "another.key")
        if not secret.exists():
            secret.write_bytes(os.urandom(32))
        self.key = Ed25519PrivateKey.from_private_bytes(secret.read_bytes())
        public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        pathlib.Path(folder, "another.pub").write_text(public.hex())

    def message(self, box, number, now, command):
        """Payload, newline, signature."""
        said = {"v": 1, "box": box, "number": number, "issued_at": now}
        said["expires_at"] = now + HOLDS_MS
        payload = wire.compact(said | command)
        return payload + b"\n" + base64.b64encode(self.key.sign(PREFIX + payload))
