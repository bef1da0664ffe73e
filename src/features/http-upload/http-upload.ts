import { join } from "node:path";
import { removing } from "#core/account.ts";
import type { Feature } from "#core/feature.ts";
import type { Host, Server } from "#core/host.ts";
import { background } from "#core/log.ts";
import { face, type LocalSession } from "#core/session.ts";
import { describing } from "#features/disco/index.ts";
import { mam } from "#features/mam/index.ts";
import { ended, offBoarding } from "#features/off-boarding/index.ts";
import { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { dataSet } from "#stanza/form.ts";
import type { Iq } from "#stanza/stanza.ts";
import { parseDateTime } from "#stanza/time.ts";
import { type Element, tag } from "#xml/element.ts";
import { prefix, uploadRoute } from "./door.ts";
import { FileError } from "./file-error.ts";
import { Files, type Upload } from "./files.ts";
import { readType, unknownType } from "./names.ts";
import { Quotas } from "./quotas.ts";
import { refusal } from "./refusals.ts";
import { settings, type UploadSettings } from "./settings.ts";
import { Signatures } from "./slots.ts";
import { FileTable, migrations } from "./store.ts";
import { namespace, purposes } from "./tags.ts";
import { Vault } from "./vault.ts";

const request = tag(namespace, "request");
const slotElement = tag(namespace, "slot");
const put = tag(namespace, "put");
const get = tag(namespace, "get");
const ephemeral = tag(purposes, "ephemeral");

const serviceName = { en: "File upload", fr: "Envoi de fichiers" } as const;
const sweepMs = 3_600_000;
const firstSweepMs = 60_000;
/** Whatever becomes of the archive, who is on holiday finds their files. */
const leastKeptMs = 7 * 86_400_000;
const longestName = 1023;

/** What other features may do with files. */
export interface UploadApi {
  readonly files: Files;
}

/**
 * HTTP File Upload (XEP-0363): people send files to anybody, also to rooms and to those who are not connected: the file
 * goes to the server, its link into the message.
 */
export const httpUpload: Feature<UploadSettings, UploadApi> = {
  name: "http-upload",
  xeps: [
    {
      number: 363,
      version: "1.2.0",
      note: "purposes: message and ephemeral",
    },
  ],
  service: { prefix: "upload", name: serviceName },
  settings,
  migrations,
  setup(host, values) {
    // One for all domains.
    const { files, quotas } = host.server.once("http-upload", () => open(host, values));
    quotas.add(host.parent ?? host);
    host.identity({ category: "store", type: "file", name: serviceName });
    for (const purpose of ["message", "ephemeral"]) host.offer(`${purposes}#${purpose}`);
    host.on(describing, "amend", ({ to, node, forms }) => {
      if (to.isDomain && node === undefined) forms.push(dataSet(namespace, { "max-file-size": [`${files.largest}`] }));
    });
    const desk = new Desk(host, files, values);
    host.iq("get", request, "host", (iq, payload, origin) => desk.answer(iq, payload, origin));
    host.parent?.on(removing, "record", async ({ account }) => void (await files.forget(account.bare.toString())));
    host.parent?.on(ended, "record", ({ account }) => files.revoke(account.bare.toString()));
    return { files, quotas };
  },
};

/** The files of everybody, for whoever stands beside: a bridge, a command. Undefined before the service is set up. */
export function uploadedFiles({ router }: Pick<Server, "router">): Files | undefined {
  for (const other of router.hosts.values()) {
    if (other.where === "service" && other.domain.startsWith("upload.")) {
      return other.view("http-upload").use(httpUpload).files;
    }
  }
  return undefined;
}

interface Shared extends UploadApi {
  readonly quotas: Quotas;
}

function open(host: Host, values: UploadSettings): Shared {
  const { server, log } = host;
  const archiveMs = Math.max(host.parent?.use(mam).keepMs ?? 0, leastKeptMs);
  const quotas = new Quotas(values.quota, values.quotas);
  const signatures = new Signatures(server.secret("http-upload slots"));
  const files = new Files({
    vault: new Vault(join(server.folder, "files")),
    table: new FileTable(host.db),
    signatures,
    quotas,
    limits: {
      size: values.size,
      pending: values.pending,
      reserve: values.reserve,
      slotMs: values.slot,
      keepMs: values.keep === "archive" ? archiveMs : values.keep,
    },
    exists: (account) => existsHere(host, account),
    base: (name) => baseOf(host, values.url, name),
    names: () => namesOf(host),
    log,
  });
  host.stopping(server.http.route(uploadRoute(files, signatures)));
  const stopped = new AbortController();
  const work = () => background(log, files.sweep(stopped.signal), "old files not deleted");
  const first = setTimeout(work, firstSweepMs).unref();
  const timer = setInterval(work, sweepMs).unref();
  host.stopping(() => {
    clearTimeout(first);
    clearInterval(timer);
    stopped.abort();
  });
  return { files, quotas };
}

function existsHere(host: Host, account: string): boolean | Promise<boolean> {
  const [local = "", domain = ""] = account.split("@");
  const own = host.server.router.hosts.get(domain);
  if (own === undefined || own.where !== "accounts") return true;
  return !own.view("http-upload").use(offBoarding).isLocked(Jid.parse(account)) && own.accounts.exists(local);
}

function namesOf({ server: { router, faces } }: Host): string[] {
  const domains = [...router.hosts.values()].filter(({ where }) => where === "accounts").map(({ domain }) => domain);
  return domains.flatMap((domain) => [domain, ...faces.aliases(domain)]);
}

function baseOf({ server }: Host, url: string | undefined, name: string): string | undefined {
  if (url !== undefined) {
    const base = new URL(url.replaceAll("{domain}", name)).href;
    return base.endsWith("/") ? base : `${base}/`;
  }
  const origin = server.http.origin(name);
  return origin === undefined ? undefined : `${origin}${prefix}`;
}

/** Gives slots out (XEP-0363 §4). */
class Desk {
  readonly #host: Host;
  readonly #files: Files;
  readonly #domains: ReadonlySet<string>;

  constructor(host: Host, files: Files, { domains }: UploadSettings) {
    this.#host = host;
    this.#files = files;
    this.#domains = new Set(domains);
  }

  async answer(iq: Iq, payload: Element, origin: LocalSession | undefined): Promise<Element> {
    if (!this.#mayUpload(iq.from)) throw refusal("stranger");
    const upload = readRequest(iq.from.bare.toString(), payload);
    const name = this.#faceOf(origin);
    if (!this.#files.reachable(name)) {
      this.#host.log.warn("no slot was given: there is neither an HTTPS listener nor http-upload.url", { name });
      throw new StanzaError("service-unavailable");
    }
    try {
      const slot = await this.#files.reserve(upload);
      return slotElement(
        {},
        put({ url: this.#files.uploadLink(slot, name) }),
        get({ url: this.#files.link(slot, name) }),
      );
    } catch (error) {
      throw error instanceof FileError
        ? refusal(error.reason, { largest: this.#files.largest, retry: error.retry })
        : error;
    }
  }

  #mayUpload({ local, domain }: Jid): boolean {
    if (local === "") return false;
    return this.#host.server.router.hosts.get(domain)?.where === "accounts" || this.#domains.has(domain);
  }

  /** The name under which the client knows us: its certificate is the one that the client has seen. */
  #faceOf(origin: LocalSession | undefined): string {
    const alias = origin?.get(face) ?? "";
    return alias === "" ? (this.#host.parent ?? this.#host).domain : alias;
  }
}

/** @throws StanzaError bad-request */
function readRequest(account: string, payload: Element): Upload {
  const { filename, size, "content-type": type } = payload.attrs;
  if (filename === undefined || filename === "" || filename.length > longestName) throw refusal("name");
  if (size === undefined || !/^0*[1-9]\d*$/.test(size)) throw refusal("size");
  const read = type === undefined || type === "" ? "" : readType(type);
  if (read === undefined) throw refusal("type");
  return {
    account,
    name: filename,
    size: Number(size),
    type: read === unknownType ? "" : read, // the same as not to know
    until: readEnd(payload),
  };
}

/** §5.3: when the file has to go at the latest. */
function readEnd(payload: Element): Date | undefined {
  const asked = payload.child(ephemeral);
  if (asked === undefined) return undefined;
  const end = parseDateTime(asked.attrs["expire-before"] ?? "");
  if (end === undefined || end.getTime() <= Date.now()) throw refusal("end");
  return end;
}
