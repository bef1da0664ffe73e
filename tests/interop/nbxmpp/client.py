"""People on nbxmpp, the library of Gajim: what it does is asked for and waited for, in straight lines of code."""

import nbxmpp
from gi.repository import Gio, GLib
from nbxmpp.client import Client
from nbxmpp.const import ConnectionProtocol, ConnectionType
from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import JID, Iq, Message, Presence
from nbxmpp.simplexml import Node
from nbxmpp.structs import DiscoIdentity, StanzaHandler

PATIENCE = 8  # seconds
FEATURES = [
    Namespace.DISCO_INFO,
    Namespace.CAPS,
    f"{Namespace.BOOKMARKS_1}+notify",
    f"{Namespace.AVATAR_METADATA}+notify",
]


class Server:
    """Where the server is, and how to know it."""

    def __init__(self, host, port, direct, domain, certificate):
        self.host, self.port, self.direct, self.domain, self.certificate = host, port, direct, domain, certificate


def until(fits, what):
    """Lets everything go on until something is so; returns what it found."""
    context = GLib.MainContext.default()
    late = []
    timer = GLib.timeout_add_seconds(PATIENCE, lambda: late.append(True) or GLib.SOURCE_CONTINUE)
    try:
        while not (found := fits()):
            assert not late, f"not seen: {what() if callable(what) else what}"
            context.iteration(True)
        return found
    finally:
        GLib.source_remove(timer)


class Person:
    """One client of somebody; keeps what it was told."""

    def __init__(self, server, address, password="pencil", direct=False):
        self.server = server
        self.jid = JID.from_string(address)
        self.signals, self.messages, self.presences, self.pushes = [], [], [], []
        self.client = client = Client(log_context=address)
        client.set_domain(server.domain)
        client.set_username(self.jid.localpart)
        client.set_resource(self.jid.resource)
        client.set_password(password)
        kind = ConnectionType.DIRECT_TLS if direct else ConnectionType.START_TLS
        port = server.direct if direct else server.port
        client.set_custom_host(f"{server.host}:{port}", ConnectionProtocol.TCP, kind)
        client.set_accepted_certificates([Gio.TlsCertificate.new_from_file(server.certificate)])
        client.set_http_session(None)
        for signal in ("connected", "resume-successful", "resume-failed", "disconnected", "connection-failed"):
            client.subscribe(signal, self.signal)
        for name, kept in (("message", self.messages), ("presence", self.presences)):
            client.register_handler(StanzaHandler(name=name, callback=keeper(kept), priority=90))
        for space in (Namespace.ROSTER, Namespace.BLOCKING):
            client.register_handler(StanzaHandler(name="iq", callback=keeper(self.pushes), typ="set", ns=space, priority=90))

    def signal(self, _client, name, *_):
        self.signals.append(name)

    def module(self, name):
        return self.client.get_module(name)

    def connect(self):
        """Connects; the signal that ends it is one of the names."""
        self.signals.clear()
        self.client.connect()
        until(lambda: self.signals, "an end of connecting")
        return self.signals[0]

    def online(self):
        """Connects, shows itself, and speaks of what it wants to be told, as Gajim does."""
        signal = self.connect()
        assert signal == "connected", (signal, self.client.get_error())
        caps = self.module("EntityCaps")
        identity = DiscoIdentity(category="client", type="pc", name="Gajim")
        caps.set_caps([identity], FEATURES, "https://gajim.org")
        self.show()
        until(lambda: any(shown.getFrom() == self.client.get_bound_jid() for shown, _ in self.presences), "own presence")
        return self

    def show(self, **more):
        """Becomes available."""
        presence = Presence(**more)
        caps = self.module("EntityCaps").caps
        presence.setTag("c", namespace=Namespace.CAPS, attrs=caps._asdict())
        self.client.send_stanza(presence)

    def say(self, to, body, kind="chat"):
        self.client.send_stanza(Message(to=to, body=body, typ=kind))

    def run(self, task_of, *words, **options):
        """Calls a method of a module and waits for its end; raises the error that it ends with."""
        ended = []

        def done(task):
            try:
                ended.append((task.finish(), None))
            except Exception as error:
                ended.append((None, error))

        task_of(*words, callback=done, **options)
        until(lambda: ended, f"the end of {task_of.__name__}")
        result, error = ended[0]
        if error is not None:
            raise error
        return result

    def refused(self, task_of, *words, **options):
        """The error that a call ends with."""
        try:
            result = self.run(task_of, *words, **options)
        except nbxmpp.errors.BaseError as error:
            return error
        raise AssertionError(f"not refused: {result}")

    def ask(self, iq):
        """Sends an IQ and waits for its answer."""
        answers = []
        self.client.send_stanza(iq, callback=lambda _client, answer: answers.append(answer))
        return until(lambda: answers, "an answer")[0]

    def settle(self):
        """Waits until all is handled that was sent, and all has arrived that was sent before the answer."""
        self.run(self.module("Ping").ping, self.server.domain)

    def hears(self, fits, what="a message"):
        """Waits for a message; `fits` gets the stanza and what nbxmpp makes of it."""
        return self.finds(self.messages, fits, what)

    def sees(self, fits, what="a presence"):
        return self.finds(self.presences, fits, what)

    def pushed(self, fits, what="a push"):
        return self.finds(self.pushes, fits, what)

    def finds(self, kept, fits, what):
        def look():
            return next(((stanza, properties) for stanza, properties in kept if fits(stanza, properties)), None)

        return until(look, lambda: f"{what} among {[str(stanza) for stanza, _ in kept]}")

    def enters(self, room, nick, **history):
        """Enters a room; returns its own presence there."""
        presence = Presence(to=f"{room}/{nick}")
        presence.setTag(f"{Namespace.MUC} x")
        self.client.send_stanza(presence)

        def there(_, seen):
            return seen.jid == f"{room}/{nick}" and (seen.is_muc_self_presence or seen.type.is_error)

        return self.sees(there, f"an answer of {room}")

    def cut(self):
        """Loses its connection, as a laptop does that is closed: it does not end its stream."""
        self.client.disconnect(immediate=True)
        until(lambda: "disconnected" in self.signals, "the end of the connection")

    def leave(self):
        if self.client.state.name != "DISCONNECTED":
            self.client.disconnect()
            until(lambda: self.client.state.name == "DISCONNECTED", "the end")
        self.client.destroy()


def keeper(kept):
    return lambda _client, stanza, properties: kept.append((stanza, properties))


def node(name, **attributes):
    return Node(name, attrs=attributes)


__all__ = ["FEATURES", "Iq", "JID", "Message", "Namespace", "Node", "Person", "Presence", "Server", "node", "until"]
