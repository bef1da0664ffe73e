"""Checks of a server with nbxmpp. `--list` names them; else the arguments say where the server is.

Each check NAME uses the accounts romeo-NAME and juliet-NAME, password "pencil".
"""

import argparse
import json
import logging
import traceback

from checks import CHECKS
from client import Person, Server


class Stage:
    """People of one check."""

    def __init__(self, server, check):
        self.server, self.check, self.people = server, check, []

    def person(self, who, resource="gajim", **options):
        made = Person(self.server, f"{who}-{self.check}@{self.server.domain}/{resource}", **options)
        self.people.append(made)
        return made

    def online(self, who, resource="gajim"):
        return self.person(who, resource).online()

    def friends(self):
        """Romeo and Juliet, who see each other."""
        romeo, juliet = self.online("romeo"), self.online("juliet")
        for one, other in ((romeo, juliet), (juliet, romeo)):
            one.module("BasePresence").subscribe(other.jid.new_as_bare())
            other.sees(lambda _, seen: seen.type.is_subscribe, "a request")
            other.module("BasePresence").subscribed(one.jid.new_as_bare())
        for one, other in ((romeo, juliet), (juliet, romeo)):
            one.sees(lambda _, seen, other=other: seen.jid == other.jid and seen.type.is_available, "the friend")
        return romeo, juliet

    def end(self):
        for person in self.people:
            person.leave()


def run(server, check):
    stage = Stage(server, check.__name__)
    try:
        try:
            check(stage)
        finally:
            stage.end()
    except Exception:
        return {"name": check.__name__, "error": traceback.format_exc()}
    return {"name": check.__name__}


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
    checks = {check.__name__: check for check in CHECKS}
    if given.list:
        print(json.dumps({"checks": list(checks)}))
        return
    logging.basicConfig(level=logging.INFO if given.wire else logging.CRITICAL)
    server = Server(given.host, given.port, given.direct, given.domain, given.certificate)
    for name in given.names or checks:
        print(json.dumps(run(server, checks[name])), flush=True)


if __name__ == "__main__":
    main()
