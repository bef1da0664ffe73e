import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { z } from "zod";
import { choice, count, duration, flag, SettingsError, section, size } from "#core/settings.ts";
import { type Configured, parseConfiguration, readConfiguration, schemaOf } from "./configuration.ts";

const folder = mkdtempSync(join(tmpdir(), "parloir-configuration-"));
after(() => rmSync(folder, { recursive: true }));

const rooms: Configured = {
  name: "rooms",
  settings: section({
    history: count(20, "Messages a newcomer gets."),
    idle: duration("30 days", "Empty rooms are dropped after this long."),
    "file-size": size("10 MB", "The largest file."),
    public: flag(true, "Whether rooms are listed."),
    creation: choice(["anyone", "admins"], "anyone", "Who may open a room."),
  }),
};
const silent: Configured = { name: "ping" };

function parse(text: string) {
  return parseConfiguration(text, [rooms, silent], { folder });
}

function problems(text: string): string[] {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error));
    return error.message.split("\n");
  }
  return [];
}

test("without a file everything is default", () => {
  const { domains, listen, data, log, file, sections } = readConfiguration(undefined, [rooms], { folder });
  assert.deepEqual(domains, [{ name: "localhost", aliases: [] }]);
  assert.deepEqual(
    listen.map(({ protocol, port, tls, address }) => [protocol, port, tls, address]),
    [
      ["c2s", 5222, "starttls", "::"],
      ["c2s", 5223, "direct", "::"],
      ["s2s", 5269, "starttls", "::"],
      ["s2s", 5270, "direct", "::"],
    ],
  );
  assert.equal(data, join(folder, "data"));
  assert.deepEqual(log, { level: "info", format: "lines" });
  assert.equal(file, undefined);
  assert.equal(sections.size, 0);
});

test("a complete file is read, its paths relative to it", () => {
  writeFileSync(join(folder, "chat.crt"), "x");
  writeFileSync(join(folder, "chat.key"), "x");
  const text = `
domains:
  - name: Example.COM
    certificate: chat.crt
    key: chat.key
  - name: chat.example.org
listen:
  - { port: 15222 }
  - { port: 15223, tls: direct, address: 127.0.0.1 }
data: store
log:
limits:
  unsent: 1 MiB
  handshake-time: 5 s
rooms:
  idle: 2 days
`;
  writeFileSync(join(folder, "chat.yaml"), text);
  const configuration = readConfiguration(join(folder, "chat.yaml"), [rooms]);
  assert.deepEqual(
    configuration.domains.map(({ name }) => name),
    ["example.com", "chat.example.org"],
  );
  assert.equal(configuration.domains[0]?.certificate, join(folder, "chat.crt"));
  assert.equal(configuration.listen[0]?.protocol, "c2s");
  assert.equal(configuration.data, join(folder, "store"));
  assert.equal(configuration.limits.unsent, 1024 ** 2);
  assert.equal(configuration.limits["handshake-time"], 5000);
  assert.deepEqual(configuration.sections.get("rooms"), { idle: "2 days" }); // as written: the feature reads it itself
});

test("the command line has the last word on data folder and ports", () => {
  const { data, listen } = readConfiguration(undefined, [], { folder, data: "/srv/chat", port: 6222 });
  assert.equal(data, "/srv/chat");
  assert.deepEqual(
    listen.map(({ port }) => port),
    [6222, 6223, 6224, 6225],
  );
  const free = readConfiguration(undefined, [], { folder, port: 0 });
  assert.deepEqual(
    free.listen.map(({ port }) => port),
    [0, 0, 0, 0],
  );
});

