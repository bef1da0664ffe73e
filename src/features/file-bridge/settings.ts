import { choice, count, duration, flag, section, size } from "#core/settings.ts";

export const settings = section({
  enabled: flag(
    true,
    "Whether the server takes files that are offered to somebody who is not there, whose client cannot take files, or to a room, and passes them on as links.",
  ),
  size: size("1 GiB", "The largest file that is taken; `http-upload.size` and the quotas there hold as well."),
  transfers: count(200, "Files that are on their way to the server at the same time."),
  "transfers-per-account": count(5, "Files that one person may have on the way at the same time."),
  "waiting-time": duration("2 minutes", "How long the sender may take between the offer and the first byte."),
  idle: duration("2 minutes", "How long nothing may come before a file is given up."),
  offer: choice(
    ["never", "ask"],
    "never",
    "Whether a link to an uploaded file is also offered as a file to clients that know no other way (Stream Initiation): never, or `ask`, and the person accepts it or not. The link is in the message in any case.",
  ),
});

export type BridgeSettings = ReturnType<(typeof settings)["parse"]>;
