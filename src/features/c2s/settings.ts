import { choice, count, duration, flag, section, size } from "#core/settings.ts";

export const settings = section({
  language: choice(["en", "fr"], "en", "The language of texts for clients that name none, as Pidgin does."),
  encryption: choice(
    ["required", "optional"],
    "required",
    "Whether clients must encrypt before they log in. `optional` is for measurements on loopback only; PLAIN stays refused without TLS.",
  ),
  plain: flag(
    true,
    "Whether the mechanism PLAIN is offered on encrypted streams. Account sources that cannot do SCRAM need it.",
  ),
  "channel-binding": flag(
    true,
    "Whether SCRAM is offered bound to the TLS channel (-PLUS), which keeps somebody in the middle out. Some clients, slixmpp 1.8 among them, then can use PLAIN only.",
  ),
  conflict: choice(
    ["replace", "rename", "refuse"],
    "replace",
    "What happens when a client binds a resource that is in use: the old session ends, the new one gets another resource, or it is refused.",
  ),
  resources: count(20, "Sessions that one account may have at the same time."),
  "stanza-size": size("256 KiB", "The largest stanza of an authenticated client; announced to clients (XEP-0478)."),
  rate: size(
    "256 KiB",
    "Bytes a second that a client may send in the long run; faster ones are read more slowly. 0 B: no limit.",
  ),
  burst: size("512 KiB", "Bytes that a client may send at once before `rate` holds."),
  "login-time": duration("30 s", "How long a connection may take to log in."),
  "login-attempts": count(6, "Wrong passwords on one connection before it is closed."),
  idle: duration("10 minutes", "How long a client may be silent before it is asked whether it is still there."),
  "idle-answer": duration("1 minute", "How long it then has to answer."),
});

export type C2sSettings = ReturnType<(typeof settings)["parse"]>;
