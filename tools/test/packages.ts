import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * Which of the Debian packages that a test file needs are not installed. It names them in its first lines:
 * `// needs: python3-slixmpp finch`.
 */
export function missingPackages(file: string): string[] {
  return neededPackages(readFileSync(file, "utf8")).filter((name) => !isInstalled(name));
}

export function neededPackages(source: string): string[] {
  const line = /^\/\/ needs: (.+)$/m.exec(source)?.[1] ?? "";
  return line.split(/[\s,]+/).filter((name) => name !== "");
}

function isInstalled(name: string): boolean {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own
  const { status, stdout } = spawnSync("dpkg-query", ["-W", "-f", "${Status}", name], { encoding: "utf8" });
  return status === 0 && stdout.endsWith(" installed");
}
