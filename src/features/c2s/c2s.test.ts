import { scenario } from "#test/harness/scenario.ts";

scenario("a client logs in, binds and writes to another one", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard", { presence: false });
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await romeo.sends(`<message to='${juliet}' type='chat' id='m1'><body>Hi &amp; hello, ça va ?</body></message>`);
  await juliet.receives(
    `<message from='${romeo}' to='${juliet}' type='chat' id='m1'><body>Hi &amp; hello, ça va ?</body></message>`,
  );
});
