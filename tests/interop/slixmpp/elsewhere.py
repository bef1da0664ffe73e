"""Two people with slixmpp at two servers: contacts, messages, a room, a card. The servers come as JSON, ours first."""

import asyncio
import json
import sys

from client import Client, Server
from people import befriend
from rooms import attend

PLUGINS = ["xep_0030", "xep_0045", "xep_0054"]


async def main():
    romeo, juliet = [
        Client(Server(**server), f"{name}@{server['domain']}/slixmpp", plugins=PLUGINS)
        for name, server in zip(("romeo", "juliet"), json.loads(sys.argv[1]))
    ]
    for client in (romeo, juliet):
        await client.go_online()
    await befriend(romeo, juliet)
    await romeo.sees("available", juliet.boundjid)
    await juliet.sees("available", romeo.boundjid)
    for one, other in ((romeo, juliet), (juliet, romeo)):
        one.send_message(mto=other.boundjid.bare, mbody="Salut <toi> 🙂", mtype="chat")
        message = await other.expect("message", lambda data: data["type"] == "chat")
        assert (message["body"], message["from"]) == ("Salut <toi> 🙂", one.boundjid), message
        card = one["xep_0054"].make_vcard()
        card["FN"] = one.boundjid.user
        await one["xep_0054"].publish_vcard(card)
        answer = await other["xep_0054"].get_vcard(one.boundjid.bare, timeout=10)
        assert answer["vcard_temp"]["FN"] == one.boundjid.user, answer
        room = f"slixmpp@conference.{one.boundjid.domain}"
        await attend(one, room, "host")
        form = await one["xep_0045"].get_room_config(room)
        form["type"] = "submit"
        await one["xep_0045"].set_room_config(room, config=form)
        await attend(other, room, "guest")
        other.send_message(mto=room, mbody="Bonjour", mtype="groupchat")
        for client in (one, other):
            said = await client.expect("groupchat", lambda data, room=room: data["from"] == f"{room}/guest")
            assert said["body"] == "Bonjour", said
    juliet.send_presence(ptype="unavailable")
    await romeo.sees("unavailable", juliet.boundjid)
    for client in (romeo, juliet):
        await client.leave()
    print("done")


asyncio.get_event_loop_policy().get_event_loop().run_until_complete(main())
