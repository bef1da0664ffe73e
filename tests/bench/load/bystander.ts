/**
 * Somebody who has nothing to do with the load and notices how long the server takes to answer: a process of its own, so
 * that the load generator's work does not count. Pings until its parent says a word, and answers with the longest wait.
 *
 *     node bystander.ts PORT DOMAIN USER PASSWORD
 */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { leave, XmppServer } from "./login.ts";

/** Milliseconds between an answer and the next question. */
const pace = 5;

const [port, domain, user, password] = process.argv.slice(2);
const server = new XmppServer({ port: Number(port) }, domain!, password!, { patience: 60_000 });
const client = await server.login(user!, { tls: false, presence: false });
let over = false;
process.once("message", () => {
  over = true;
});
process.send!("ready");
let longest = 0;
for (let number = 0; !over; number++) {
  const asked = performance.now();
  client.link.send(`<iq type='get' id='p${number}' to='${domain}'><ping xmlns='urn:xmpp:ping'/></iq>`);
  await client.link.next();
  longest = Math.max(longest, performance.now() - asked);
  await sleep(pace);
}
process.send!(longest);
await leave(client);
process.disconnect();
await once(process, "disconnect").catch(() => {});
