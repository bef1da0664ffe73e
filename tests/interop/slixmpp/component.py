"""A component (XEP-0114) on slixmpp: repeats what it is told, lets anybody subscribe, comes back when it is thrown out.

usage: component.py DOMAIN SECRET HOST PORT; tells what happens to it in lines on its output.
"""

import sys

from slixmpp.componentxmpp import ComponentXMPP


def tell(event):
    print(event, flush=True)


class Echo(ComponentXMPP):
    def __init__(self, domain, secret, host, port):
        super().__init__(domain, secret, host, port)
        self.auto_authorize = True
        self.auto_subscribe = False
        for plugin in ("xep_0030", "xep_0199"):
            self.register_plugin(plugin)
        self["xep_0030"].add_identity(category="automation", itype="echo", name="Echo", jid=self.boundjid)
        self.add_event_handler("session_start", lambda event: tell("joined"))
        self.add_event_handler("disconnected", self.again)
        self.add_event_handler("stream_error", lambda error: tell("refused %s" % error["condition"]))
        self.add_event_handler("message", self.repeat)
        self.add_event_handler("presence_probe", self.probed)
        self.add_event_handler("presence_subscribe", self.subscribed)

    def again(self, event):
        tell("disconnected")
        self.loop.call_later(0.2, self.connect)

    def repeat(self, message):
        if message["type"] in ("chat", "normal") and message["body"]:
            message.reply(message["body"]).send()

    def subscribed(self, presence):
        self.probed(presence)

    def probed(self, presence):
        self.send_presence(pto=presence["from"].bare, pfrom=presence["to"].bare + "/echo", pstatus="I repeat")


if __name__ == "__main__":
    domain, secret, host, port = sys.argv[1:]
    echo = Echo(domain, secret, host, int(port))
    echo.connect()
    echo.process(forever=True)
