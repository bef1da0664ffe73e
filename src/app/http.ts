import { z } from "zod";
import { type HttpListener, listenHttp } from "#adapters/http/listen.ts";
import { isNetwork } from "#adapters/http/peers.ts";
import type { Certificates } from "#adapters/tcp/certificates.ts";
import { ConnectionCount } from "#adapters/tcp/connection-count.ts";
import { addressGroup } from "#collections/address-group.ts";
import type { HttpRoutes } from "#core/http.ts";
import { duration, flag, section, size } from "#core/settings.ts";
import type { AppSettings } from "./settings.ts";

const usualPort = 5443;
const headerBytes = 16 * 1024;
const paceMs = 15_000;

const listener = z.strictObject({
  port: z.int().min(0).max(65535).describe("TCP port; 0 lets the system choose one."),
  address: z.string().default("::").describe("Address to listen at. `::` is all of them, IPv6 and IPv4."),
  tls: flag(
    true,
    "Whether it is HTTPS, with the certificates of the domains. Without, it is for a reverse proxy on this machine only.",
  ),
});

/** The `http` section of the configuration file. */
export const httpSection = section({
  listen: z
    .array(listener)
    .optional()
    .describe(
      "Where HTTP is served: uploaded files. Left out: HTTPS on port 5443 of all addresses (any free port where those of the section `listen` are so, too); nowhere: `[]`.",
    ),
  "trusted-proxies": z
    .array(z.string().refine(isNetwork, "expected an address or a network, such as 127.0.0.1 or 10.0.0.0/8"))
    .default(["127.0.0.1", "::1"])
    .describe("Reverse proxies whose word counts on who the client is (X-Forwarded-For, X-Forwarded-Proto)."),
  "header-time": duration("10 s", "How long the head of a request may take."),
  idle: duration("60 s", "How long a connection may stay open between two requests."),
  "minimum-rate": size("1 KiB", "What must come or go of a file in a second, on average; slower connections are cut."),
});

/** Where HTTP is served. */
export type HttpPlace = z.output<typeof listener>;

/** The settings with the listeners filled in. */
export interface HttpSettings extends z.output<typeof httpSection> {
  readonly listen: HttpPlace[];
}

/** Fills in where HTTP is served if the file does not say it. */
export function completeHttp({ http, listen }: Pick<AppSettings, "http" | "listen">): HttpSettings {
  const port = listen.every((one) => one.port === 0) ? 0 : usualPort;
  return { ...http, listen: http.listen ?? [{ port, address: "::", tls: true }] };
}

/** A listener for HTTP, and what the configuration says of it. */
export interface OpenHttpListener {
  readonly settings: HttpPlace;
  readonly http: HttpListener;
}

interface Parts {
  readonly configuration: Pick<AppSettings, "limits"> & { readonly http: HttpSettings };
  readonly certificates: Certificates;
  readonly routes: HttpRoutes;
  readonly log: Parameters<typeof listenHttp>[0]["log"];
}

/** Opens one listener of the configuration. @throws Error that says what to do */
export async function openHttp(
  settings: HttpPlace,
  { configuration: { http, limits }, certificates, routes, log }: Parts,
): Promise<OpenHttpListener> {
  // All clients of a reverse proxy come from its address.
  const each = settings.tls ? limits["connections-per-address"] : limits.connections;
  const count = new ConnectionCount(limits.connections, each, log);
  const listener = await listenHttp({
    address: settings.address,
    port: settings.port,
    certificates: settings.tls ? certificates : undefined,
    trustedProxies: http["trusted-proxies"],
    limits: {
      handshakeMs: limits["handshake-time"],
      headerMs: http["header-time"],
      idleMs: http.idle,
      headerBytes,
      bytesInPeriod: (http["minimum-rate"] * paceMs) / 1000,
      periodMs: paceMs,
    },
    admission: {
      add: (address) => count.add(addressGroup(address)),
      remove: (address) => count.remove(addressGroup(address)),
      get open() {
        return count.open;
      },
      get refused() {
        return count.refused;
      },
    },
    routes,
    log,
  });
  if (settings.tls) routes.securePort ??= listener.port;
  return { settings, http: listener };
}
