"""Two slixmpp clients with stream management (XEP-0198) over a network that breaks; they count what becomes of messages.

Writes "there" once both are logged in; writes to one another until a line comes in; then prints what was acknowledged to
the sender and what came to the other, as JSON.
"""

import argparse
import asyncio
import json
import sys

from client import Client, Server


class Wanderer(Client):
    """Comes back whenever its connection breaks."""

    def __init__(self, server, account):
        super().__init__(server, account, plugins=["xep_0198"])
        self["xep_0198"].window = 1
        self.over = False
        self.here = asyncio.Event()
        self.times = {"resumed": 0, "failed": 0, "broken": 0}
        self.add_event_handler("session_start", lambda _: self.here.set())
        self.add_event_handler("session_resumed", lambda _: self.came_back())
        self.add_event_handler("sm_failed", lambda _: self.count("failed"))
        self.add_event_handler("disconnected", lambda _: self.broke())

    def count(self, what):
        self.times[what] += 1

    def came_back(self):
        self.count("resumed")
        self.here.set()

    def broke(self):
        self.here.clear()
        if not self.over:
            self.count("broken")
            self.dial()


async def start(client):
    client.dial()
    await client.here.wait()
    await client.become()


async def write(sender, to, stopping):
    number = 0
    while not stopping.is_set():
        await sender.here.wait()
        number += 1
        message = sender.make_message(mto=to, mbody=f"number {number}", mtype="chat")
        message["id"] = f"n{number}"
        message.send()
        await asyncio.sleep(0.005)


async def talk(server):
    romeo = Wanderer(server, f"romeo@{server.domain}/orchard")
    juliet = Wanderer(server, f"juliet@{server.domain}/balcony")
    acknowledged, received = [], []
    romeo.add_event_handler("stanza_acked", lambda stanza: stanza.name == "message" and acknowledged.append(stanza["id"]))
    juliet.add_event_handler("message", lambda message: received.append(message["id"]))
    await asyncio.gather(start(romeo), start(juliet))
    print("there", flush=True)
    stopping = asyncio.Event()
    writing = asyncio.ensure_future(write(romeo, juliet.boundjid.bare, stopping))
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    stopping.set()
    await writing
    for client in (romeo, juliet, romeo, juliet):
        await client.here.wait()
        await client.settle()
    result = {"acknowledged": acknowledged, "received": received, "romeo": romeo.times, "juliet": juliet.times}
    for client in (romeo, juliet):
        client.over = True
        await client.leave()
    print(json.dumps(result), flush=True)


def main():
    parser = argparse.ArgumentParser()
    for name in ("host", "domain", "certificate"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--port", type=int)
    given = parser.parse_args()
    server = Server(given.host, given.port, given.port, given.domain, given.certificate)
    asyncio.get_event_loop_policy().get_event_loop().run_until_complete(talk(server))


if __name__ == "__main__":
    main()
