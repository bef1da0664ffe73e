"""Two slixmpp clients with stream management (XEP-0198) over a network that breaks; they count what becomes of messages,
to one another and in a room.

Writes "there" once both are logged in and in the room; when a line comes in, one writes until another line comes in; then
prints what was acknowledged to the sender and what came to the other, as JSON.
"""

import argparse
import asyncio
import json
import sys

from client import Client, Server
from rooms import attend


class Wanderer(Client):
    """Comes back whenever its connection breaks."""

    def __init__(self, server, account):
        super().__init__(server, account, plugins=["xep_0045", "xep_0198"])
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


async def insist(client):
    """slixmpp 1.8.3 does not always notice that a connection broke while it was being made: then it dials once more."""
    while not client.over:
        try:
            await asyncio.wait_for(client.here.wait(), 2)
            await asyncio.sleep(0.1)
        except asyncio.TimeoutError:
            client.cancel_connection_attempt()
            client.abort()
            client.dial()


async def start(client):
    client.dial()
    await client.here.wait()
    await client.become()


async def enter(room, *clients):
    for client in clients:
        await attend(client, room, client.boundjid.user)
        if client is clients[0]:
            form = await client["xep_0045"].get_room_config(room)
            form["type"] = "submit"
            await client["xep_0045"].set_room_config(room, config=form)


async def write(sender, to, room, stopping):
    number = 0
    while not stopping.is_set():
        await sender.here.wait()
        number += 1
        for kind, where in (("chat", to), ("groupchat", room)):
            message = sender.make_message(mto=where, mbody=f"number {number}", mtype=kind)
            message["id"] = f"{kind} {number}"
            message.send()
        await asyncio.sleep(0.01)


def line():
    return asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


async def talk(server):
    romeo = Wanderer(server, f"romeo@{server.domain}/orchard")
    juliet = Wanderer(server, f"juliet@{server.domain}/balcony")
    acknowledged, received = [], []
    romeo.add_event_handler("stanza_acked", lambda stanza: stanza.name == "message" and acknowledged.append(stanza["id"]))
    juliet.add_event_handler("message", lambda message: received.append(message["id"]))
    await asyncio.gather(start(romeo), start(juliet))
    room = f"network@conference.{server.domain}"
    await enter(room, romeo, juliet)
    print("there", flush=True)
    await line()
    for client in (romeo, juliet):  # it comes back over the network as it is now
        client.here.clear()
        client.abort()
    insisting = [asyncio.ensure_future(insist(client)) for client in (romeo, juliet)]
    stopping = asyncio.Event()
    writing = asyncio.ensure_future(write(romeo, juliet.boundjid.bare, room, stopping))
    await line()
    stopping.set()
    await writing
    for client in (romeo, juliet, romeo, juliet):
        await client.here.wait()
        await client.settle()
    for _ in range(100):  # a room tells what it was told when it can; not for ever
        if set(acknowledged) <= set(received):
            break
        await asyncio.sleep(0.05)
    result = {"acknowledged": acknowledged, "received": received, "romeo": romeo.times, "juliet": juliet.times}
    for client, task in zip((romeo, juliet), insisting):
        client.over = True
        task.cancel()
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
