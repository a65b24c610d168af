"""What a city must not say, and a box must not believe: sections 8, 9 and 11 of sync/PROTOCOL.md."""

import wire


def lies(header):
    """Answers to a record message, none of them true: the bytes of each."""
    nothing = wire.genesis(header["box"], header["epoch"]).hex()
    last, head = header["to"], header["head"]
    truth = {"v": 1, "epoch": header["epoch"], "through": 0, "head": nothing, "now": 1}
    beyond = {"from": last + 5, "to": last + 9, "head": head}
    changes = (
        {"through": last + 1_000, "head": head},
        {"through": last, "head": "ab" * 32},
        {"through": last, "head": nothing},
        {"ranges": [beyond]},
        {"ranges": [{"from": last, "to": last, "head": "ab" * 32}]},
        {"epoch": "0" * 16, "through": last, "head": head},
        {"hello": 1_000_000, "through": last, "head": head},
        {"compare": {"number": 1_000_000, "same": last}},
        {"v": 2, "through": last, "head": head},
    )
    yield from (wire.compact(truth | change) for change in changes)
    yield b'{"v":1,'
    yield b" " * 70_000


def denial(said):
    """The answer to a real hello: more than the box has, and another hash. To a comparison: nothing is
    alike. So every epoch seems to have forked at its first record."""
    more = {"v": 1, "epoch": said["epoch"], "through": said.get("last", 0) + 1_000, "head": "ab" * 32}
    if said["type"] == "hello":
        return more | {"hello": said["number"]}
    return more | {"compare": {"number": said["number"], "same": 0}}
