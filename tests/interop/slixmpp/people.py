"""Rosters, subscriptions, presence, blocking."""


def item_of(client, address):
    """A roster item as slixmpp keeps it."""
    item = client.client_roster[address]
    return item["subscription"], item["name"], sorted(item["groups"])


async def befriend(one, other):
    """Both ask for the other's presence and both agree."""
    one.send_presence_subscription(pto=other.boundjid.bare)
    await other.sees("subscribe", one.boundjid.bare)
    other.send_presence_subscription(pto=one.boundjid.bare, ptype="subscribed")
    await one.sees("subscribed", other.boundjid.bare)
    other.send_presence_subscription(pto=one.boundjid.bare)
    await one.sees("subscribe", other.boundjid.bare)
    one.send_presence_subscription(pto=other.boundjid.bare, ptype="subscribed")
    await other.sees("subscribed", one.boundjid.bare)
    await one.settle()
    await other.settle()


async def friends(stage, **options):
    romeo = await stage.online("romeo", "orchard", **options)
    juliet = await stage.online("juliet", "balcony", **options)
    await befriend(romeo, juliet)
    await romeo.sees("available", juliet.boundjid)
    await juliet.sees("available", romeo.boundjid)
    return romeo, juliet


async def roster_empty(stage):
    romeo = await stage.client("romeo").log_in()
    await romeo.get_roster()
    update = await romeo.expect("roster_update")
    assert len(update["roster"]["items"]) == 0, update


async def roster_add_change_remove(stage):
    orchard = await stage.online("romeo", "orchard")
    home = await stage.online("romeo", "home")
    await home.expect("roster_update")
    juliet = stage.address("juliet")
    await orchard.update_roster(juliet, name="Juliette & fils", groups=["Amis", "Vérone"])
    await home.expect("roster_update", lambda iq: iq["type"] == "set")
    assert item_of(home, juliet) == ("none", "Juliette & fils", ["Amis", "Vérone"]), item_of(home, juliet)
    await orchard.update_roster(juliet, name="Juliette", groups=[])
    await home.expect("roster_update", lambda iq: iq["type"] == "set")
    assert item_of(home, juliet) == ("none", "Juliette", []), item_of(home, juliet)
    await orchard.del_roster_item(juliet)
    push = await home.expect("roster_update", lambda iq: iq["type"] == "set")
    assert push["roster"]["items"][juliet]["subscription"] == "remove", push
    later = await stage.client("romeo", "later").log_in()
    await later.get_roster()
    assert len((await later.expect("roster_update"))["roster"]["items"]) == 0


async def roster_versions(stage):
    """A client that knows the roster gets it as a difference: nothing (RFC 6121 section 2.6)."""
    first = await stage.online("romeo", "orchard")
    await first.update_roster(stage.address("juliet"), name="Juliette")
    assert "rosterver" in first.features
    await first.settle()
    again = await stage.client("romeo", "home").log_in()
    iq = again.make_iq_get()
    iq.enable("roster")
    iq["roster"]["ver"] = first.client_roster.version
    reply = await iq.send()
    assert list(reply.xml) == [], reply


async def subscribe_both_ways(stage):
    romeo, juliet = await friends(stage)
    assert item_of(romeo, juliet.boundjid.bare)[0] == "both", item_of(romeo, juliet.boundjid.bare)
    assert item_of(juliet, romeo.boundjid.bare)[0] == "both", item_of(juliet, romeo.boundjid.bare)


async def subscription_refused(stage):
    romeo = await stage.online("romeo", "orchard")
    juliet = await stage.online("juliet", "balcony")
    romeo.send_presence_subscription(pto=juliet.boundjid.bare)
    await juliet.sees("subscribe", romeo.boundjid.bare)
    juliet.send_presence_subscription(pto=romeo.boundjid.bare, ptype="unsubscribed")
    await romeo.sees("unsubscribed", juliet.boundjid.bare)
    await romeo.settle()
    assert item_of(romeo, juliet.boundjid.bare)[0] == "none"
    assert not romeo.client_roster[juliet.boundjid.bare]["pending_out"]


async def subscription_waits(stage):
    """A request to somebody who is away is there when she comes."""
    romeo = await stage.online("romeo", "orchard")
    romeo.send_presence_subscription(pto=stage.address("juliet"))
    await romeo.settle()
    juliet = await stage.online("juliet", "balcony")
    await juliet.sees("subscribe", stage.address("romeo"))
    juliet.send_presence_subscription(pto=romeo.boundjid.bare, ptype="subscribed")
    await romeo.sees("subscribed", juliet.boundjid.bare)
    await romeo.sees("available", juliet.boundjid)


async def presence_live(stage):
    romeo, juliet = await friends(stage)
    juliet.send_presence(pshow="away", pstatus="À table & plus tard <3")
    seen = await romeo.sees("away", juliet.boundjid)
    assert seen["status"] == "À table & plus tard <3", seen
    juliet.send_presence(pshow="dnd", ppriority=5)
    seen = await romeo.sees("dnd", juliet.boundjid)
    assert seen["priority"] == 5, seen
    await juliet.leave()
    await romeo.sees("unavailable", f"{stage.address('juliet')}/balcony")


async def presence_of_who_was_there_before(stage):
    romeo, juliet = await friends(stage)
    await romeo.leave()
    await juliet.sees("unavailable", romeo.boundjid)
    again = await stage.online("romeo", "home")
    await again.sees("available", juliet.boundjid)


async def connection_lost(stage):
    """A contact whose connection breaks is shown as gone."""
    romeo, juliet = await friends(stage)
    juliet.abort()
    await romeo.sees("unavailable", stage.address("juliet"))


async def blocking(stage):
    romeo, juliet = await friends(stage, plugins=["xep_0191"])
    await romeo["xep_0191"].block(juliet.boundjid.bare)
    assert juliet.boundjid.bare in [str(jid) async for jid in blocked_by(romeo)]
    await juliet.sees("unavailable", romeo.boundjid)
    juliet.send_message(mto=romeo.boundjid.bare, mbody="Are you there?", mtype="chat")
    refused = await juliet.expect("message_error")
    assert refused["error"]["condition"] == "service-unavailable", refused
    await romeo["xep_0191"].unblock(juliet.boundjid.bare)
    assert [str(jid) async for jid in blocked_by(romeo)] == []
    juliet.send_message(mto=romeo.boundjid.bare, mbody="And now?", mtype="chat")
    await romeo.expect("message", lambda message: message["body"] == "And now?")
    assert not romeo.has_happened("message")


async def blocked_by(client):
    for jid in (await client["xep_0191"].get_blocked())["blocklist"]["items"]:
        yield jid


CHECKS = [
    roster_empty,
    roster_add_change_remove,
    roster_versions,
    subscribe_both_ways,
    subscription_refused,
    subscription_waits,
    presence_live,
    presence_of_who_was_there_before,
    connection_lost,
    blocking,
]
