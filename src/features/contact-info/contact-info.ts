import { z } from "zod";
import type { Feature } from "#core/feature.ts";
import { section } from "#core/settings.ts";
import { describing } from "#features/disco/index.ts";
import { dataSet } from "#stanza/form.ts";
import type { Element } from "#xml/element.ts";

/** Whom one can turn to, in the order of the form. */
const roles = {
  abuse: "Addresses (URIs such as mailto:abuse@example.com) for reports of abuse.",
  admin: "Addresses of the operators of the server.",
  feedback: "Addresses for remarks of users.",
  sales: "Addresses for commercial questions.",
  security: "Addresses for reports of security problems.",
  status: "Web pages that tell whether the service runs.",
  support: "Addresses for questions of users.",
} as const;

type Role = keyof typeof roles;
type Contacts = Readonly<Record<Role, readonly string[]>>;

function uris(doc: string) {
  const uri = z
    .string()
    .regex(/^[a-z][a-z0-9+.-]*:\S+$/i, "expected an address with its scheme, such as mailto:name@example.com");
  return z.array(uri).max(20).default([]).describe(doc);
}

const settings = section({
  abuse: uris(roles.abuse),
  admin: uris(roles.admin),
  feedback: uris(roles.feedback),
  sales: uris(roles.sales),
  security: uris(roles.security),
  status: uris(roles.status),
  support: uris(roles.support),
});

/** Contact Addresses for XMPP Services (XEP-0157): whom to turn to, told in the server's service discovery. */
export const contactInfo: Feature<Contacts> = {
  name: "contact-info",
  xeps: [{ number: 157, version: "1.1.1" }],
  settings,
  setup(host, contacts) {
    const info = contactForm(contacts);
    if (info === undefined) return;
    host.on(describing, "amend", (description) => {
      // §3: at the bare domain.
      if (description.to.isDomain && description.node === undefined) description.forms.push(info);
    });
  },
};

/** The form of XEP-0157 §3; undefined where there is nobody to name. */
export function contactForm(contacts: Contacts): Element | undefined {
  const named = (Object.keys(roles) as Role[]).filter((role) => contacts[role].length > 0);
  if (named.length === 0) return undefined;
  const values = Object.fromEntries(named.map((role) => [`${role}-addresses`, contacts[role]]));
  return dataSet("http://jabber.org/network/serverinfo", values);
}
