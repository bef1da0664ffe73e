"""Rooms (XEP-0045) as a client uses them: finding, joining, making, talking, leaving."""


def conference(stage):
    return f"conference.{stage.server.domain}"


async def attend(client, room, nick):
    """Joins, and remembers what is said in rooms."""
    client.add_event_handler("groupchat_message", lambda message: client.note("groupchat", message))
    await client["xep_0045"].join_muc_wait(room, nick, maxstanzas=0, timeout=10)


async def room_found(stage):
    romeo = await stage.online("romeo", plugins=["xep_0030", "xep_0045"])
    items = await romeo["xep_0030"].get_items(jid=stage.server.domain)
    services = {jid for jid, _, _ in items["disco_items"]["items"]}
    assert conference(stage) in services, services
    info = await romeo["xep_0030"].get_info(jid=conference(stage))
    kinds = {(category, kind) for category, kind, _, _ in info["disco_info"]["identities"]}
    assert ("conference", "text") in kinds, kinds
    rooms = await romeo["xep_0030"].get_items(jid=conference(stage))
    names = {jid for jid, _, _ in rooms["disco_items"]["items"]}
    assert f"test@{conference(stage)}" in names, names


async def room_always_there(stage):
    romeo = await stage.online("romeo", plugins=["xep_0030", "xep_0045"])
    juliet = await stage.online("juliet", plugins=["xep_0030", "xep_0045"])
    room = f"test@{conference(stage)}"
    await attend(romeo, room, "Roméo")
    await attend(juliet, room, "Juliette")
    romeo.send_message(mto=room, mbody="Salut à tous & bienvenue", mtype="groupchat")
    for client in (romeo, juliet):
        message = await client.expect("groupchat", lambda one: one["body"])
        assert message["body"] == "Salut à tous & bienvenue", message
        assert message["from"].resource == "Roméo", message


async def room_made(stage):
    romeo = await stage.online("romeo", plugins=["xep_0030", "xep_0045"])
    juliet = await stage.online("juliet", plugins=["xep_0030", "xep_0045"])
    room = f"made-by-slixmpp@{conference(stage)}"
    await attend(romeo, room, "Romeo")
    form = await romeo["xep_0045"].get_room_config(room)
    assert form["type"] == "form", form
    form["type"] = "submit"
    await romeo["xep_0045"].set_room_config(room, config=form)
    await attend(juliet, room, "Juliet")
    members = await romeo["xep_0045"].get_affiliation_list(room, "owner")
    assert [str(jid) for jid in members] == [romeo.boundjid.bare], members
    juliet.send_message(mto=room, mbody="Here I am", mtype="groupchat")
    message = await romeo.expect("groupchat", lambda one: one["body"])
    assert message["from"].resource == "Juliet", message


async def room_archive(stage):
    """The archive of a room (XEP-0313): pages of what was said, also for who was not there, and its form."""
    plugins = ["xep_0030", "xep_0045", "xep_0059", "xep_0313"]
    romeo = await stage.online("romeo", plugins=plugins)
    juliet = await stage.online("juliet", plugins=plugins)
    room = f"test@{conference(stage)}"
    await attend(romeo, room, "Archivist")  # other checks talk in this room, too
    said = ["one", "deux & deux", "three"]
    for text in said:
        romeo.send_message(mto=room, mbody=text, mtype="groupchat")
        await romeo.expect("groupchat", lambda one, text=text: one["body"] == text)
    info = await juliet["xep_0030"].get_info(jid=room)
    assert "urn:xmpp:mam:2" in info["disco_info"]["features"], info
    found = []
    async for message in juliet["xep_0313"].iterate(jid=room, rsm={"max": 2}):
        stanza = message["mam_result"]["forwarded"]["stanza"]
        if str(stanza["from"]) == f"{room}/Archivist":
            found.append(stanza["body"])
    assert found == said, found
    backwards = []
    query = {"jid": room, "with_jid": f"{room}/Archivist", "reverse": True, "rsm": {"max": 1}}
    async for message in juliet["xep_0313"].iterate(**query):
        backwards.append(message["mam_result"]["forwarded"]["stanza"]["body"])
    assert backwards[:1] == said[-1:], backwards  # slixmpp takes the end of the list for the end of the way
    fields = await juliet["xep_0313"].get_fields(jid=room)
    assert "with" in fields.get_fields(), fields


CHECKS = [room_found, room_always_there, room_made, room_archive]
