/** The smallest single replacement that makes one text of another; it splits no character. */

export interface Replacement {
  /** Offsets into the old text. */
  start: number;
  end: number;
  text: string;
}

export function difference(old: string, text: string): Replacement {
  const most = Math.min(old.length, text.length);
  let start = 0;
  while (start < most && old[start] === text[start]) start += 1;
  if (isHigh(old.charCodeAt(start - 1))) start -= 1;
  let tail = 0;
  while (tail < most - start && old.at(-1 - tail) === text.at(-1 - tail)) tail += 1;
  if (isLow(old.charCodeAt(old.length - tail))) tail -= 1;
  return { start, end: old.length - tail, text: text.slice(start, text.length - tail) };
}

/** First half of a surrogate pair. */
function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

/** Second half of a surrogate pair. */
function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
