"""Checks of a server with slixmpp. `--list` names them; else the arguments say where the server is.

Each check NAME uses the accounts romeo-NAME and juliet-NAME, password "pencil".
"""

import argparse
import asyncio
import json
import logging

import bridge
import files
import login
import messages
import people
import publishing
import rooms
import services
import uploads
from client import Server, run, versions

CHECKS = {check.__name__: check for module in (login, people, messages, services, publishing, rooms, files, uploads, bridge) for check in module.CHECKS}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument("--direct", type=int)
    parser.add_argument("--domain")
    parser.add_argument("--certificate")
    parser.add_argument("--wire", action="store_true", help="print all that is sent and received")
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    if given.list:
        print(json.dumps({"checks": list(CHECKS), **versions()}))
        return
    logging.basicConfig(level=logging.DEBUG if given.wire else logging.CRITICAL)
    server = Server(given.host, given.port, given.direct, given.domain, given.certificate)
    chosen = {name: CHECKS[name] for name in given.names or CHECKS}
    asyncio.get_event_loop_policy().get_event_loop().run_until_complete(run(server, chosen))


if __name__ == "__main__":
    main()
