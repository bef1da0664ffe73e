"""What people publish of themselves, and what their clients keep for each other (personal eventing)."""

import hashlib

from slixmpp.plugins.xep_0048.stanza import Bookmarks
from slixmpp.xmlstream import ET

from people import befriend

NATIVE = "urn:xmpp:bookmarks:1"
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63606060f80f00"
    "01040100a5f645400000000049454e44ae426082"
)


async def published_avatar(stage):
    """A contact is told, fetches it, and finds it in the vCard, too; who comes later is told, too."""
    plugins = ["xep_0054", "xep_0084", "xep_0115"]
    romeo = await stage.online("romeo", "orchard", plugins=plugins)
    juliet = await stage.online("juliet", "balcony", plugins=plugins)
    await befriend(romeo, juliet)
    identifier = hashlib.sha1(PICTURE).hexdigest()
    await romeo["xep_0084"].publish_avatar(PICTURE)
    about = {"id": identifier, "type": "image/png", "bytes": len(PICTURE)}
    await romeo["xep_0084"].publish_avatar_metadata(about)
    later = await stage.online("juliet", "chamber", plugins=plugins)
    for client in (juliet, later):
        told = await client.expect("avatar_metadata_publish", lambda message: message["from"] == romeo.boundjid.bare)
        item = told["pubsub_event"]["items"]["item"]
        assert item["id"] == identifier, told
        assert item["avatar_metadata"]["items"][0]["type"] == "image/png", told
    got = await later["xep_0084"].retrieve_avatar(romeo.boundjid.bare, identifier)
    assert got["pubsub"]["items"]["item"]["avatar_data"]["value"] == PICTURE, got
    card = await later["xep_0054"].get_vcard(romeo.boundjid.bare, local=False, cached=False)
    assert card["vcard_temp"]["PHOTO"]["BINVAL"] == PICTURE, card


def conference(name):
    return ET.fromstring(f"<conference xmlns='{NATIVE}' name='{name}' autojoin='true'><nick>R</nick></conference>")


async def bookmarks_three_ways(stage):
    """A room that is saved in one way is found in the two others."""
    plugins = ["xep_0048", "xep_0049", "xep_0060", "xep_0223"]
    romeo = await stage.online("romeo", "orchard", plugins=plugins)
    home = await stage.online("romeo", "home", plugins=plugins)
    room = f"verona@conference.{stage.server.domain}"
    await romeo["xep_0060"].publish(None, NATIVE, id=room, payload=conference("Vérone"))
    (found,) = (await home["xep_0048"].get_bookmarks(method="xep_0049"))["private"]["bookmarks"]["conferences"]
    assert (found["jid"], found["name"], found["autojoin"]) == (room, "Vérone", True), found
    reply = await home["xep_0048"].get_bookmarks(method="xep_0223")
    (found,) = reply["pubsub"]["items"]["item"]["bookmarks"]["conferences"]
    assert (found["jid"], found["name"]) == (room, "Vérone"), reply
    other = Bookmarks()
    other.add_conference(f"mantua@conference.{stage.server.domain}", "R", name="Mantoue", autojoin=False)
    await home["xep_0048"].set_bookmarks(other, method="xep_0049")
    items = (await romeo["xep_0060"].get_items(None, NATIVE))["pubsub"]["items"]["substanzas"]
    assert [item["id"] for item in items] == [f"mantua@conference.{stage.server.domain}"], items


CHECKS = [published_avatar, bookmarks_three_ways]
