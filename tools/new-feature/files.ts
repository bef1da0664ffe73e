/** The name of a feature's export: "last-activity" is `lastActivity`. */
export function exportName(name: string): string {
  return name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

export function indexLine(name: string): string {
  return `import { ${exportName(name)} } from "./${name}/index.ts";`;
}

/** The files a feature begins with, by name. They compile, and their scenario fails until the feature does something. */
export function featureFiles(name: string, xep: number): Record<string, string> {
  const number = String(xep).padStart(4, "0");
  const value = exportName(name);
  return {
    "index.ts": `export { ${value} } from "./${name}.ts";\n`,
    [`${name}.ts`]: `import type { Feature } from "#core/feature.ts";
import { tag } from "#xml/element.ts";

const query = tag("urn:example:${name}", "query");

/** The XEP's title (XEP-${number}): what a person gets from it, in plain words. */
export const ${value}: Feature = {
  name: "${name}",
  xeps: [{ number: ${xep}, version: "0.0.0" }],
  setup(host) {
    host.iq("get", query, "host", () => query());
  },
};
`,
    [`${name}.test.ts`]: `import { scenario } from "#test/harness/scenario.ts";

scenario("${name}: what a person sees (XEP-${number} §…)", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.exchange(
    \`<iq type='get' id='1' to='example.com'><query xmlns='urn:example:${name}'/></iq>\`,
    \`<iq type='result' id='1' from='example.com'><query xmlns='urn:example:${name}'>the XEP's example</query></iq>\`,
  );
});
`,
  };
}
