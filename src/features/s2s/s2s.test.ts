import { scenario } from "#test/harness/scenario.ts";

const servers = [{ domains: ["one.example"] }, { domains: ["two.example"] }];

scenario("s2s: a chat between two servers, both ways", { servers }, async ({ connect }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const juliet = await connect("juliet@two.example/balcony");
  await romeo.sends(`<message to='juliet@two.example' type='chat'><body>Hi</body></message>`);
  await juliet.receives(`<message from='${romeo}' to='juliet@two.example' type='chat'><body>Hi</body></message>`);
  await juliet.sends(`<message to='${romeo}' type='chat'><body>Good night</body></message>`);
  await romeo.receives(`<message from='${juliet}' to='${romeo}' type='chat'><body>Good night</body></message>`);
});
