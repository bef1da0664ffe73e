import { parentPort, workerData } from "node:worker_threads";
import { DatabaseError } from "#core/database.ts";
import { Engine } from "./engine.ts";
import type { Cell, Opened, WorkerOptions } from "./protocol.ts";

// The thread that owns the database file: one message of requests in, one message of replies out. It ends when it is
// told null, after all that was asked before.

const idleMs = 200;

function serve(engine: Engine): void {
  const idle = setTimeout(() => {
    try {
      engine.checkpoint();
    } catch (error) {
      // The log just stays longer; the next idle moment tries again.
      if (!(error instanceof DatabaseError)) throw error;
    }
  }, idleMs);
  parentPort?.on("message", (message: Cell[] | null) => {
    if (message === null) {
      clearTimeout(idle);
      engine.close();
      parentPort?.close();
      return;
    }
    parentPort?.postMessage(engine.execute(message));
    idle.refresh();
  });
}

function open(): void {
  let opened: Opened = { open: true };
  try {
    serve(new Engine(workerData as WorkerOptions));
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    opened = { open: false, kind: error.kind, message: error.message };
  }
  parentPort?.postMessage(opened);
}

open();
