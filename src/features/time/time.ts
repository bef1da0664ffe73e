import type { Feature } from "#core/feature.ts";
import { formatDateTime } from "#stanza/time.ts";
import { tag } from "#xml/element.ts";

const time = tag("urn:xmpp:time", "time");
const tzo = tag("urn:xmpp:time", "tzo");
const utc = tag("urn:xmpp:time", "utc");

/** Entity Time (XEP-0202): tells the server's clock and its offset from UTC. */
export const entityTime: Feature = {
  name: "time",
  where: "everywhere",
  xeps: [{ number: 202, version: "2.0" }],
  setup(host) {
    host.iq("get", time, "host", () => {
      const now = new Date();
      return time({}, tzo({}, formatOffset(-now.getTimezoneOffset())), utc({}, formatDateTime(now)));
    });
  },
};

/** Minutes east of UTC as a numeric offset of XEP-0082 §3.2. */
export function formatOffset(minutes: number): string {
  const size = Math.abs(Math.round(minutes));
  const two = (part: number) => Math.floor(part).toString().padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(size / 60)}:${two(size % 60)}`;
}
