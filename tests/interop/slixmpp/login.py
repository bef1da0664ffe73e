"""Logging in: TLS, mechanisms, wrong passwords, resources."""

import hashlib
import ssl

from slixmpp.util.sasl.client import MECHANISMS


def mechanisms_of(client):
    """Notes which mechanisms are offered and which one is chosen."""
    seen = {"offered": set(), "chosen": []}
    sasl = client["feature_mechanisms"]
    send = sasl._send_auth

    def noting():
        seen["offered"] = set(sasl.mech_list)
        result = send()
        if sasl.mech is not None:
            seen["chosen"].append(sasl.mech.name)
        return result

    sasl._send_auth = noting
    return seen


async def login_starttls(stage):
    client = await stage.online("romeo", "orchard")
    assert client.socket.version() in ("TLSv1.2", "TLSv1.3"), client.socket.version()
    assert client.boundjid.full == f"{stage.address('romeo')}/orchard", client.boundjid.full


async def login_direct_tls(stage):
    client = await stage.online("romeo", "orchard", direct=True)
    assert client.socket.version() in ("TLSv1.2", "TLSv1.3"), client.socket.version()


async def login_untrusted_certificate(stage):
    client = stage.client("romeo", trusting=False)
    client.dial()
    await client.expect("ssl_invalid_chain")
    assert not client.has_happened("auth_success")


async def login_certificate_of_another(stage):
    client = stage.client("romeo")
    client.default_domain = "example.org"
    client.dial()
    await client.expect("ssl_invalid_chain")
    assert not client.has_happened("auth_success")


async def login_defaults(stage):
    """A client as a program makes it that says nothing about mechanisms gets in."""
    client = stage.client("romeo", mechanism=None, binding=True)
    seen = mechanisms_of(client)
    await client.go_online()
    assert {"SCRAM-SHA-1", "SCRAM-SHA-256", "PLAIN"} <= seen["offered"], seen


def bind_to_certificate(monkey):
    """slixmpp's SCRAM with the channel binding tls-server-end-point (RFC 5929), which it does not know itself."""
    first = monkey.process_1

    def process_1(self, challenge):
        message = first(self, challenge)
        self.gs2_header = self.gs2_header.replace(b"tls-unique", b"tls-server-end-point")
        return message.replace(b"tls-unique", b"tls-server-end-point")

    return type("SCRAM", (monkey,), {"process_1": process_1})


async def log_in_bound(stage, mechanism, digest):
    client = stage.client("romeo", mechanism=mechanism, binding=True)
    sasl = client["feature_mechanisms"]
    credentials = sasl.sasl_callback

    def bound(*kinds):
        found = credentials(*kinds)
        if "channel_binding" in found:
            found["channel_binding"] = digest(client.socket.getpeercert(True))
        return found

    sasl.sasl_callback = bound
    original = MECHANISMS[mechanism]
    MECHANISMS[mechanism] = bind_to_certificate(original)
    try:
        client.dial()
        await client.expect_any("session_start", "failed_auth")
        return client
    finally:
        MECHANISMS[mechanism] = original


async def scram_sha_256_plus(stage):
    client = await log_in_bound(stage, "SCRAM-SHA-256-PLUS", lambda certificate: hashlib.sha256(certificate).digest())
    assert client.has_happened("auth_success"), client.happened


async def scram_sha_1_plus(stage):
    client = await log_in_bound(stage, "SCRAM-SHA-1-PLUS", lambda certificate: hashlib.sha256(certificate).digest())
    assert client.has_happened("auth_success"), client.happened


async def scram_plus_for_another_connection(stage):
    """What a client binds to must be the certificate that we show."""
    client = await log_in_bound(stage, "SCRAM-SHA-256-PLUS", lambda _: hashlib.sha256(b"another").digest())
    failure = await client.expect("failed_auth")
    assert failure["condition"] == "not-authorized", failure
    assert not client.has_happened("auth_success")


async def scram_sha_1(stage):
    await stage.online("romeo", mechanism="SCRAM-SHA-1")


async def scram_sha_256(stage):
    await stage.online("romeo", mechanism="SCRAM-SHA-256")


async def plain_over_tls(stage):
    await stage.online("romeo", mechanism="PLAIN")


async def login_tls_1_2(stage):
    client = stage.client("romeo")
    client.ssl_context.maximum_version = ssl.TLSVersion.TLSv1_2
    await client.go_online()
    assert client.socket.version() == "TLSv1.2", client.socket.version()
    assert not client.has_happened("failed_auth")


async def wrong_password(stage):
    client = stage.client("romeo", password="wrong")
    client.dial()
    failure = await client.expect("failed_auth")
    assert failure["condition"] == "not-authorized", failure
    assert not client.has_happened("auth_success")


async def unknown_account(stage):
    client = stage.client("nobody", password="wrong")
    client.dial()
    failure = await client.expect("failed_auth")
    assert failure["condition"] == "not-authorized", failure


async def two_resources(stage):
    orchard = await stage.online("romeo", "orchard")
    home = await stage.online("romeo", "home")
    assert orchard.boundjid.resource == "orchard" and home.boundjid.resource == "home"
    await orchard.sees("available", home.boundjid)
    await home.sees("available", orchard.boundjid)


async def made_resource(stage):
    one = await stage.online("romeo")
    other = await stage.online("romeo")
    assert one.boundjid.resource and one.boundjid.resource != other.boundjid.resource


CHECKS = [
    login_starttls,
    login_direct_tls,
    login_untrusted_certificate,
    login_certificate_of_another,
    login_defaults,
    scram_sha_1_plus,
    scram_sha_256_plus,
    scram_plus_for_another_connection,
    scram_sha_1,
    scram_sha_256,
    plain_over_tls,
    login_tls_1_2,
    wrong_password,
    unknown_account,
    two_resources,
    made_resource,
]
