/** How fast somebody may go: `burst` at once, which comes back at `rate` a second. Rate 0: as fast as they like. */
export interface Pace {
  readonly rate: number;
  readonly burst: number;
}

/** What somebody has left: negative while they are to wait. */
export interface Bucket {
  tokens: number;
  /** When that was; milliseconds of whatever clock the caller uses. */
  at: number;
}

/** Nobody waits for longer, in milliseconds. */
const longest = 10_000;

export function fullBucket({ burst }: Pace, now: number): Bucket {
  return { tokens: burst, at: now };
}

/** Takes so much, and says how long to wait until it has come back, in milliseconds; 0: not at all. */
export function spend(bucket: Bucket, amount: number, { rate, burst }: Pace, now: number): number {
  if (rate === 0) return 0;
  bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) * rate) / 1000) - amount;
  bucket.at = now;
  return bucket.tokens >= 0 ? 0 : Math.min(longest, (-bucket.tokens * 1000) / rate);
}

/** Whether all has come back: a bucket that need not be kept. */
export function isFull({ tokens, at }: Bucket, { rate, burst }: Pace, now: number): boolean {
  return tokens + ((now - at) * rate) / 1000 >= burst;
}
