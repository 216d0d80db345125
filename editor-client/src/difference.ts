/** The smallest single replacement that makes one text of another. */

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
  let tail = 0;
  while (tail < most - start && old.at(-1 - tail) === text.at(-1 - tail)) tail += 1;
  return { start, end: old.length - tail, text: text.slice(start, text.length - tail) };
}
