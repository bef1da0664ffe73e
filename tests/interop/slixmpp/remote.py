"""slixmpp clients that a test tells what to do.

A command is a JSON object on a line of standard input: `id`, the name of a `client`, what to `do`, and its arguments. Its
answer is {"id", "result"} or {"id", "error": XML, of a stanza or what went wrong}. What happens to a client is told as
{"client", "event", "xml"}.
"""

import asyncio
import json
import sys

from client import Client, Server
from slixmpp.exceptions import IqError
from slixmpp.xmlstream import ET

PATIENCE = 20
PLUGINS = ["xep_0004", "xep_0030", "xep_0054", "xep_0055"]


def tell(**what):
    print(json.dumps(what), flush=True)


class Told(Client):
    """A client whose story goes to standard output too."""

    label = ""

    def note(self, name, data):
        super().note(name, data)
        tell(client=self.label, event=name, xml=str(data) if hasattr(data, "xml") else "")


async def log_in(clients, name, *, server, account, password, username=None, lang="en", direct=False):
    client = Told(
        Server(**server), account, password=password, mechanism="PLAIN", direct=direct, lang=lang, plugins=PLUGINS
    )
    client.label = name
    if username is not None:
        client.credentials["username"] = username
    clients[name] = client
    client.dial()
    ends = ("session_start", "failed_all_auth", "stream_error", "disconnected", "ssl_invalid_chain")
    await client.expect_any("failed_auth", *ends)
    if not client.has_happened("session_start"):
        failures = [data for event, data in client.happened if event in ("failed_auth", "stream_error")]
        seen = [event for event, _ in client.happened]
        await client.leave()
        return {"failed": [str(failure) for failure in failures], "seen": seen}
    return {"jid": client.boundjid.full}


async def available(client, **presence):
    await client.get_roster()
    client.send_presence(**presence)
    await client.settle()


async def roster(client):
    """The whole roster, whatever the client has of it already."""
    iq = client.make_iq_get()
    iq.enable("roster")
    answer = await iq.send(timeout=PATIENCE)
    return {
        str(address): {"name": item["name"], "subscription": item["subscription"], "groups": sorted(item["groups"])}
        for address, item in answer["roster"]["items"].items()
    }


async def say(client, to, body):
    client.send_message(mto=to, mbody=body, mtype="chat")


async def add(client, to, name=""):
    await client.update_roster(to, name=name)


async def presence(client, to=None, kind=None):
    client.send_presence(pto=to, ptype=kind)
    await client.settle()


async def settle(client):
    await client.settle()


async def search(client, at, **fields):
    """What is found: the rows of the answer's form."""
    iq = client.make_iq_set(ito=at)
    form = iq["search"]["form"]
    form["type"] = "submit"
    form.add_field(var="FORM_TYPE", ftype="hidden", value="jabber:iq:search")
    for name, value in fields.items():
        form.add_field(var=name, value=value)
    answer = await iq.send(timeout=PATIENCE)
    return [dict(row) for row in answer["search"]["form"]["items"]]


async def card(client, of):
    answer = await client["xep_0054"].get_vcard(of, timeout=PATIENCE)
    return str(answer)


async def identities(client, at):
    answer = await client["xep_0030"].get_info(at, timeout=PATIENCE)
    return [f"{category}/{kind}" for category, kind, _, _ in answer["disco_info"]["identities"]]


async def ask(client, at, xml, kind="get"):
    """An IQ with that payload; the answer as XML."""
    iq = client.make_iq(ito=at, itype=kind)
    iq.append(ET.fromstring(xml))
    return str(await iq.send(timeout=PATIENCE))


async def leave(client):
    await client.leave()


COMMANDS = {
    command.__name__: command
    for command in (available, roster, say, add, presence, settle, search, card, identities, ask, leave)
}


async def obey(clients, *, id, client, do, **words):
    try:
        if do == "log_in":
            result = await log_in(clients, client, **words)
        else:
            result = await COMMANDS[do](clients[client], **words)
        tell(id=id, result=result)
    except IqError as error:
        tell(id=id, error=str(error.iq))
    except Exception as error:  # noqa: BLE001 the test decides what it means
        tell(id=id, error=f"{type(error).__name__}: {error}")


async def main():
    clients = {}
    under_way = set()
    loop = asyncio.get_event_loop()
    reader = asyncio.StreamReader(limit=2**20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        task = loop.create_task(obey(clients, **json.loads(line)))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*(client.leave() for client in clients.values()), return_exceptions=True)


asyncio.get_event_loop_policy().get_event_loop().run_until_complete(main())
