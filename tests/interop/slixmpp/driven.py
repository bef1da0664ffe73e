"""slixmpp clients that do what they are told: requests are lines of JSON on standard input, answers lines on standard output.

A request: {"id": …, "who": ADDRESS, "do": NAME, …}; NAME is a method of `Driven`, the rest are its arguments. Its answer:
{"id": …, "result": …} or {"id": …, "error": …}. Requests of one client wait for one another. It ends with its input.
"""

import asyncio
import json
import sys

from client import PATIENCE, Client, Server

PLUGINS = ["xep_0045", "xep_0059", "xep_0198", "xep_0203", "xep_0280", "xep_0313"]


def told(kind, message):
    stamp = message["delay"]["stamp"]
    return {
        "kind": kind,
        "id": message["id"],
        "from": str(message["from"]),
        "body": message["body"],
        "stamp": stamp.isoformat() if stamp else None,
    }


class Driven:
    """A client with stream management, carbons and the archive."""

    def __init__(self, server, address):
        self.client = client = Client(server, address, plugins=PLUGINS)
        client["xep_0198"].window = 1
        self.heard_so_far = []
        self.acked = []
        self.turn = asyncio.Lock()
        client.add_event_handler("message", lambda message: self.hear(message["type"], message))
        client.add_event_handler("carbon_sent", lambda message: self.hear("sent", message["carbon_sent"]))
        client.add_event_handler("carbon_received", lambda message: self.hear("received", message["carbon_received"]))
        client.add_event_handler("stanza_acked", lambda stanza: stanza.name == "message" and self.acked.append(stanza["body"]))
        for name in ("session_resumed", "sm_failed"):
            client.add_event_handler(name, lambda data, name=name: client.note(name, data))

    def hear(self, kind, message):
        if message["body"]:
            self.heard_so_far.append(told(kind, message))

    async def log_in(self):
        """Logs in with carbons, but shows nobody that it is there, as clients do that read the archive first."""
        await self.client.log_in()
        await self.client["xep_0280"].enable()

    async def show(self):
        await self.client.become()

    async def read(self):
        """The archive, from its beginning."""
        results = [result["mam_result"] async for result in self.client["xep_0313"].iterate(rsm={"max": 50})]
        return [told(result["id"], result["forwarded"]["stanza"]) for result in results]

    async def heard(self):
        """What came since it was asked last."""
        await self.client.settle()
        taken, self.heard_so_far = self.heard_so_far, []
        return taken

    async def say(self, to, bodies, kind="chat"):
        """Sends messages; they are handled then."""
        for body in bodies:
            self.client.send_message(mto=to, mbody=body, mtype=kind)
        await self.client.settle()

    async def flood(self, to, name, every):
        """Sends messages NAME 1, NAME 2, … until its connection ends or it is told to stop."""
        self.flooding = asyncio.ensure_future(self.pour(to, name, every))

    async def pour(self, to, name, every):
        number = 0
        while self.client.transport is not None:
            number += 1
            self.client.send_message(mto=to, mbody=f"{name} {number}", mtype="chat")
            await asyncio.sleep(every)

    async def stop(self):
        self.flooding.cancel()
        await self.client.settle()

    async def acknowledged(self):
        """The bodies of all messages that the server has acknowledged."""
        return self.acked

    async def come_back(self):
        """After its connection is lost: "resumed", or "anew" where the session is no more."""
        client = self.client
        await client.expect("disconnected")
        client.happened.clear()
        client.dial()
        await client.expect_any("session_resumed", "session_start")
        if client.has_happened("session_resumed"):
            return "resumed"
        await client["xep_0280"].enable()
        return "anew"

    async def leave(self):
        await self.client.leave()


async def answer(client, request):
    number, do = request.pop("id"), request.pop("do")
    try:
        async with client.turn:
            reply = {"result": await asyncio.wait_for(getattr(client, do)(**request), 2 * PATIENCE)}
    except Exception as error:  # noqa: BLE001 the test fails with it
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps({"id": number, **reply}), flush=True)


async def serve(server):
    clients = {}
    running = set()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        request = json.loads(line)
        who = request.pop("who")
        if who not in clients:
            clients[who] = Driven(server, who)
        task = asyncio.ensure_future(answer(clients[who], request))
        running.add(task)
        task.add_done_callback(running.discard)
    leaving = [asyncio.wait_for(client.leave(), PATIENCE) for client in clients.values()]
    await asyncio.gather(*leaving, return_exceptions=True)


if __name__ == "__main__":
    host, port, direct, domain, certificate = sys.argv[1:]
    asyncio.get_event_loop_policy().get_event_loop().run_until_complete(
        serve(Server(host, int(port), int(direct), domain, certificate))
    )