test("each error names its path, what is wrong and the line", () => {
  const cases: readonly [text: string, ...expected: string[]][] = [
    ["domain:\n  - name: a\n", "domain: no such setting; did you mean domains? (line 1)"],
    ["zebra: 1\n", "zebra: no such setting (line 1)"],
    ["rooms:\n  histroy: 3\n", "rooms.histroy: no such setting; did you mean history? (line 2)"],
    ["rooms:\n  fileSize: 3 MB\n", "rooms.fileSize: no such setting; did you mean file-size? (line 2)"],
    ["rooms:\n  history: many\n", "rooms.history: expected a number, found a text (line 2)"],
    ["rooms:\n  history: 1.5\n", "rooms.history: expected a whole number (line 2)"],
    ["rooms:\n  history: -1\n", "rooms.history: must be at least 0 (line 2)"],
    ["rooms:\n  public: perhaps\n", "rooms.public: expected true or false, found a text (line 2)"],
    ["rooms:\n  creation: all\n", "rooms.creation: expected anyone or admins (line 2)"],
    ["rooms:\n  idle: soon\n", "rooms.idle: expected a duration such as 30 s, 5 minutes, 12 hours or 30 days (line 2)"],
    ["rooms:\n  idle: 30\n", "rooms.idle: expected a text, found a number (line 2)"],
    ["rooms: 3\n", "rooms: expected keys and values, found a number (line 1)"],
    ["ping:\n  x: 1\n", "ping: no such setting (line 1)"],
    ["domains: []\n", "domains: must not be empty (line 1)"],
    ["domains:\n  - {}\n", "domains[0].name: missing (line 2)"],
    ["domains:\n  - name: romeo@example.com\n", "domains[0].name: not a domain name: romeo@example.com (line 2)"],
    ["domains:\n  - name: a.example\n  - name: A.example\n", "domains[1].name: a.example is there twice (line 3)"],
    [
      "domains:\n  - name: a.example\n    certificate: /nowhere/a.crt\n    key: /nowhere/a.key\n",
      "domains[0].certificate: file not found: /nowhere/a.crt (line 3)",
      "domains[0].key: file not found: /nowhere/a.key (line 4)",
    ],
    [
      `domains:\n  - name: a.example\n    certificate: ${folder}\n`,
      "domains[0].key: missing: a certificate needs the file with its key (line 2)",
    ],
    ["listen:\n  - port: 70000\n", "listen[0].port: must be at most 65535 (line 2)"],
    ["listen:\n  - port: 5222\n  - port: 5222\n", "listen[1].port: :: port 5222 is there twice (line 3)"],
    ["listen:\n  - protocol: c2c\n    port: 1\n", "listen[0].protocol: expected c2s or s2s (line 2)"],
    ["authorities:\n  - /nowhere/ca.crt\n", "authorities[0]: file not found: /nowhere/ca.crt (line 2)"],
    ...["example.com", "192.0.2.1:0", "192.0.2.1:99999", "[192.0.2.1]:53", "[2001:db8::1", "::1:x"].map(
      (server): [string, string] => [
        `dns:\n  servers: ["${server}"]\n`,
        "dns.servers[0]: expected an address, such as 192.0.2.1, 192.0.2.1:5353 or [2001:db8::1]:53 (line 2)",
      ],
    ),
    [
      "log:\n  level: loud\n  format: xml\n",
      "log.level: expected error or warn or info or debug (line 2)",
      "log.format: expected lines or json (line 3)",
    ],
    ["- domains\n", "(top): expected keys and values, such as `domains:` followed by a list"],
  ];
  for (const [text, ...expected] of cases) assert.deepEqual(problems(text), expected, text);
});

test("what a feature wants to serve must not be served already", () => {
  const gateways: Configured = {
    name: "gateways",
    settings: section({ domains: z.array(z.string()).default([]).describe("Domains.") }),
    claims: ({ domains }: { domains: string[] }) =>
      domains.map((domain, index) => ({ domain, path: ["domains", index] })),
  };
  const chat: Configured = { name: "chat", service: { prefix: "chat", name: { en: "Rooms", fr: "Salons" } } };
  const found = (domains: string[]) => {
    const text = `domains: [{name: a.example, aliases: [b.example]}]\ngateways: {domains: ${JSON.stringify(domains)}}`;
    try {
      parseConfiguration(text, [gateways, chat], { folder });
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.equal(found(["fax.example", "x.a.example"]), undefined);
  for (const domain of ["a.example", "b.example", "chat.a.example", "chat.b.example"]) {
    assert.equal(found(["fax.example", domain]), `gateways.domains[1]: ${domain} is served already (line 2)`);
  }
  assert.equal(found(["x.example", "x.example"]), "gateways.domains[1]: x.example is served already (line 2)");
});

test("servers of the DNS are addresses, with a port or without", () => {
  const servers = ["192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:5353"];
  const { dns } = parseConfiguration(`dns: {servers: ${JSON.stringify(servers)}}`, [], { folder });
  assert.deepEqual(dns.servers, servers);
});

test("what is not YAML is told with its place", () => {
  const [first = ""] = problems("domains:\n  - name: [a\n");
  assert.match(first, /^\(top\): not valid YAML: .*line \d+/);
});

test("a file that is not there, or a folder in its place", () => {
  assert.throws(() => readConfiguration(join(folder, "none.yaml"), []), {
    name: "SettingsError",
    message: `${join(folder, "none.yaml")}: file not found`,
  });
  assert.throws(() => readConfiguration(folder, []), /is a folder, not a file/);
});

test("a feature cannot take a name of the application's", () => {
  assert.throws(() => schemaOf([{ name: "log", settings: section({}) }]), /log/);
});

test("an alias is a name of one domain only", () => {
  assert.throws(
    () => parse("domains: [{ name: obs.example, aliases: [jabber.obs.example] }, { name: jabber.obs.example }]"),
    /domains\[0\]\.aliases\[0\]: jabber\.obs\.example is there twice/,
  );
  assert.deepEqual(parse("domains: [{ name: obs.example, aliases: [Jabber.obs.example] }]").domains[0]?.aliases, [
    "jabber.obs.example",
  ]);
});
