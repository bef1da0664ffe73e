import assert from "node:assert/strict";
import { removing } from "#core/account.ts";
import { Jid } from "#jid/jid.ts";
import { parseDateTime } from "#stanza/time.ts";
import type { Client } from "#test/harness/client.ts";
import { type ScenarioOptions, type Stage, scenario } from "#test/harness/scenario.ts";
import type { Element } from "#xml/element.ts";
import { uploadedFiles } from "./index.ts";

const ours: ScenarioOptions = { skipOn: ["prosody"], why: "its addresses and limits are its own" };
const xmlns = "xmlns='urn:xmpp:http:upload:0'";

function ask(attributes: string, to = "upload.example.com", purpose = ""): string {
  return `<iq type='get' id='slot' to='${to}'><request ${xmlns} ${attributes}>${purpose}</request></iq>`;
}

/** As if there were a listener. */
function opened({ assembly }: Stage): void {
  assembly.routes.securePort = 5443;
}

async function slotOf(client: Client, request: string): Promise<{ put: URL; get: URL; element: Element }> {
  await client.sends(request);
  const element = await client.next();
  assert.equal(element.attrs.type, "result", element.toString());
  const [put, get] = element.elements[0]!.elements;
  return { put: new URL(put!.attrs.url!), get: new URL(get!.attrs.url!), element };
}
