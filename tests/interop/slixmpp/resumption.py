"""Stream management (XEP-0198) of slixmpp: a cut connection, then a restart of the server, which the test does when asked."""

import asyncio
import json
import sys

from client import PATIENCE, Server, Stage
from people import friends
from rooms import attend, conference


def note(client, name):
    client.add_event_handler(name, lambda data: client.note(name, data))


async def until(fits):
    async def look():
        while not fits():
            await asyncio.sleep(0.02)

    await asyncio.wait_for(look(), PATIENCE)


async def managed(stage):
    """Two friends, who both have a session that they can resume."""
    clients = await friends(stage, plugins=["xep_0030", "xep_0045", "xep_0198", "xep_0203"])
    for client in clients:
        for name in ("session_resumed", "sm_failed"):
            note(client, name)
        await until(lambda client=client: client["xep_0198"].sm_id is not None)
        client.happened.clear()
    return clients


async def together(stage, romeo, juliet):
    """Both enter a room that Romeo makes; returns it."""
    room = f"resumption@{conference(stage)}"
    await attend(romeo, room, "Romeo")
    form = await romeo["xep_0045"].get_room_config(room)
    form["type"] = "submit"
    await romeo["xep_0045"].set_room_config(room, config=form)
    await attend(juliet, room, "Juliet")
    for client in (romeo, juliet):
        await client.settle()
        client.happened.clear()
    return room


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


async def gets(client, *bodies, kind="chat"):
    """These messages and no other of this kind, in this order."""

    def wanted(name, data):
        return name == "message" and data["type"] == kind

    await until(lambda: sum(wanted(*event) for event in client.happened) >= len(bodies))
    await client.settle()
    got = [data["body"] for name, data in client.happened if wanted(name, data)]
    assert got == list(bodies), got
    client.happened = [event for event in client.happened if not wanted(*event)]


def nobody_left(*clients):
    for client in clients:
        gone = [data for name, data in client.happened if name == "presence" and data["type"] == "unavailable"]
        assert not gone, gone


def say(sender, recipient, body):
    sender.send_message(mto=recipient.boundjid.full, mbody=body, mtype="chat")


def speak(client, room, body):
    client.send_message(mto=room, mbody=body, mtype="groupchat")


async def cut(romeo, juliet, room):
    say(juliet, romeo, "before")
    speak(romeo, room, "here")
    await gets(romeo, "before")
    for client in (romeo, juliet):
        await gets(client, "here", kind="groupchat")
    romeo.abort()
    say(juliet, romeo, "one")
    speak(juliet, room, "unheard")
    say(juliet, romeo, "two")
    await juliet.settle()
    await gets(juliet, "unheard", kind="groupchat")
    await back(romeo)
    await gets(romeo, "one", "two")
    await gets(romeo, "unheard", kind="groupchat")
    say(romeo, juliet, "back")
    speak(romeo, room, "still in the room")
    await gets(juliet, "back")
    for client in (romeo, juliet):
        await gets(client, "still in the room", kind="groupchat")
    nobody_left(romeo, juliet)


async def restart(romeo, juliet, room, restarted):
    for client in (romeo, juliet):
        client.happened.clear()
    await restarted()
    await asyncio.gather(*(client.expect("disconnected") for client in (romeo, juliet)))
    await back(juliet)
    say(juliet, romeo, "three")
    speak(juliet, room, "after the restart")
    await juliet.settle()
    await back(romeo)
    await gets(romeo, "three")
    say(romeo, juliet, "four")
    await gets(juliet, "four")
    for client in (romeo, juliet):
        await gets(client, "after the restart", kind="groupchat")
    speak(romeo, room, "both are here")
    for client in (romeo, juliet):
        await gets(client, "both are here", kind="groupchat")
    nobody_left(romeo, juliet)


async def run(server):
    loop = asyncio.get_running_loop()

    async def restarted():
        print(json.dumps({"please": "restart"}), flush=True)
        await loop.run_in_executor(None, sys.stdin.readline)

    stage = Stage(server, "resumption")
    try:
        romeo, juliet = await managed(stage)
        room = await together(stage, romeo, juliet)
        await cut(romeo, juliet, room)
        await restart(romeo, juliet, room, restarted)
        print(json.dumps({"done": True}), flush=True)
    finally:
        await stage.close()


if __name__ == "__main__":
    host, port, direct, domain, certificate = sys.argv[1:]
    asyncio.get_event_loop_policy().get_event_loop().run_until_complete(
        run(Server(host, int(port), int(direct), domain, certificate))
    )
