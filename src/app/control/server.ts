import { rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { background, type Logger } from "#core/log.ts";
import { type Administration, CommandError, execute } from "../admin/command.ts";
import { commands } from "../admin/commands.ts";
import { maxRequest, type Reply, request, requestTimeoutMs, socketPath } from "./protocol.ts";

/** How long a stop waits for commands under way, in milliseconds. */
const mostFinishing = 3_000;

/** Answers commands while the service runs. */
export interface Control {
  /** Accepts no more, and ends what is open. */
  close(): Promise<void>;
}

/** Begins to answer commands at the socket of a data folder, which must be this process's alone. */
export async function openControl(folder: string, administration: Administration, log: Logger): Promise<Control> {
  const open = new Set<Socket>();
  const underWay = new Set<Promise<Reply>>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    const run = (line: string) => {
      const reply = answer(line, administration, log).finally(() => underWay.delete(reply));
      underWay.add(reply);
      return reply;
    };
    background(log, converse(socket, run), "a command was not answered");
  });
  server.maxConnections = 16;
  rmSync(join(folder, "control.sock"), { force: true }); // left by a process that was killed
  const { path, release } = socketPath(folder);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  const mask = process.umask(0o177); // 0600 from the first moment: the socket is made within `listen`
  try {
    server.listen(path, resolve);
  } finally {
    process.umask(mask);
  }
  try {
    await promise;
  } catch (error) {
    release();
    throw error;
  }
  return {
    async close() {
      const done = Promise.withResolvers<void>();
      server.close(() => done.resolve()); // removes the socket
      for (const socket of open) socket.pause(); // no new commands; those under way still need the database
      await Promise.race([Promise.allSettled(underWay), sleep(mostFinishing, undefined, { ref: false })]);
      for (const socket of open) socket.destroySoon();
      await done.promise;
      release();
    },
  };
}

async function converse(socket: Socket, run: (line: string) => Promise<Reply>): Promise<void> {
  socket.setTimeout(requestTimeoutMs, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  const line = await readLine(socket);
  if (line === undefined) return;
  socket.setTimeout(0); // the command may take longer
  const reply = await run(line);
  socket.end(`${JSON.stringify(reply)}\n`);
}

/** The first line of a connection; undefined if it ends or grows too long before. */
export function readLine(socket: Socket, limit = maxRequest): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = "";
    socket.setEncoding("utf8");
    socket.on("close", () => resolve(undefined));
    socket.on("data", (part: string) => {
      text += part;
      const end = text.indexOf("\n");
      if (end >= 0) resolve(text.slice(0, end));
      else if (text.length > limit) socket.destroy();
    });
  });
}

async function answer(line: string, administration: Administration, log: Logger): Promise<Reply> {
  try {
    const asked = request.safeParse(parse(line));
    if (!asked.success) throw new CommandError("usage", 'expected {"command": …, "arguments": …}');
    const result = await execute(commands, administration, asked.data);
    const { command } = asked.data;
    log[commands.find(({ name }) => name === command)?.changes ? "info" : "debug"]("command done", { command });
    return { result: result ?? null };
  } catch (error) {
    return { error: explain(error, log) };
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function explain(error: unknown, log: Logger): { code: CommandError["code"] | "failed"; message: string } {
  if (error instanceof CommandError) return { code: error.code, message: error.message };
  log.error("a command failed", { cause: error });
  return { code: "failed", message: `the command failed; the log of the service says more` };
}
