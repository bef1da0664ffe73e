"""What a client asks the server and other clients: discovery, ping, version, time, vCards, private storage."""

from datetime import datetime, timedelta, timezone

import slixmpp
from slixmpp.exceptions import IqError
from slixmpp.plugins import xep_0082
from slixmpp.plugins.xep_0048.stanza import Bookmarks

from people import friends


async def disco(stage):
    romeo = await stage.online("romeo", plugins=["xep_0030"])
    info = await romeo["xep_0030"].get_info(jid=stage.server.domain)
    kinds = {(category, kind) for category, kind, _, _ in info["disco_info"]["identities"]}
    assert ("server", "im") in kinds, kinds
    features = set(info["disco_info"]["features"])
    expected = {
        "http://jabber.org/protocol/disco#info",
        "http://jabber.org/protocol/disco#items",
        "urn:xmpp:ping",
        "urn:xmpp:carbons:2",
        "urn:xmpp:blocking",
        "vcard-temp",
        "jabber:iq:version",
    }
    assert expected <= features, expected - features
    items = await romeo["xep_0030"].get_items(jid=stage.server.domain)
    assert items["type"] == "result"
    account = await romeo["xep_0030"].get_info(jid=romeo.boundjid.bare)
    kinds = {(category, kind) for category, kind, _, _ in account["disco_info"]["identities"]}
    assert ("account", "registered") in kinds, kinds


async def disco_between_clients(stage):
    romeo, juliet = await friends(stage, plugins=["xep_0030", "xep_0092", "xep_0199", "xep_0115"])
    info = await romeo["xep_0030"].get_info(jid=juliet.boundjid.full)
    assert "http://jabber.org/protocol/disco#info" in info["disco_info"]["features"], info
    version = await romeo["xep_0092"].get_version(juliet.boundjid.full)
    assert version["software_version"]["name"] == "Slixmpp", version


async def ping(stage):
    romeo = await stage.online("romeo", plugins=["xep_0199"])
    assert await romeo["xep_0199"].ping(jid=stage.server.domain) >= 0
    assert await romeo["xep_0199"].ping(jid=romeo.boundjid.bare) >= 0


async def version_and_time(stage):
    romeo = await stage.online("romeo", plugins=["xep_0092", "xep_0202"])
    reply = await romeo["xep_0092"].get_version(stage.server.domain)
    assert reply["software_version"]["name"] == "Parloir", reply
    time = await romeo["xep_0202"].get_entity_time(stage.server.domain)
    # slixmpp cannot read the time of any server: it adds a second Z.
    said = xep_0082.parse(time["entity_time"].xml.findtext("{urn:xmpp:time}utc"))
    assert abs(said - datetime.now(timezone.utc)) < timedelta(hours=1), said


async def last_activity(stage):
    romeo, juliet = await friends(stage, plugins=["xep_0012"])
    reply = await romeo["xep_0012"].get_last_activity(stage.server.domain)
    assert reply["last_activity"]["seconds"] >= 0, reply
    address = juliet.boundjid.bare
    juliet.send_presence(ptype="unavailable", pstatus="Bonne nuit")
    await romeo.sees("unavailable", juliet.boundjid)
    await juliet.leave()
    reply = await romeo["xep_0012"].get_last_activity(address)
    assert reply["last_activity"]["seconds"] >= 0, reply
    assert reply["last_activity"]["status"] == "Bonne nuit", reply


async def vcard(stage):
    romeo = await stage.online("romeo", plugins=["xep_0054"])
    juliet = await stage.online("juliet", plugins=["xep_0054"])
    card = romeo["xep_0054"].make_vcard()
    card["FN"] = "Roméo Montaigu"
    card["NICKNAME"] = "Roméo"
    card["JABBERID"] = romeo.boundjid.bare
    await romeo["xep_0054"].publish_vcard(card)
    own = (await romeo["xep_0054"].get_vcard(romeo.boundjid.bare, local=False, cached=False))["vcard_temp"]
    assert own["FN"] == "Roméo Montaigu", own
    seen = (await juliet["xep_0054"].get_vcard(romeo.boundjid.bare, local=False, cached=False))["vcard_temp"]
    assert seen["FN"] == "Roméo Montaigu" and seen["JABBERID"] == romeo.boundjid.bare, seen


async def avatar(stage):
    """Romeo's new picture is announced to his contact, who can get it (XEP-0153)."""
    romeo, juliet = await friends(stage, plugins=["xep_0054", "xep_0153"])
    picture = bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63606060f80f00"
        "01040100a5f645400000000049454e44ae426082"
    )
    await romeo["xep_0054"].publish_vcard(romeo["xep_0054"].make_vcard())
    await romeo["xep_0153"].set_avatar(avatar=picture, mtype="image/png")
    await juliet.expect("vcard_avatar_update", lambda presence: presence["vcard_temp_update"]["photo"])
    seen = await juliet["xep_0054"].get_vcard(romeo.boundjid.bare, local=False, cached=False)
    assert seen["vcard_temp"]["PHOTO"]["BINVAL"] == picture, seen


async def private_storage(stage):
    romeo = await stage.online("romeo", "orchard", plugins=["xep_0048", "xep_0049"])
    rooms = Bookmarks()
    rooms.add_conference(f"verona@rooms.{stage.server.domain}", "Roméo", name="Vérone & environs", autojoin=True)
    await romeo["xep_0049"].store(rooms)
    home = await stage.online("romeo", "home", plugins=["xep_0048", "xep_0049"])
    reply = await home["xep_0049"].retrieve("bookmarks")
    (found,) = reply["private"]["bookmarks"]["conferences"]
    assert found["name"] == "Vérone & environs" and found["autojoin"], reply


async def unknown_requests(stage):
    """What nobody knows gets an error, never silence."""
    romeo = await stage.online("romeo", "orchard")
    for to in (stage.server.domain, romeo.boundjid.bare, stage.address("juliet"), stage.address("nobody"), None):
        iq = romeo.make_iq_get(ito=to)
        iq.append(slixmpp.xmlstream.ET.Element("{urn:example:unknown}query"))
        try:
            await iq.send(timeout=5)
        except IqError as error:
            assert error.condition == "service-unavailable", (to, error.condition)
            continue
        raise AssertionError(f"{to} answered a request that nobody knows")


CHECKS = [
    disco,
    disco_between_clients,
    ping,
    version_and_time,
    last_activity,
    vcard,
    avatar,
    private_storage,
    unknown_requests,
]
