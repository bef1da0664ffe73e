"""Files over HTTP (XEP-0363)."""

import hashlib
import io
import os
import ssl

import aiohttp
from slixmpp.plugins.xep_0363 import http_upload
from slixmpp.plugins.xep_0363.http_upload import FileTooBig

FILE = os.urandom(1_500_003)


class Session(aiohttp.ClientSession):
    """Knows where the server is, and trusts its certificate, which is checked."""

    server = None

    def __init__(self, *args, **options):
        context = ssl.create_default_context(cafile=Session.server.certificate)
        super().__init__(*args, connector=aiohttp.TCPConnector(ssl=context, resolver=Resolver()), **options)


class Resolver(aiohttp.abc.AbstractResolver):
    async def resolve(self, host, port=0, family=0):
        assert host == Session.server.domain, host
        return [{"hostname": host, "host": Session.server.host, "port": port, "family": family, "proto": 0, "flags": 0}]

    async def close(self):
        pass


async def http_upload_and_download(stage):
    """slixmpp finds the service, uploads over TLS with a checked certificate, and the link leads to the same bytes."""
    Session.server = stage.server
    http_upload.ClientSession = Session
    romeo = await stage.online("romeo", plugins=["xep_0030", "xep_0363"])
    # Its own search cannot run on this Python: it hands coroutines to asyncio.wait.
    romeo["xep_0363"].upload_service, romeo["xep_0363"].max_file_size = await found(romeo)
    assert romeo["xep_0363"].upload_service == f"upload.{stage.server.domain}"
    link = await romeo["xep_0363"].upload_file(
        "photo d'été.jpg", size=len(FILE), content_type="image/jpeg", input_file=io.BytesIO(FILE), timeout=10
    )
    async with Session() as session:
        async with session.get(link) as answer:
            assert answer.status == 200, answer
            assert answer.headers["Content-Type"] == "image/jpeg", answer
            assert hashlib.sha256(await answer.read()).digest() == hashlib.sha256(FILE).digest()
    try:
        await romeo["xep_0363"].upload_file("big", size=1 << 50, content_type="image/jpeg", input_file=io.BytesIO(b""), timeout=10)
    except FileTooBig:
        return
    raise AssertionError("a file of a petabyte is not too big")


async def found(client):
    """The service that stores files, and the size of the largest."""
    items = await client["xep_0030"].get_items(jid=client.boundjid.domain, timeout=10)
    for jid, _, _ in items["disco_items"]["items"]:
        info = await client["xep_0030"].get_info(jid=jid, timeout=10)
        if "urn:xmpp:http:upload:0" in info["disco_info"]["features"]:
            kinds = [identity[:2] for identity in info["disco_info"]["identities"]]
            assert ("store", "file") in kinds, info
            (form,) = info["disco_info"].iterables
            return jid, int(form["values"]["max-file-size"])
    raise AssertionError("nobody stores files")


CHECKS = [http_upload_and_download]
