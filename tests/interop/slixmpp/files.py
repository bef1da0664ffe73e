"""Files between clients: through the proxy (XEP-0065) and in-band (XEP-0047)."""

import asyncio
import hashlib
import os

from people import friends

PLUGINS = ["xep_0030", "xep_0047", "xep_0065"]
FILE = os.urandom(1_500_003)


async def ready(stage):
    romeo, juliet = await friends(stage, plugins=PLUGINS)
    for client in (romeo, juliet):
        client["xep_0065"].auto_accept = True
        client["xep_0047"].auto_accept = True
        client["xep_0047"].max_block_size = 65535
        client.arrived = bytearray()

        def took(data, client=client):
            client.arrived.extend(data)
            client.note("bytes", len(client.arrived))

        client.add_event_handler("socks5_data", took)
        client.add_event_handler("socks5_stream", lambda stream, client=client: client.note("stream", stream))
        client.add_event_handler("socks5_closed", lambda _, client=client: client.note("stream_closed", None))
        client.add_event_handler("ibb_stream_start", lambda stream, client=client: client.note("in_band", stream))
    return romeo, juliet


def same(data):
    return hashlib.sha256(data).digest() == hashlib.sha256(FILE).digest()


async def through_proxy(sender, receiver):
    receiver.arrived.clear()
    stream = await sender["xep_0065"].handshake(receiver.boundjid.full, timeout=10)
    assert stream is not None
    await stream.write(FILE)
    await receiver.expect("bytes", lambda count: count == len(FILE))
    assert same(receiver.arrived)
    stream.transport.close()
    await receiver.expect("stream_closed")


async def proxy_found(stage):
    romeo, _ = await ready(stage)
    proxies = await romeo["xep_0065"].discover_proxies()
    assert [str(jid) for jid in proxies] == [f"proxy.{stage.server.domain}"], proxies
    reply = await romeo["xep_0065"].get_network_address(stage.server.domain)
    host = reply["socks"]["streamhost"]
    assert str(host["jid"]) == stage.server.domain and int(host["port"]) > 0, reply


async def file_through_proxy(stage):
    romeo, juliet = await ready(stage)
    await through_proxy(romeo, juliet)
    await through_proxy(juliet, romeo)


async def file_both_ways_at_once(stage):
    """A bytestream carries bytes in both directions."""
    romeo, juliet = await ready(stage)
    stream = await romeo["xep_0065"].handshake(juliet.boundjid.full, timeout=10)
    other = await juliet.expect("stream")
    await asyncio.gather(stream.write(FILE), other.write(FILE))
    for client in (romeo, juliet):
        await client.expect("bytes", lambda count: count == len(FILE))
        assert same(client.arrived)


async def file_in_band(stage):
    """Blocks of 4096 bytes, one after the other, each acknowledged."""
    romeo, juliet = await ready(stage)
    stream = await romeo["xep_0047"].open_stream(juliet.boundjid.full, block_size=4096)
    other = await juliet.expect("in_band")
    part = FILE[:300_000]
    await stream.sendall(part, timeout=10)
    stream.close()
    assert await other.gather(timeout=10) == part


async def file_in_band_large_blocks(stage):
    """The largest blocks of the protocol fit into a stanza."""
    romeo, juliet = await ready(stage)
    stream = await romeo["xep_0047"].open_stream(juliet.boundjid.full, block_size=65535)
    other = await juliet.expect("in_band")
    part = FILE[:320_000]
    await stream.sendall(part, timeout=10)
    stream.close()
    assert await other.gather(timeout=10) == part


CHECKS = [proxy_found, file_through_proxy, file_both_ways_at_once, file_in_band, file_in_band_large_blocks]
