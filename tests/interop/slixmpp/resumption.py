"""Stream management (XEP-0198) of slixmpp: a cut connection, then a restart of the server, which the test does when asked."""

import asyncio
import json
import sys

from client import PATIENCE, Server, Stage
from people import friends


def note(client, name):
    client.add_event_handler(name, lambda data: client.note(name, data))


async def until(fits):
    async def look():
        while not fits():
            await asyncio.sleep(0.02)

    await asyncio.wait_for(look(), PATIENCE)


async def managed(stage):
    """Two friends, who both have a session that they can resume."""
    clients = await friends(stage, plugins=["xep_0198", "xep_0203"])
    for client in clients:
        for name in ("session_resumed", "sm_failed"):
            note(client, name)
        await until(lambda client=client: client["xep_0198"].sm_id is not None)
        client.happened.clear()
    return clients


async def back(client):
    """Connects again, as often as it takes."""
    for _ in range(100):
        client.dial()
        try:
            await client.expect_any("session_resumed", "sm_failed")
            break
        except AssertionError:
            client.cancel_connection_attempt()
    assert not client.has_happened("sm_failed"), client.happened
    await client.expect("session_resumed")


async def gets(client, *bodies):
    """These messages and no other, in this order."""
    await until(lambda: sum(name == "message" for name, _ in client.happened) >= len(bodies))
    await client.settle()
    got = [data["body"] for name, data in client.happened if name == "message"]
    assert got == list(bodies), got
    client.happened = [(name, data) for name, data in client.happened if name != "message"]


def nobody_left(*clients):
    for client in clients:
        gone = [data for name, data in client.happened if name == "presence" and data["type"] == "unavailable"]
        assert not gone, gone


def say(sender, recipient, body):
    sender.send_message(mto=recipient.boundjid.full, mbody=body, mtype="chat")


async def cut(romeo, juliet):
    say(juliet, romeo, "before")
    await gets(romeo, "before")
    romeo.abort()
    say(juliet, romeo, "one")
    say(juliet, romeo, "two")
    await juliet.settle()
    await back(romeo)
    await gets(romeo, "one", "two")
    say(romeo, juliet, "back")
    await gets(juliet, "back")
    nobody_left(juliet)


async def restart(romeo, juliet, restarted):
    for client in (romeo, juliet):
        client.happened.clear()
    await restarted()
    await asyncio.gather(*(client.expect("disconnected") for client in (romeo, juliet)))
    await back(juliet)
    say(juliet, romeo, "three")
    await juliet.settle()
    await back(romeo)
    await gets(romeo, "three")
    say(romeo, juliet, "four")
    await gets(juliet, "four")
    nobody_left(romeo, juliet)


async def run(server):
    loop = asyncio.get_running_loop()

    async def restarted():
        print(json.dumps({"please": "restart"}), flush=True)
        await loop.run_in_executor(None, sys.stdin.readline)

    stage = Stage(server, "resumption")
    try:
        romeo, juliet = await managed(stage)
        await cut(romeo, juliet)
        await restart(romeo, juliet, restarted)
        print(json.dumps({"done": True}), flush=True)
    finally:
        await stage.close()


if __name__ == "__main__":
    host, port, direct, domain, certificate = sys.argv[1:]
    asyncio.get_event_loop_policy().get_event_loop().run_until_complete(
        run(Server(host, int(port), int(direct), domain, certificate))
    )
