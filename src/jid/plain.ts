/**
 * Quick checks for parts of an address that are already in their prepared form, as nearly all are: short ASCII in lower
 * case. They only ever say yes to what the profiles leave unchanged; a no decides nothing.
 */

const localFlag = 1;
const labelFlag = 2;
const resourceFlag = 4;
const hyphen = 0x2d;
const dot = 0x2e;

/** The longest text called plain: the limit of a part in octets. */
const maxLength = 1023;
const maxLabelLength = 63;

/** For each ASCII code point the kinds of parts that may hold it anywhere. */
const flags = flagTable();

function flagTable(): Uint8Array {
  const table = new Uint8Array(128);
  for (let code = 0x20; code < 0x7f; code++) {
    const char = String.fromCharCode(code);
    let flag = resourceFlag;
    if (/[!-~]/.test(char) && !/[A-Z"&'/:<>@]/.test(char)) flag |= localFlag;
    if (/[a-z0-9]/.test(char)) flag |= labelFlag;
    table[code] = flag;
  }
  return table;
}

/** Whether a localpart needs no preparation. */
export function isPlainLocal(text: string): boolean {
  return isAll(text, localFlag);
}

/** Whether a resource needs no preparation. */
export function isPlainResource(text: string): boolean {
  return isAll(text, resourceFlag) && text.charCodeAt(0) !== 0x20;
}

/** Whether a domain needs no preparation: labels of letters, digits and single inner hyphens, the last with a letter first. */
export function isPlainDomain(text: string): boolean {
  const length = text.length;
  if (length === 0 || length > maxLength) return false;
  let labelStart = 0;
  let previous = dot;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code < 128 && (flags[code]! & labelFlag) !== 0) {
      if (index - labelStart >= maxLabelLength) return false;
    } else if (code === dot) {
      if (previous === dot || previous === hyphen) return false;
      labelStart = index + 1;
    } else if (code !== hyphen || previous === dot || previous === hyphen || index - labelStart >= maxLabelLength) {
      return false;
    }
    previous = code;
  }
  if (previous === dot || previous === hyphen) return false;
  // A last label that begins with a digit may end an IPv4 address, which has a check of its own.
  return text.charCodeAt(labelStart) > 0x39;
}

function isAll(text: string, flag: number): boolean {
  const length = text.length;
  if (length === 0 || length > maxLength) return false;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 128 || (flags[code]! & flag) === 0) return false;
  }
  return true;
}
