import { createHash } from "node:crypto";
import type { Feature } from "#core/feature.ts";
import { type PepApi, pep, published } from "#features/pep/index.ts";
import { changed, type Photo, type VcardApi, vcard } from "#features/vcard/index.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { type Element, tag } from "#xml/element.ts";

const dataNode = "urn:xmpp:avatar:data";
const metadataNode = "urn:xmpp:avatar:metadata";
const data = tag(dataNode, "data");
const metadata = tag(metadataNode, "metadata");
const info = tag(metadataNode, "info");

/**
 * User Avatar (XEP-0084) beside vCard avatars (XEP-0398): a photo that one client sets is seen by all, in rooms too,
 * whichever of the two ways each client knows.
 */
export const avatars: Feature = {
  name: "avatars",
  xeps: [
    { number: 84, version: "1.1.4" },
    { number: 398, version: "1.0.0" },
  ],
  setup(host) {
    const nodes = host.use(pep);
    const cards = host.use(vcard);
    host.offer("urn:xmpp:pep-vcard-conversion:0", "account");
    host.on(published, "copy", async ({ account, node, payload }) => {
      if (node === metadataNode && payload?.is(metadata)) await asFits(toCard(nodes, cards, account, payload));
    });
    host.on(changed, "copy", ({ account, photo }) => asFits(toNodes(nodes, account, photo)));
  },
};

/** XEP-0398 §3.1. An empty `<metadata/>` takes the avatar away (XEP-0084 §4.3). */
async function toCard(nodes: PepApi, cards: VcardApi, account: Jid, payload: Element): Promise<void> {
  const offered = payload.all(info);
  if (offered.length === 0) return cards.setPhoto(account, undefined);
  const kept = await nodes.items(account, dataNode);
  for (const { attrs } of offered) {
    if (attrs.url !== undefined || attrs.id === undefined) continue; // must not point elsewhere
    const item = kept.find(({ id, payload: held }) => id === attrs.id && held?.is(data));
    const bytes = item && Buffer.from(item.payload!.text, "base64");
    if (bytes === undefined || sha1(bytes) !== attrs.id.toLowerCase()) continue;
    return cards.setPhoto(account, { type: attrs.type ?? "image/png", bytes });
  }
}

/** A picture that is refused at the other place stays where it is: there it is kept already. */
async function asFits(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (problem) {
    if (!(problem instanceof StanzaError)) throw problem;
  }
}

/** XEP-0398 §3.2; without a photo, an empty `<metadata/>`. What is published already is not published again. */
async function toNodes(nodes: PepApi, account: Jid, photo: Photo | undefined): Promise<void> {
  const [current] = (await nodes.items(account, metadataNode)).slice(-1);
  const shown = current?.payload?.all(info).map(({ attrs }) => attrs.id) ?? [];
  if (photo === undefined) {
    if (shown.length > 0) await nodes.publish(account, { node: metadataNode, payload: metadata() });
    return;
  }
  const id = sha1(photo.bytes);
  if (shown.includes(id)) return;
  await nodes.publish(account, { node: dataNode, id, payload: data({}, Buffer.from(photo.bytes).toString("base64")) });
  const about = info({ id, type: photo.type, bytes: String(photo.bytes.length) });
  await nodes.publish(account, { node: metadataNode, id, payload: metadata({}, about) });
}

function sha1(bytes: Uint8Array): string {
  return createHash("sha1").update(bytes).digest("hex");
}
