import { z } from "zod";
import { accountOf } from "./address.ts";
import { command } from "./command.ts";

const given = z.strictObject({ account: z.string().min(1).max(3071) });

export const userLock = command({
  name: "user lock",
  summary: "Locks an account, wherever it comes from: ends its sessions, and lets nobody in until it is unlocked.",
  changes: true,
  arguments: given,
  async run(administration, { account }) {
    const jid = accountOf(administration, account);
    return { account: jid.toString(), sessions: await administration.lock(jid, true) };
  },
});

export const userUnlock = command({
  name: "user unlock",
  summary: "Takes the lock of an account away. It does not undo what a directory says.",
  changes: true,
  arguments: given,
  async run(administration, { account }) {
    const jid = accountOf(administration, account);
    await administration.lock(jid, false);
    return { account: jid.toString() };
  },
});
