"""Files offered by Stream Initiation (XEP-0096) to somebody who is away: the server takes them, and passes on a link."""

import hashlib
import os

from uploads import Session

PLUGINS = ["xep_0030", "xep_0047", "xep_0065", "xep_0066", "xep_0096"]
SOCKS = "http://jabber.org/protocol/bytestreams"
IN_BAND = "http://jabber.org/protocol/ibb"
FILE = os.urandom(1_200_003)


async def offered(romeo, to, file, method):
    """Romeo offers a file; the stream is agreed on."""
    info = await romeo["xep_0030"].get_info(jid=to, timeout=10)
    assert "http://jabber.org/protocol/si/profile/file-transfer" in info["disco_info"]["features"], info
    answer = await romeo["xep_0096"].request_file_transfer(
        to,
        sid="sid-1",
        name="été.pdf",
        size=str(len(file)),
        hash=hashlib.md5(file).hexdigest(),
        methods=[{"value": method}],
        timeout=10,
    )
    assert answer["si"]["feature_neg"]["form"].get_values()["stream-method"] == method, answer


async def fetched(stage, file):
    """Juliet comes, and finds the link that leads to the file."""
    juliet = await stage.online("juliet", "balcony", plugins=PLUGINS)
    message = await juliet.expect("message", lambda message: message["type"] == "chat")
    link = message["oob"]["url"]
    assert message["body"] == link and message["from"].user.startswith("romeo"), message
    Session.server = stage.server
    async with Session() as session:
        async with session.get(link) as answer:
            assert answer.status == 200, answer
            assert hashlib.sha256(await answer.read()).digest() == hashlib.sha256(file).digest()


async def file_for_absent_by_proxy(stage):
    romeo = await stage.online("romeo", "orchard", plugins=PLUGINS)
    to = f"{stage.address('juliet')}/balcony"
    await offered(romeo, to, FILE, SOCKS)
    stream = await romeo["xep_0065"].handshake(to, sid="sid-1", timeout=10)
    assert stream is not None
    await stream.write(FILE)
    await romeo.expect("message", lambda message: message["type"] == "headline" and "been sent" in message["body"])
    await fetched(stage, FILE)


async def file_for_absent_in_band(stage):
    romeo = await stage.online("romeo", "orchard", plugins=PLUGINS)
    to = f"{stage.address('juliet')}/balcony"
    part = FILE[:250_001]
    await offered(romeo, to, part, IN_BAND)
    stream = await romeo["xep_0047"].open_stream(to, block_size=65535, sid="sid-1", timeout=10)
    await stream.sendall(part, timeout=10)
    stream.close()
    await romeo.expect("message", lambda message: message["type"] == "headline")
    await fetched(stage, part)


CHECKS = [file_for_absent_by_proxy, file_for_absent_in_band]
