import { release, type } from "node:os";
import type { Feature } from "#core/feature.ts";
import { flag, section } from "#core/settings.ts";
import { tag } from "#xml/element.ts";

const query = tag("jabber:iq:version", "query");
const name = tag("jabber:iq:version", "name");
const version = tag("jabber:iq:version", "version");
const os = tag("jabber:iq:version", "os");

const settings = section({
  version: flag(true, "Tell which version of the server runs to those who ask."),
  system: flag(false, "Tell which operating system the server runs on to those who ask."),
});

/** Software Version (XEP-0092): tells which server this is, and as much more as its operators allow. */
export const softwareVersion: Feature<{ version: boolean; system: boolean }> = {
  name: "version",
  where: "everywhere",
  xeps: [{ number: 92, version: "1.1" }],
  settings,
  setup(host, allowed) {
    const answer = query(
      {},
      name({}, "Parloir"),
      // §2: required in a result; empty where it is not told.
      allowed.version ? version({}, host.server.version) : version(),
      ...(allowed.system ? [os({}, `${type()} ${release()}`)] : []), // §5
    );
    host.iq("get", query, "host", () => answer);
  },
};
