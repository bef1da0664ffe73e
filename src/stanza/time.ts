/** A moment in the profile of XEP-0082 §3.2, in UTC with milliseconds. */
export function formatDateTime(moment: Date): string {
  return moment.toISOString();
}

/** Reads a DateTime of XEP-0082 §3.2; undefined where it is not one. */
export function parseDateTime(text: string): Date | undefined {
  if (!/^-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const moment = new Date(text);
  return Number.isNaN(moment.getTime()) ? undefined : moment;
}
