"""A relay board for the tests, spoken by pymodbus: nothing of it is ours but the wires.

usage: slave.py FOLDER

Prints the terminal that the box opens. A relay that is switched on opens a gate through which
somebody walks a moment later (input 0 for relay 0, input 1 for relay 1); each change of a relay is a
line of FOLDER/relays. While FOLDER/lose exists, the answer to the next opening gets lost; while
FOLDER/stay exists, nobody walks.
"""

import asyncio
import os
import pty
import sys
import threading
import tty
from pathlib import Path

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartAsyncSerialServer
from pymodbus.transaction import ModbusRtuFramer

RELAYS = 4
FOLDER = Path(sys.argv[1])


class Wire:
    """Two terminals back to back: what is written to one is read from the other."""

    def __init__(self):
        self.mute = False
        self.box, self.box_path = self.terminal()
        self.board, self.board_path = self.terminal()

    @staticmethod
    def terminal():
        ours, theirs = pty.openpty()
        tty.setraw(theirs)
        return ours, os.ttyname(theirs)

    def requests(self):
        while piece := os.read(self.box, 256):
            opens = piece[1:2] == b"\x05" and piece[4:5] == b"\xff"
            lose = FOLDER / "lose"
            self.mute = opens and lose.exists()
            if self.mute:
                lose.unlink()
            os.write(self.board, piece)

    def replies(self):
        while piece := os.read(self.board, 256):
            if not self.mute:
                os.write(self.box, piece)


class Inputs(ModbusSequentialDataBlock):
    """Contacts of a gate; a contact holds until it has been read, however busy the computer is."""

    def __init__(self):
        super().__init__(0, [False] * RELAYS)
        self.readings = 0

    def getValues(self, address, count=1):  # noqa: N802, the library's name
        self.readings += 1
        return super().getValues(address, count)

    async def report(self, contact):
        self.setValues(contact, [True])
        # One answer may come too late, the one after it comes in time.
        enough = self.readings + 2
        while self.readings < enough:
            await asyncio.sleep(0.05)
        self.setValues(contact, [False])


class Coils(ModbusSequentialDataBlock):
    """Relays that move a gate."""

    def __init__(self, inputs):
        super().__init__(0, [False] * RELAYS)
        self.inputs = inputs

    def setValues(self, address, values):  # noqa: N802, the library's name
        for relay, on in enumerate(values, address):
            was = self.getValues(relay, 1)[0]
            if was != on:
                with (FOLDER / "relays").open("a") as log:
                    log.write(f"{relay} {'on' if on else 'off'}\n")
                if on and not (FOLDER / "stay").exists():
                    asyncio.get_running_loop().create_task(self.walk(relay))
        super().setValues(address, values)

    async def walk(self, relay):
        await asyncio.sleep(0.3)
        await self.inputs.report(relay)


async def main():
    wire = Wire()
    for pump in (wire.requests, wire.replies):
        threading.Thread(target=pump, daemon=True).start()
    inputs = Inputs()
    store = ModbusSlaveContext(di=inputs, co=Coils(inputs), zero_mode=True)
    print(wire.box_path, flush=True)
    await StartAsyncSerialServer(
        context=ModbusServerContext(slaves={1: store}, single=False),
        framer=ModbusRtuFramer,
        port=wire.board_path,
        baudrate=9600,
    )


asyncio.run(main())
