import { z } from "zod";
import { count, duration, section, size } from "#core/settings.ts";

export const settings = section({
  size: size("1 GiB", "The largest file that can be uploaded."),
  quota: size("5 GiB", "What the files of one account may take together, open slots included."),
  quotas: z
    .record(z.string(), size("5 GiB", "What the files of a member may take."))
    .default({})
    .describe(
      "Other quotas for members of groups of the directory, by the names of the groups there: `{ staff: 20 GiB }`. Who is in several has the largest.",
    ),
  keep: z
    .union([z.literal("archive"), duration("7 days", "")])
    .default("archive")
    .describe(
      "How long files are kept, such as `90 days`; `archive`: as long as the archive keeps messages (`mam.keep`), but at least 7 days.",
    ),
  url: z
    .string()
    .refine(isBase, "expected an address such as https://files.example.com/upload/")
    .optional()
    .describe(
      "Where clients reach the files, if that is not the HTTPS port of this server: the address of a reverse proxy, such as `https://files.example.com/upload/`. `{domain}` in it stands for the domain, or the alias of it, that the client uses.",
    ),
  slot: duration("5 minutes", "How long a client may take between asking for leave and beginning to upload."),
  pending: count(50, "Uploads that one account may have asked for and not finished."),
  reserve: size("1 GiB", "Room on the disk that uploads leave free."),
  domains: z
    .array(z.string())
    .default([])
    .describe("Domains elsewhere whose people may upload here, too; without them only accounts of this server may."),
});

export type UploadSettings = ReturnType<(typeof settings)["parse"]>;

/** XEP-0363 §4: only HTTPS. */
function isBase(text: string): boolean {
  const example = text.replaceAll("{domain}", "example.com");
  return /^https:\/\/[^/?#\s]+(?:\/[^?#\s]*)?$/.test(example) && URL.canParse(example);
}
