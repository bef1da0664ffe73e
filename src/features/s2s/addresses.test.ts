import assert from "node:assert/strict";
import { test } from "node:test";
import { mayConnect } from "./addresses.ts";

test("addresses: this machine and its link are nobody else's; internal networks if that is wanted", () => {
  const near = [
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "169.254.169.254",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "64:ff9b::7f00:1",
    "fe80::1",
    "ff02::1",
  ];
  const mapped = ["::ffff:127.0.0.1", "::ffff:7f00:1"];
  for (const address of [...near, ...mapped]) {
    assert.deepEqual([mayConnect(address, "private"), mayConnect(address, "any")], [false, true], address);
  }
  for (const address of [
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "fd00::1",
    "fec0::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
  ]) {
    assert.deepEqual([mayConnect(address, "public"), mayConnect(address, "private")], [false, true], address);
  }
  for (const address of ["192.0.2.1", "8.8.8.8", "172.32.0.1", "2001:db8::1", "64:ff9b::808:808"])
    assert.ok(mayConnect(address, "public"), address);
});
