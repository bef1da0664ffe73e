/** What this folder uses of tr46, which ships no types of its own. */
declare module "tr46" {
  export interface Options {
    readonly checkBidi?: boolean;
    readonly checkHyphens?: boolean;
    readonly checkJoiners?: boolean;
    readonly useSTD3ASCIIRules?: boolean;
    readonly transitionalProcessing?: boolean;
    readonly ignoreInvalidPunycode?: boolean;
  }
  export function toASCII(domain: string, options?: Options & { readonly verifyDNSLength?: boolean }): string | null;
  export function toUnicode(domain: string, options?: Options): { readonly domain: string; readonly error: boolean };
}
