/** One value of ASN.1's DER (X.690): its tag, its content, and where the next one begins. */
export interface Value {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly end: number;
}

/** Reads the value at an offset; undefined where there is none. Tags of one byte, lengths up to four. */
export function readValue(bytes: Uint8Array, offset = 0): Value | undefined {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) return undefined;
  let length = first;
  let start = offset + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4) return undefined;
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[start + i] ?? 0);
    start += count;
  }
  const end = start + length;
  return end > bytes.length ? undefined : { tag, content: bytes.subarray(start, end), end };
}

/** The values that a constructed value consists of. */
export function readAll(content: Uint8Array): readonly Value[] {
  const values: Value[] = [];
  let offset = 0;
  for (;;) {
    const value = readValue(content, offset);
    if (value === undefined) return values;
    values.push(value);
    offset = value.end;
  }
}

/** An object identifier in dotted form. */
export function readOid(content: Uint8Array): string {
  const numbers: number[] = [];
  let number = 0;
  for (const byte of content) {
    number = number * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    numbers.push(number);
    number = 0;
  }
  const first = numbers[0] ?? 0;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...numbers.slice(1)].join(".");
}

/** An extension of a certificate: who does not understand a critical one must not use the certificate. */
export interface CertificateExtension {
  /** Dotted. */
  readonly identifier: string;
  readonly critical: boolean;
  /** DER. */
  readonly value: Uint8Array;
}

/** The extensions of a certificate in DER (RFC 5280 §4.1). */
export function readExtensions(certificate: Uint8Array): readonly CertificateExtension[] {
  const outer = readValue(certificate);
  const [toBeSigned] = outer === undefined ? [] : readAll(outer.content);
  const explicit = toBeSigned && readAll(toBeSigned.content).find(({ tag }) => tag === 0xa3);
  const extensions = explicit && readValue(explicit.content);
  if (extensions === undefined) return [];
  return readAll(extensions.content).flatMap(({ content }) => {
    const [identifier, ...rest] = readAll(content);
    const value = rest.at(-1);
    if (identifier === undefined || value === undefined) return [];
    const critical = rest.length > 1 && rest[0]!.content[0] !== 0;
    return [{ identifier: readOid(identifier.content), critical, value: value.content }];
  });
}
