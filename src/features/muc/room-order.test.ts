import assert from "node:assert/strict";
import { test } from "node:test";
import { Jid } from "#jid/jid.ts";
import { defaultConfig } from "./configuration.ts";
import { Room } from "./room.ts";
import { RoomOrder } from "./room-order.ts";
import type { Rooms } from "./rooms.ts";
import { settings } from "./settings.ts";

test("rooms are in the order of their names, whatever comes, goes or is renamed", () => {
  const all = new Map<string, Room>();
  const make = (name: string) => {
    const jid = Jid.parse(`${name}@conference.example.com`);
    const config = defaultConfig(settings.parse({}));
    const room = new Room(jid, config, { admins: new Set(), permanent: false, archiveFrom: 0 });
    all.set(name, room);
    return room;
  };
  const rooms = {
    all: () => all.values(),
    get size() {
      return all.size;
    },
  } as unknown as Rooms;
  const order = new RoomOrder(rooms);
  const names = () => order.all.map(({ jid }) => jid.local);
  assert.deepEqual(names(), []);
  for (const name of ["c", "a", "b"]) make(name);
  assert.deepEqual(names(), ["a", "b", "c"]);
  const a = all.get("a")!;
  a.config = { ...a.config, name: "z" };
  assert.deepEqual(names(), ["b", "c", "a"]);
  all.get("b")!.destroyed = true;
  all.delete("b");
  make("bb");
  assert.deepEqual(names(), ["bb", "c", "a"]);
});
