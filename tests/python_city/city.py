"""A city by somebody else: takes a box's records, stores them, acknowledges.

Written from sync/PROTOCOL.md alone, with a decoder, a store and a chain of its own; the project's
tests run it against the real box and compare what it has with the box's ledger.
"""

import argparse
import itertools
import json
import ssl
import threading
import time

import paho.mqtt.client as mqtt

import liar
import seal
import wire
from down import RosterFile, Signer
from store import Store

WORDS = {
    "bad_body": "记录格式损坏，平台已留存原文，请联系厂家",
    "unknown_kind": "平台暂不认识此类记录，平台升级后自动入库",
    "bad_field": "记录缺少必填内容或内容不合规，请核对后补录",
}


# A city that takes its time answers later than a box waits before it asks again, by sections 2 and 8.
SLOW_S = 12


def now_ms():
    return time.time_ns() // 1_000_000


MANNERS = ("honest", "slow", "parks", "lies", "denies")


class City:
    """Answers every message from what its table holds."""

    def __init__(self, folder, port, database, roster, manner="honest"):
        self.store = Store(database)
        self.folder, self.roster, self.manner = folder, roster, manner
        self.files, self.signer = {}, Signer(folder)
        self.client = mqtt.Client(client_id="another-city", clean_session=True)
        self.client.tls_set(
            ca_certs=f"{folder}/ca.pem",
            certfile=f"{folder}/city.pem",
            keyfile=f"{folder}/city.key",
            tls_version=ssl.PROTOCOL_TLS_CLIENT,
        )
        self.client.on_connect = self.connected
        self.client.on_subscribe = self.subscribed
        self.client.on_message = self.arrived
        self.client.connect("localhost", port, keepalive=30)

    def connected(self, client, _userdata, _flags, _code):
        topics = ("up/live", "up/bulk", "up/ctl", "state")
        client.subscribe([(f"menwei/1/+/{topic}", 1) for topic in topics])

    def subscribed(self, *_about):
        for box, epoch in self.store.epochs():
            self.answer(box, epoch, greet=True)
        print("ready", flush=True)

    def arrived(self, _client, _userdata, message):
        _name, _version, box, topic = message.topic.split("/", 3)
        try:
            if topic in ("up/live", "up/bulk"):
                self.records(box, topic.removeprefix("up/"), message.payload)
            elif topic == "up/ctl":
                self.control(box, message.payload)
            elif topic == "state":
                self.store.note(box, topic, message.payload)
        except wire.Refused as reason:
            self.store.alarm(box, str(reason))

    def records(self, box, lane, payload):
        header, bodies, hashes = wire.read_records(box, lane, payload)
        if self.manner == "lies":
            for lie in liar.lies(header):
                self.client.publish(f"menwei/1/{box}/dn/ack", lie, qos=1)
            return
        trouble = (lambda _body: "unknown_kind") if self.manner == "parks" else wire.trouble_of
        try:
            parked = self.store.take(header, bodies, hashes, trouble)
        except wire.Refused as reason:
            self.store.alarm(box, str(reason))
            parked = []
        before = bytes.fromhex(header["prev"])
        for seq, body, after in zip(itertools.count(header["from"]), bodies, hashes):
            if b'"kind":"checkpoint"' in body:
                why = seal.checkpoint_trouble(box, header["epoch"], seq, before, body)
                if why:
                    self.store.alarm(box, why)
            before = after
        self.answer(box, header["epoch"], parked=parked)

    def control(self, box, payload):
        wire.refuse_unless(len(payload) <= wire.CTL_BYTES_MAX, "too large")
        said = wire.parse(payload, "the message")
        wire.refuse_unless(said.get("box") == box, "another box than the topic's")
        self.store.note(box, "up/ctl", payload)
        if said.get("type") == "result":
            self.store.result(box, said)
        if said.get("type") not in ("hello", "compare"):
            return
        wire.refuse_unless(wire.is_text(said.get("epoch"), wire.EPOCH), "a bad epoch")
        if self.manner == "denies":
            self.publish(box, liar.denial(said))
            return
        epoch = said["epoch"]
        if said["type"] == "compare":
            self.answer(box, epoch, compare=self.compared(box, said))
            return
        after = said.get("parked_after", 0)
        parked = [one for one in self.store.parked(box, epoch) if one[0] > after]
        self.answer(box, epoch, hello=said["number"], parked=parked)
        is_due = self.roster and not said.get("closed") and not self.store.has_roster(box)
        if is_due:
            self.send_roster(box, said.get("roster_version", 0))

    def compared(self, box, said):
        """Section 11: the highest mark at which the table has the very same hash, or 0."""
        marks = said.get("marks")
        wire.refuse_unless(isinstance(marks, list) and len(marks) <= 64, "bad marks")
        same = 0
        for mark in marks:
            held = self.store.hash_at(box, said["epoch"], mark["seq"])
            if held is not None and held.hex() == mark["hash"]:
                same = max(same, mark["seq"])
        return {"number": said["number"], "same": same}

    def send_roster(self, box, version):
        """Section 12: retained, with a number that only grows, again until the result is there."""
        if box not in self.files:
            with open(self.roster, encoding="utf-8") as file:
                self.files[box] = RosterFile(self.folder, box, version + 1, json.load(file))
        number = self.store.next_number(box)
        pointer = self.files[box].pointer()
        message = self.signer.message(box, number, now_ms(), pointer)
        self.client.publish(f"menwei/1/{box}/dn/roster", message, qos=1, retain=True)

    def answer(self, box, epoch, hello=None, greet=False, parked=(), compare=None):
        """Section 9: read from the table after the commit."""
        runs = self.store.runs(box, epoch)
        through = runs.pop(0)[1] if runs and runs[0][0] == 1 else 0
        ack = {
            "v": 1,
            "epoch": epoch,
            "through": through,
            "head": self.store.hash_at(box, epoch, through).hex(),
        }
        if runs:
            ack["ranges"] = [
                {"from": first, "to": last, "head": self.store.hash_at(box, epoch, last).hex()}
                for first, last in runs[:64]
            ]
        if parked:
            ack["parked"] = [
                {"seq": seq, "code": code, "message": WORDS[code]} for seq, code in parked[:100]
            ]
        if hello is not None:
            ack["hello"] = hello
        if greet:
            ack["greet"] = True
        if compare is not None:
            ack["compare"] = compare
        if self.manner == "slow":
            threading.Timer(SLOW_S, self.publish, (box, ack)).start()
        else:
            self.publish(box, ack)

    def publish(self, box, ack):
        """With the time of just now."""
        payload = wire.compact(ack | {"now": now_ms()})
        self.client.publish(f"menwei/1/{box}/dn/ack", payload, qos=1)

    def run(self):
        self.client.loop_forever()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--dir", required=True, help="ca.pem, city.pem, city.key")
    arguments.add_argument("--port", required=True, type=int, help="the broker's port")
    arguments.add_argument("--db", required=True, help="where to store")
    arguments.add_argument("--roster", help="people to send down: a JSON list of names and numbers")
    arguments.add_argument("--manner", choices=MANNERS, default="honest")
    given = arguments.parse_args()
    City(given.dir, given.port, given.db, given.roster, given.manner).run()


if __name__ == "__main__":
    main()
