"""What Gajim does with a server, through its library."""

import hashlib
import os
import ssl
import urllib.request

from client import JID, Iq, Message, Namespace, Node, until
from nbxmpp.const import StreamError
from nbxmpp.errors import StanzaError
from nbxmpp.modules.user_avatar import Avatar
from nbxmpp.modules.vcard_temp import VCard
from nbxmpp.structs import BookmarkData

PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)


def login(stage):
    """STARTTLS and direct TLS, our certificate checked; SCRAM."""
    for direct in (False, True):
        romeo = stage.person("romeo", "direct" if direct else "starttls", direct=direct)
        assert romeo.connect() == "connected", romeo.client.get_error()
        assert romeo.client.is_stream_secure
        assert romeo.client._sasl._mechanism.name == "SCRAM-SHA-256", romeo.client._sasl._mechanism.name


def wrong_password(stage):
    romeo = stage.person("romeo", "gajim", password="wrong")
    assert romeo.connect() == "disconnected"
    domain, error, text = romeo.client.get_error()
    assert (domain, error) == (StreamError.SASL, "not-authorized"), (domain, error, text)


def other_certificate(stage):
    """A certificate that is not the accepted one ends the connection before a password is sent."""
    romeo = stage.person("romeo", "gajim")
    romeo.client.set_accepted_certificates([])
    assert romeo.connect() != "connected"
    assert not romeo.client._sasl._mechanism
    assert romeo.client.peer_certificate[1], "it is known why"


def resumption(stage):
    """What is sent to a client that is cut comes when it resumes; nobody sees it go."""
    romeo, juliet = stage.friends()
    assert until(lambda: romeo.client.resumeable, "a session that can be resumed")
    juliet.say(romeo.jid, "before")
    romeo.hears(lambda stanza, _: stanza.getBody() == "before")
    full = romeo.client.get_bound_jid()
    romeo.cut()
    for body in ("one", "two"):
        juliet.say(romeo.jid, body)
    juliet.settle()
    assert romeo.connect() == "resume-successful", romeo.signals
    assert romeo.client.get_bound_jid() == full
    romeo.hears(lambda stanza, _: stanza.getBody() == "two")
    romeo.settle()
    assert [stanza.getBody() for stanza, _ in romeo.messages if stanza.getBody()] == ["before", "one", "two"]
    romeo.say(juliet.jid, "back")
    juliet.hears(lambda stanza, _: stanza.getBody() == "back")
    assert not [seen for _, seen in juliet.presences if seen.type.is_unavailable]


def roster(stage):
    """Versions: who knows the newest gets nothing, who knows an older one what has changed since."""
    romeo = stage.online("romeo")
    module = romeo.module("Roster")
    assert romeo.client.features.has_roster_version()
    known = romeo.run(module.request_roster)
    assert known.items == [], known
    benvolio = JID.from_string(f"benvolio@{romeo.server.domain}")
    romeo.run(module.set_item, benvolio, "Benvolio & Cie", ["Vérone", "Amis"])
    _, push = romeo.pushed(lambda _, properties: properties.roster is not None)
    assert (push.roster.item.jid, push.roster.item.name) == (benvolio, "Benvolio & Cie"), push.roster
    assert set(push.roster.item.groups) == {"Vérone", "Amis"}
    fresh = stage.online("romeo", "phone")
    whole = fresh.run(fresh.module("Roster").request_roster, known.version)
    assert [item.jid for item in whole.items or []] == [benvolio] or any(
        properties.roster for _, properties in fresh.pushes
    ), whole
    same = romeo.run(module.request_roster, push.roster.version)
    assert same.items is None, same


def archive(stage):
    """Preferences, pages forward, catching up from the last known id."""
    romeo, juliet = stage.friends()
    mam = romeo.module("MAM")
    domain = JID.from_string(f"noise@{romeo.server.domain}")
    assert romeo.run(mam.request_preferences).default in ("always", "roster")
    romeo.run(mam.set_preferences, "always", [], [domain])
    preferences = romeo.run(mam.request_preferences)
    assert (preferences.default, preferences.never) == ("always", [domain]), preferences
    bodies = [f"message {number}" for number in range(25)]
    for body in bodies:
        juliet.say(romeo.jid.new_as_bare(), body)
    romeo.hears(lambda stanza, _: stanza.getBody() == bodies[-1])
    own = romeo.jid.new_as_bare()
    pages, after = 0, None
    while True:
        page = romeo.run(mam.make_query, own, queryid="all", after=after, max_=10)
        pages += 1
        after = page.rsm.last
        if page.complete:
            break
    found = [(stanza.getBody(), seen.mam) for stanza, seen in romeo.messages if seen.mam and seen.mam.query_id == "all"]
    assert [body for body, _ in found if body] == bodies, found
    assert pages == 3, pages
    ids = [seen.stanza_ids for stanza, seen in romeo.messages if seen.mam is None and stanza.getBody() in bodies]
    assert [given[0].id for given in ids] == [mam.id for _, mam in found], "stamped ids are those of the archive"
    page = romeo.run(mam.make_query, own, queryid="new", after=found[19][1].id)
    caught_up = [stanza.getBody() for stanza, seen in romeo.messages if seen.mam and seen.mam.query_id == "new"]
    assert page.complete and caught_up == bodies[20:], caught_up
    counted = romeo.run(mam.make_query, own, queryid="count", max_=0)
    assert int(counted.rsm.count) == len(bodies), counted
    unknown = romeo.refused(mam.make_query, own, queryid="x", after="not-an-id")
    assert unknown.condition == "item-not-found", unknown


