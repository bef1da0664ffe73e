import { connect, type Socket } from "node:net";
import { CommandError } from "../admin/command.ts";
import { type Reply, type Request, socketPath } from "./protocol.ts";
import { readLine } from "./server.ts";

const maxReply = 64 * 1024 * 1024;

/** The service did something wrong. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
}

/**
 * Asks the service that runs on a data folder. Resolves with undefined if none does. With `timeoutMs`, a service that
 * does not answer in time has failed.
 * @throws CommandError as the command said; ServiceError if it failed.
 */
export async function ask(
  folder: string,
  request: Request,
  timeoutMs = 0,
): Promise<{ readonly result: unknown } | undefined> {
  const socket = await open(folder);
  if (socket === undefined) return undefined;
  socket.setTimeout(timeoutMs, () => socket.destroy());
  try {
    socket.write(`${JSON.stringify(request)}\n`);
    const line = await readLine(socket, maxReply);
    if (line === undefined) throw new ServiceError("the service ended the connection: it may be stopping; try again");
    return read(JSON.parse(line) as Reply);
  } finally {
    socket.destroy();
  }
}

function read(reply: Reply): { readonly result: unknown } {
  if ("result" in reply) return reply;
  const { code, message } = reply.error;
  if (code === "failed") throw new ServiceError(message);
  throw new CommandError(code, message);
}

function open(folder: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    let place: ReturnType<typeof socketPath>;
    try {
      place = socketPath(folder);
    } catch {
      return resolve(undefined); // no such folder
    }
    const socket = connect(place.path);
    socket.once("connect", () => {
      place.release();
      socket.on("error", () => socket.destroy());
      resolve(socket);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      place.release();
      if (error.code === "ENOENT" || error.code === "ECONNREFUSED" || error.code === "ENOTDIR") resolve(undefined);
      else if (error.code === "EACCES") reject(new CommandError("refused", notOwner(folder), { cause: error }));
      else reject(error);
    });
  });
}

function notOwner(folder: string): string {
  return `not allowed to use the data folder ${folder}: run this as the user that runs the service (sudo -u …)`;
}
