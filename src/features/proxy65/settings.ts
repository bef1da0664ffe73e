import { z } from "zod";
import { choice, count, duration, section, size } from "#core/settings.ts";

const place = z.strictObject({
  address: z
    .string()
    .default("::")
    .describe("Address to listen at. `::` is all of them, IPv6 and IPv4; where there is no IPv6 it becomes `0.0.0.0`."),
  port: z.int().min(0).max(65535).default(7777).describe("TCP port; 0 lets the system choose one."),
});

export const settings = section({
  listen: z
    .array(place)
    .default([{ address: "::", port: 7777 }])
    .describe("Where clients connect to pass files on. An empty list: there is no proxy."),
  public: z
    .array(z.string().min(1).max(255))
    .default([])
    .describe(
      "Names or addresses (IPv4, IPv6) under which clients reach the proxy, the best one first: Pidgin tries that one only. Default: the domain, under the name that was asked: the domain's own or an alias.",
    ),
  "public-port": z
    .int()
    .min(0)
    .max(65535)
    .default(0)
    .describe("The port that clients are told, where a router translates it; 0: the one listened at."),
  access: choice(
    ["accounts", "everybody"],
    "accounts",
    "Who may send through the proxy: people with an account here, or anybody. The receiver may always be anybody.",
  ),
  rate: size("0 B", "Bytes a second of one transfer. 0 B: no limit."),
  "bytes-per-day": size("20 GiB", "Bytes that one person may send through the proxy in 24 hours. 0 B: no limit."),
  transfers: count(500, "Transfers at the same time."),
  "transfers-per-account": count(10, "Transfers at the same time that one person has started."),
  "connections-per-address": count(
    100,
    "Connections at the same time from one address (an IPv6 address counts as its /64 network). Each transfer has two.",
  ),
  "handshake-time": duration("10 s", "How long a connection may take to say what it wants."),
  "waiting-time": duration("2 minutes", "How long a connection waits for its transfer to begin."),
  idle: duration("10 minutes", "How long nothing may pass before a transfer is given up."),
});

export type ProxySettings = ReturnType<(typeof settings)["parse"]>;