def bookmarks(stage):
    """Stored in PEP (XEP-0402), told to the other client, there for clients that know older ways only."""
    romeo, phone = stage.online("romeo"), stage.online("romeo", "phone")
    room = JID.from_string(f"test@conference.{romeo.server.domain}")
    kept = BookmarkData(jid=room, name="Essai & co", nick="Roméo", autojoin=True, password=None)  # nbxmpp does not write a password
    romeo.run(romeo.module("NativeBookmarks").store_bookmarks, [kept])

    def told(_, seen):
        return seen.is_pubsub_event and seen.pubsub_event.node == Namespace.BOOKMARKS_1 and seen.pubsub_event.data

    event = phone.hears(told)[1].pubsub_event
    assert event.data.jid == room and event.data.autojoin and event.data.nick == "Roméo", event
    (found,) = phone.run(phone.module("NativeBookmarks").request_bookmarks)
    assert found[:5] == kept[:5], found
    (older,) = phone.run(phone.module("PrivateBookmarks").request_bookmarks)
    assert older[:5] == kept[:5], older
    phone.run(phone.module("NativeBookmarks").retract_bookmark, room)
    romeo.hears(lambda _, seen: seen.is_pubsub_event and seen.pubsub_event.retracted)
    assert romeo.run(romeo.module("NativeBookmarks").request_bookmarks) == []
    phone.run(phone.module("PrivateBookmarks").store_bookmarks, [kept])
    until(lambda: romeo.run(romeo.module("NativeBookmarks").request_bookmarks), "a bookmark stored in the older way")


def avatar(stage):
    """Published in PEP, told to contacts, in presence as its hash, and in the vCard."""
    romeo, juliet = stage.friends()
    picture = Avatar()
    picture.add_image_source(PICTURE, "image/png", 1, 1)
    romeo.run(romeo.module("UserAvatar").set_avatar, picture, public=True)
    sha = hashlib.sha1(PICTURE).hexdigest()

    def told(_, seen):
        return seen.is_pubsub_event and seen.pubsub_event.node == Namespace.AVATAR_METADATA and seen.pubsub_event.data

    event = juliet.hears(told)[1].pubsub_event
    assert event.data.default == sha, event
    whose = romeo.jid.new_as_bare()
    found = juliet.run(juliet.module("UserAvatar").request_avatar_data, sha, whose)
    assert found.data == PICTURE
    romeo.show()
    juliet.sees(lambda _, seen: seen.avatar_sha == sha, "its hash in presence")
    vcard = juliet.run(juliet.module("VCardTemp").request_vcard, whose)
    assert vcard.get_avatar()[0] == PICTURE, vcard
    juliet.messages.clear()
    romeo.run(romeo.module("UserAvatar").set_avatar, None, public=True)
    juliet.hears(lambda _, seen: seen.is_pubsub_event and seen.pubsub_event.node == Namespace.AVATAR_METADATA)
    assert juliet.run(juliet.module("VCardTemp").request_vcard, whose).get_avatar()[0] is None


def vcards(stage):
    """XEP-0292, and the older vCard of it."""
    romeo, juliet = stage.friends()
    from nbxmpp.modules.vcard4 import VCard as VCard4

    card = VCard4()
    card.add_property("fn", "Roméo Montaigu")
    card.add_property("email", "romeo@example.com")
    romeo.run(romeo.module("VCard4").set_vcard, card, public=True)
    found = juliet.run(juliet.module("VCard4").request_vcard, romeo.jid.new_as_bare())
    assert [one.value for one in found.get_properties() if one.name == "fn"] == ["Roméo Montaigu"], found
    older = VCard()
    older.data = {"FN": "Juliette"}
    juliet.run(juliet.module("VCardTemp").set_vcard, older)
    assert romeo.run(romeo.module("VCardTemp").request_vcard, juliet.jid.new_as_bare()).data["FN"] == "Juliette"


