import { rmSync, writeFileSync } from "node:fs";
import type { Fault } from "./fault.ts";

export const configurationFaults: readonly Fault[] = [
  {
    finds: "configuration-file",
    set: "no such file",
    says: /parloir\.yaml cannot be read: file not found/,
    fix: "after --config",
    ownFile: true,
    break: () => {},
  },
  {
    finds: "configuration-syntax",
    set: "a quote that is not closed",
    says: /not valid YAML/,
    fix: "a quote that is not closed",
    ownFile: true,
    break: ({ file }) => writeFileSync(file, 'data: "where\n'),
  },
  {
    finds: "configuration-unknown-key",
    set: "a key that is mistyped",
    says: /no setting c2s\.encription.*did you mean encryption\?/,
    fix: "docs/configuration.md",
    break: ({ settings }) => {
      settings.c2s = { encription: "required" };
    },
  },
  {
    finds: "configuration-value",
    set: "a value that is none",
    says: /limits\.connections \(line \d+\) is wrong/,
    fix: "docs/configuration.md",
    break: ({ settings }) => {
      settings.limits = { connections: "many" };
    },
  },
  {
    finds: "configuration-file-named",
    set: "a certificate that is not there",
    says: /domains\[0\]\.certificate \(line \d+\) .*file not found: .*chain\.pem/,
    fix: "relative to the configuration file",
    break: ({ certificate }) => rmSync(certificate),
  },
  {
    finds: "configuration-only-localhost",
    set: "localhost for everybody",
    says: /only domain is localhost/,
    fix: "domains:",
    break: ({ settings }) => {
      settings.domains = [{ name: "localhost" }];
      settings.listen = [{ port: 0 }];
    },
  },
];
