"""Chat, offline messages, carbons, typing notices."""

from people import friends

TEXT = "L'été, ça va ? <b>&amp;</b> \"quotes\" 'too' \n second line 👋🏽"


async def chat_both_ways(stage):
    romeo = await stage.online("romeo", "orchard")
    juliet = await stage.online("juliet", "balcony")
    romeo.send_message(mto=juliet.boundjid.bare, mbody=TEXT, mtype="chat")
    received = await juliet.expect("message")
    assert received["body"] == TEXT, received
    assert received["from"] == romeo.boundjid.full, received
    juliet.send_message(mto=received["from"], mbody=TEXT, mtype="chat")
    answer = await romeo.expect("message")
    assert answer["body"] == TEXT and answer["from"] == juliet.boundjid.full, answer


async def chat_long(stage):
    romeo = await stage.online("romeo", "orchard")
    juliet = await stage.online("juliet", "balcony")
    text = "é<&>" * 10_000
    romeo.send_message(mto=juliet.boundjid.bare, mbody=text, mtype="chat")
    assert (await juliet.expect("message"))["body"] == text


async def chat_to_nobody(stage):
    romeo = await stage.online("romeo", "orchard")
    romeo.send_message(mto=stage.address("nobody"), mbody="Anybody there?", mtype="chat")
    error = await romeo.expect("message_error")
    assert error["error"]["condition"] == "service-unavailable", error


async def chat_to_all_clients(stage):
    """A chat message to the bare address reaches every client that is available."""
    romeo = await stage.online("romeo", "orchard")
    balcony = await stage.online("juliet", "balcony")
    chamber = await stage.online("juliet", "chamber")
    romeo.send_message(mto=stage.address("juliet"), mbody="Juliet!", mtype="chat")
    for client in (balcony, chamber):
        await client.expect("message", lambda message: message["body"] == "Juliet!")


async def offline_message(stage):
    romeo = await stage.online("romeo", "orchard", plugins=["xep_0203"])
    for number in range(3):
        romeo.send_message(mto=stage.address("juliet"), mbody=f"{number} {TEXT}", mtype="chat")
    await romeo.settle()
    juliet = await stage.online("juliet", "balcony", plugins=["xep_0203"])
    for number in range(3):
        message = await juliet.expect("message")
        assert message["body"] == f"{number} {TEXT}", message
        assert message["from"] == romeo.boundjid.full, message
        assert message["delay"]["stamp"] is not None, message
        assert str(message["delay"]["from"]) in ("", stage.server.domain), message
    await juliet.leave()
    again = await stage.online("juliet", "balcony")
    await again.settle()
    assert not again.has_happened("message"), "offline messages came twice"


async def carbons(stage):
    plugins = ["xep_0280"]
    orchard = await stage.online("romeo", "orchard", plugins=plugins)
    home = await stage.online("romeo", "home", plugins=plugins)
    juliet = await stage.online("juliet", "balcony")
    await orchard["xep_0280"].enable()
    await home["xep_0280"].enable()
    orchard.send_message(mto=juliet.boundjid.full, mbody="Soft!", mtype="chat")
    sent = (await home.expect("carbon_sent"))["carbon_sent"]
    assert sent["body"] == "Soft!" and sent["from"] == orchard.boundjid.full, sent
    juliet.send_message(mto=orchard.boundjid.full, mbody="Ay me.", mtype="chat")
    await orchard.expect("message", lambda message: message["body"] == "Ay me.")
    received = (await home.expect("carbon_received"))["carbon_received"]
    assert received["body"] == "Ay me." and received["to"] == orchard.boundjid.full, received
    await home["xep_0280"].disable()
    orchard.send_message(mto=juliet.boundjid.full, mbody="Speak again.", mtype="chat")
    await orchard.settle()
    await home.settle()
    assert not home.has_happened("carbon_sent")
    assert not orchard.has_happened("carbon_sent"), "a client gets no copy of what it sent itself"


async def typing_and_receipts(stage):
    romeo, juliet = await friends(stage, plugins=["xep_0085", "xep_0184"])
    message = romeo.make_message(mto=juliet.boundjid.full, mbody="Did you get this?", mtype="chat")
    message["chat_state"] = "active"
    message["request_receipt"] = True
    message.send()
    received = await juliet.expect("message", lambda message: message["body"] == "Did you get this?")
    assert received["chat_state"] == "active", received
    receipt = await romeo.expect("receipt_received", lambda got: got["receipt"] == message["id"])
    assert receipt["from"] == juliet.boundjid.full, receipt


CHECKS = [
    chat_both_ways,
    chat_long,
    chat_to_nobody,
    chat_to_all_clients,
    offline_message,
    carbons,
    typing_and_receipts,
]