def rooms(stage):
    """Made, configured, governed; self-ping; the archive of the room; what refusals say."""
    romeo, juliet = stage.online("romeo"), stage.online("juliet")
    room = JID.from_string(f"{romeo.jid.localpart}@conference.{romeo.server.domain}")
    muc = romeo.module("MUC")
    _, own = romeo.enters(room, "Roméo")
    assert own.is_muc_self_presence and own.muc_user.affiliation.is_owner, own
    form = romeo.run(muc.request_config, room).form
    form["muc#roomconfig_roomname"].value = "Chez Roméo"
    form["muc#roomconfig_membersonly"].value = True
    form["muc#roomconfig_persistentroom"].value = True
    form.type_ = "submit"
    romeo.run(muc.set_config, room, form)
    info = juliet.run(juliet.module("MUC").request_info, room).info
    assert info.muc_is_members_only and info.muc_is_persistent and info.muc_room_name == "Chez Roméo", info
    stanza, _ = juliet.enters(room, "Juliette")
    refusal = StanzaError(stanza)
    assert refusal.condition == "registration-required" and refusal.get_text("en"), refusal
    romeo.run(muc.set_affiliation, room, {juliet.jid.new_as_bare(): {"affiliation": "member"}})
    members = romeo.run(muc.get_affiliation, room, "member")
    assert list(members.users) == [juliet.jid.new_as_bare()], members
    juliet.presences.clear()
    _, hers = juliet.enters(room, "Juliette")
    assert hers.is_muc_self_presence and hers.occupant_id, hers
    juliet.run(juliet.module("Ping").ping, JID.from_string(f"{room}/Juliette"))
    ping = romeo.refused(romeo.module("Ping").ping, JID.from_string(f"{room}/Nobody"))
    assert ping.condition in ("item-not-found", "not-acceptable"), ping
    commands = romeo.run(romeo.module("AdHoc").request_command_list, room)
    for command in commands:
        step = romeo.run(romeo.module("AdHoc").execute_command, command)
        assert step.status.value in ("executing", "completed"), step
    assert commands, "commands of the room"
    muc.set_subject(room, "Le sujet")
    juliet.hears(lambda _, seen: seen.is_muc_subject and seen.muc_subject.text == "Le sujet")
    juliet.say(room, "Bonsoir", "groupchat")
    heard, seen = romeo.hears(lambda stanza, seen: stanza.getBody() == "Bonsoir")
    assert seen.occupant_id == hers.occupant_id, heard
    page = romeo.run(romeo.module("MAM").make_query, room, queryid="room", max_=50)
    kept = [stanza.getBody() for stanza, seen in romeo.messages if seen.mam and seen.mam.query_id == "room"]
    assert page.complete and "Bonsoir" in kept, kept
    romeo.run(muc.set_role, room, "Juliette", "none", reason="Dehors")
    gone, left = juliet.sees(lambda _, seen: seen.type.is_unavailable and seen.is_muc_self_presence, "a kick")
    assert left.is_kicked and left.muc_user.reason == "Dehors", gone
    romeo.run(muc.set_affiliation, room, {juliet.jid.new_as_bare(): {"affiliation": "outcast", "reason": "Adieu"}})
    juliet.presences.clear()
    stanza, _ = juliet.enters(room, "Juliette")
    refusal = StanzaError(stanza)
    assert refusal.condition == "forbidden" and refusal.get_text("en"), refusal
    romeo.run(muc.destroy, room, reason="Fini")


def upload(stage):
    """A slot, the file put with the headers given, and the same bytes at the link."""
    romeo = stage.online("romeo")
    items = romeo.run(romeo.module("Discovery").disco_items, romeo.server.domain).items
    services = [romeo.run(romeo.module("Discovery").disco_info, item.jid) for item in items]
    (service,) = [info for info in services if info.supports(Namespace.HTTPUPLOAD_0)]
    assert service.httpupload_max_file_size > 1_000_000, service
    content = os.urandom(500_001)
    slot = romeo.run(romeo.module("HTTPUpload").request_slot, service.jid, "photo d'été.png", len(content), "image/png")
    trust = ssl.create_default_context(cafile=romeo.server.certificate)
    put = urllib.request.Request(slot.put_uri, content, {"Content-Type": "image/png", **slot.headers}, method="PUT")
    with urllib.request.urlopen(put, context=trust) as answer:
        assert answer.status == 201, answer.status
    with urllib.request.urlopen(slot.get_uri, context=trust) as answer:
        assert hashlib.sha256(answer.read()).digest() == hashlib.sha256(content).digest()
    too_big = romeo.refused(romeo.module("HTTPUpload").request_slot, service.jid, "huge", 1 << 48, "image/png")
    assert too_big.condition == "not-acceptable" and too_big.app_condition == "file-too-large", too_big


