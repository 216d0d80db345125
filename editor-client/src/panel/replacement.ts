/** The smallest single replacement that makes one text of another; it splits no character. */

export interface Replacement {
  /** Offsets into the old text. */
  start: number;
  end: number;
  text: string;
}

export function smallestReplacement(before: string, after: string): Replacement {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start += 1;
  if (isHigh(before.charCodeAt(start - 1))) start -= 1;
  let tail = 0;
  while (tail < most - start && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  if (isLow(before.charCodeAt(before.length - tail))) tail -= 1;
  return { start, end: before.length - tail, text: after.slice(start, after.length - tail) };
}

/** First half of a surrogate pair. */
function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

/** Second half of a surrogate pair. */
function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
