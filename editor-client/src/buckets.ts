/**
 * Which of the few decoration types paints a token.
 *
 * Relevance is heavy-tailed: a handful of tokens carry most of it. Levels therefore grow with the
 * square root of the magnitude, which keeps the second tier visible beside the largest token.
 */

export const LEVELS = 4;

/** Magnitudes below this are noise next to the strongest token: they stay unpainted. */
export const FLOOR = 0.02;

export type Sign = 'positive' | 'negative';
export type Bucket = `${Sign}${1 | 2 | 3 | 4}` | 'template';

export const SIGNS: readonly Sign[] = ['positive', 'negative'];

export const BUCKETS: readonly Bucket[] = [
  ...SIGNS.flatMap((sign) => ([1, 2, 3, 4] as const).map((level): Bucket => `${sign}${level}`)),
  'template',
];

/** The part of a span that decides about its colour. */
export interface Weighted {
  value: number;
  role: 'template' | 'prompt' | 'output';
}

/**
 * The bucket of one token, or null where it stays unpainted.
 *
 * @param intensity factor on the value: above 1 weaker tokens show, below 1 they vanish
 */
export function bucketOf(span: Weighted, intensity: number): Bucket | null {
  if (span.role === 'template') return 'template';
  const magnitude = Math.min(1, Math.abs(span.value) * intensity);
  // Written so that a NaN stays unpainted too.
  if (!(magnitude >= FLOOR)) return null;
  const level = Math.max(1, Math.ceil(Math.sqrt(magnitude) * LEVELS)) as 1 | 2 | 3 | 4;
  return `${span.value > 0 ? 'positive' : 'negative'}${level}`;
}

/** Sorts spans into buckets. Every bucket is present: an empty list takes old paint away. */
export function sortIntoBuckets<S extends Weighted>(
  spans: readonly S[],
  intensity: number,
): Map<Bucket, S[]> {
  const sorted = new Map<Bucket, S[]>(BUCKETS.map((bucket) => [bucket, []]));
  for (const span of spans) {
    const bucket = bucketOf(span, intensity);
    if (bucket !== null) sorted.get(bucket)?.push(span);
  }
  return sorted;
}