def blocking(stage):
    """Blocked: told to the other client, nothing comes, and what is sent is refused; then all is as before."""
    romeo, juliet = stage.friends()
    phone = stage.online("romeo", "phone")
    phone.run(phone.module("Blocking").request_blocking_list)
    hers = juliet.jid.new_as_bare()
    romeo.run(romeo.module("Blocking").block, [hers])
    phone.pushed(lambda _, seen: seen.blocking is not None and hers in seen.blocking.block)
    assert romeo.run(romeo.module("Blocking").request_blocking_list) == {hers}
    juliet.say(romeo.jid, "Hello?")
    juliet.hears(lambda stanza, _: stanza.getType() == "error")
    romeo.settle()
    assert not [stanza for stanza, _ in romeo.messages if stanza.getBody() == "Hello?"]
    romeo.say(hers, "Still there?")
    refusal = StanzaError(romeo.hears(lambda stanza, _: stanza.getType() == "error")[0])
    assert refusal.condition == "not-acceptable" and refusal.get_text("en"), refusal
    romeo.run(romeo.module("Blocking").unblock, [hers])
    juliet.say(romeo.jid, "And now?")
    romeo.hears(lambda stanza, _: stanza.getBody() == "And now?")


def carbons(stage):
    """What one client sends and gets, the other gets as copies."""
    romeo, juliet = stage.friends()
    phone = stage.online("romeo", "phone")
    assert phone.ask(Iq("set", "urn:xmpp:carbons:2", payload=[])).getType() == "error"
    for client in (romeo, phone):
        enable = Iq("set")
        enable.addChild("enable", namespace=Namespace.CARBONS)
        assert client.ask(enable).getType() == "result"
    romeo.say(juliet.jid, "from the laptop")
    _, seen = phone.hears(lambda stanza, seen: seen.carbon is not None and stanza.getBody() == "from the laptop")
    assert seen.carbon.is_sent
    juliet.say(romeo.client.get_bound_jid(), "to the laptop")
    _, seen = phone.hears(lambda stanza, seen: seen.carbon is not None and stanza.getBody() == "to the laptop")
    assert seen.carbon.is_received


def client_state(stage):
    """CSI: presence waits for a sleeping client, messages wake it."""
    romeo, juliet = stage.friends()
    romeo.client.send_nonza(Node("inactive", attrs={"xmlns": "urn:xmpp:csi:0"}))
    romeo.settle()
    romeo.presences.clear()
    for status in ("En chemin", "En réunion", "À table"):
        juliet.show(status=status)
    juliet.settle()
    romeo.client.send_nonza(Node("active", attrs={"xmlns": "urn:xmpp:csi:0"}))
    romeo.sees(lambda _, seen: seen.status == "À table")
    seen = [seen.status for _, seen in romeo.presences]
    assert seen == ["À table"], seen  # only the last
    juliet.say(romeo.jid, "A table !")
    romeo.hears(lambda stanza, _: stanza.getBody() == "A table !")


def services(stage):
    """Version, time, ping and what the server says of itself."""
    romeo = stage.online("romeo")
    domain = JID.from_string(romeo.server.domain)
    assert romeo.run(romeo.module("SoftwareVersion").request_software_version, domain).name == "Parloir"
    romeo.run(romeo.module("EntityTime").request_entity_time, domain)
    info = romeo.run(romeo.module("Discovery").disco_info, domain)
    assert any(one.category == "server" for one in info.identities), info
    own = romeo.run(romeo.module("Discovery").disco_info, romeo.jid.new_as_bare())
    for feature in (Namespace.MAM_2, Namespace.PUBSUB_PUBLISH_OPTIONS, "urn:xmpp:bookmarks:1#compat"):
        assert feature in own.features, (feature, own.features)


def refusals(stage):
    """What a person reads when something does not work."""
    romeo = stage.online("romeo")
    romeo.say(f"nobody@{romeo.server.domain}", "Hello?")
    refusal = StanzaError(romeo.hears(lambda stanza, _: stanza.getType() == "error")[0])
    assert "Nobody has this address" in refusal.get_text("en"), refusal
    romeo.client.send_stanza(Message(to="someone@nowhere.example.com", body="Hello?", typ="chat"))
    refusal = StanzaError(romeo.hears(lambda stanza, _: stanza.getFrom().domain == "nowhere.example.com")[0])
    assert refusal.get_text("en"), refusal


# The first one comes before GLib has a TLS session with this server that it could go on with, unchecked.
CHECKS = [
    other_certificate, login, wrong_password, resumption, roster, archive, bookmarks, avatar, vcards, rooms,
    upload, blocking, carbons, client_state, services, refusals,
]  # fmt: skip
