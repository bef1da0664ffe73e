"""A slixmpp client that keeps what happens to it, so that checks can wait for it."""

import asyncio
import json
import ssl
import sys
from dataclasses import dataclass

import slixmpp

PATIENCE = 10

EVENTS = [
    "message",
    "message_error",
    "receipt_received",
    "presence",
    "roster_update",
    "carbon_sent",
    "carbon_received",
    "blocked",
    "unblocked",
    "vcard_avatar_update",
    "avatar_metadata_publish",
    "failed_auth",
    "failed_all_auth",
    "auth_success",
    "ssl_invalid_chain",
    "connection_failed",
    "session_start",
    "stream_error",
    "disconnected",
]


@dataclass(frozen=True)
class Server:
    """Where the server is, and what to expect of it."""

    host: str
    port: int
    direct: int
    domain: str
    certificate: str


class Client(slixmpp.ClientXMPP):
    """Logs in only when told to, answers no subscription by itself."""

    def __init__(
        self,
        server,
        account,
        *,
        password="pencil",
        mechanism="SCRAM-SHA-256",
        binding=False,
        direct=False,
        trusting=True,
        plugins=(),
        lang="en",
    ):
        super().__init__(account, password, sasl_mech=mechanism, lang=lang)
        if not binding:
            # slixmpp only knows the channel binding tls-unique, which TLS 1.3 does not have, but claims in SCRAM to be
            # able to bind. A server that offers -PLUS must refuse that (RFC 5802 section 6).
            sasl = self["feature_mechanisms"]
            credentials = sasl.sasl_callback
            sasl.sasl_callback = lambda *kinds: {
                name: value for name, value in credentials(*kinds).items() if name != "channel_binding"
            }
        self.place = server
        self.direct = direct
        self.ca_certs = server.certificate if trusting else None
        self.roster.auto_authorize = None
        self.roster.auto_subscribe = False
        self.whitespace_keepalive = False
        self.happened = []
        self.changed = asyncio.Event()
        for plugin in plugins:
            self.register_plugin(plugin)
        for name in EVENTS:
            self.add_event_handler(name, lambda data, name=name: self.note(name, data))
        # Connecting to an address does not say which name the certificate must have.
        self.default_domain = server.domain

    async def get_dns_records(self, domain, port=None):
        """None: the server is where we were told, whatever the DNS says about its domain."""
        return []

    def note(self, name, data):
        self.happened.append((name, data))
        self.changed.set()

    async def expect(self, name, fits=lambda _: True):
        """The first event of that name that fits, past or to come; it is taken away."""

        async def look():
            while True:
                for at, (found, data) in enumerate(self.happened):
                    if found == name and fits(data):
                        del self.happened[at]
                        return data
                self.changed.clear()
                await self.changed.wait()

        try:
            return await asyncio.wait_for(look(), PATIENCE)
        except asyncio.TimeoutError:
            raise AssertionError(f"{self.boundjid}: no {name}; happened: {self.happened}") from None

    async def expect_any(self, *names):
        """Waits until one of these has happened; leaves it."""

        async def look():
            while not any(self.has_happened(name) for name in names):
                self.changed.clear()
                await self.changed.wait()

        try:
            await asyncio.wait_for(look(), PATIENCE)
        except asyncio.TimeoutError:
            raise AssertionError(f"{self.boundjid}: none of {names}; happened: {self.happened}") from None

    async def sees(self, kind, who, fits=lambda _: True):
        """A presence of that kind: "available", "away", "unavailable", "subscribe", … from that address."""
        address = slixmpp.JID(who)

        def seen(presence):
            sender = presence["from"]
            same = sender == address if address.resource else sender.bare == address.bare
            return presence["type"] == kind and same and fits(presence)

        return await self.expect("presence", seen)

    def has_happened(self, name, fits=lambda _: True):
        return any(found == name and fits(data) for found, data in self.happened)

    def dial(self):
        port = self.place.direct if self.direct else self.place.port
        self.connect((self.place.host, port), use_ssl=self.direct, force_starttls=not self.direct)

    async def log_in(self):
        """Connects, logs in and binds."""
        self.dial()
        await self.expect("session_start")
        return self

    async def go_online(self, **presence):
        """Logs in, gets the roster, becomes available."""
        await self.log_in()
        await self.get_roster()
        await self.become(**presence)
        return self

    async def become(self, **presence):
        """Sends presence and waits until the server has shown it to us."""
        self.send_presence(**presence)
        await self.settle()

    async def settle(self):
        """The server has handled all that we sent."""
        iq = self.make_iq_get(ito=self.place.domain)
        iq.append(slixmpp.xmlstream.ET.Element("{urn:xmpp:ping}ping"))
        await iq.send(timeout=PATIENCE)

    async def leave(self):
        if self.transport is not None:
            await self.disconnect()
        else:
            self.cancel_connection_attempt()


class Stage:
    """Makes clients for one check and ends them with it."""

    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.clients = []

    def address(self, who):
        return f"{who}-{self.name}@{self.server.domain}"

    def client(self, who, resource="", **options):
        account = self.address(who) + (f"/{resource}" if resource else "")
        client = Client(self.server, account, **options)
        self.clients.append(client)
        return client

    async def online(self, who, resource="", **options):
        return await self.client(who, resource, **options).go_online()

    async def close(self):
        await asyncio.gather(*(client.leave() for client in self.clients), return_exceptions=True)


async def run(server, checks):
    """Runs checks one after the other; what became of each is a JSON object on a line."""
    for name, check in checks.items():
        stage = Stage(server, name)
        outcome = {"name": name}
        try:
            await asyncio.wait_for(check(stage), 6 * PATIENCE)
        except Exception as error:  # noqa: BLE001 what a check raises is its result
            outcome["error"] = f"{type(error).__name__}: {error}"
        await stage.close()
        print(json.dumps(outcome), flush=True)


def versions():
    python = ".".join(str(number) for number in sys.version_info[:3])
    return {"slixmpp": slixmpp.__version__, "python": python, "tls": ssl.OPENSSL_VERSION}
