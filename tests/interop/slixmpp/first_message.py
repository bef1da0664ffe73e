"""Two people of the demo log in, and the first writes to the second. The argument says, as JSON, what the server printed."""

import asyncio
import hashlib
import json
import socket
import ssl
import sys

from client import Client, Server


async def main():
    given = json.loads(sys.argv[1])
    with open(given["certificate"], encoding="ascii") as file:
        certificate = ssl.PEM_cert_to_DER_cert(file.read())
    found = hashlib.sha256(certificate).hexdigest().upper()
    if found != given["fingerprint"].replace(":", ""):
        raise SystemExit(f"the certificate has the fingerprint {found}")
    direct = given["kind"] == "direct"
    first, second = given["people"][:2]
    domain = first["address"].split("@")[1]
    host = socket.gethostbyname(given["server"])
    server = Server(host, given["port"], given["port"], domain, given["certificate"])
    clients = [
        Client(server, person["address"], password=person["password"], direct=direct) for person in (first, second)
    ]
    sender, receiver = [await client.go_online() for client in clients]
    sender.send_message(mto=second["address"], mbody="Hello, is this Parloir?", mtype="chat")
    message = await receiver.expect("message", lambda message: message["from"].bare == first["address"])
    print(f"It was read: {message['body']}")
    await asyncio.gather(*(client.leave() for client in clients))


asyncio.get_event_loop_policy().get_event_loop().run_until_complete(main())
