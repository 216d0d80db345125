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
export type Level = 1 | 2 | 3 | 4;
export type Bucket = `${Sign}${Level}` | 'template';

export const SIGNS: readonly Sign[] = ['positive', 'negative'];
export const EVERY_LEVEL: readonly Level[] = [1, 2, 3, 4];

export const BUCKETS: readonly Bucket[] = [
  ...SIGNS.flatMap((sign) => EVERY_LEVEL.map((level): Bucket => `${sign}${level}`)),
  'template',
];

/** The part of a span that decides about its colour. */
export interface Weighted {
  value: number;
  role: 'template' | 'prompt' | 'output';
}

/** What the user wants to see of the map. */
export interface HeatMapOptions {
  /** Factor on the values: above 1 weaker tokens show, below 1 they vanish. */
  intensity: number;
  positive: boolean;
  negative: boolean;
  template: boolean;
}

/** The bucket of one token, or null where it stays unpainted. */
export function bucketOf(span: Weighted, options: HeatMapOptions): Bucket | null {
  if (span.role === 'template') return options.template ? 'template' : null;
  const magnitude = Math.min(1, Math.abs(span.value) * options.intensity);
  // Written so that a NaN stays unpainted too.
  if (!(magnitude >= FLOOR)) return null;
  const sign: Sign = span.value > 0 ? 'positive' : 'negative';
  if (!options[sign]) return null;
  return `${sign}${Math.max(1, Math.ceil(Math.sqrt(magnitude) * LEVELS)) as Level}`;
}

/** Sorts spans into buckets. Every bucket is present: an empty list takes old paint away. */
export function sortIntoBuckets<S extends Weighted>(
  spans: readonly S[],
  options: HeatMapOptions,
): Map<Bucket, S[]> {
  const sorted = new Map<Bucket, S[]>(BUCKETS.map((bucket) => [bucket, []]));
  for (const span of spans) {
    const bucket = bucketOf(span, options);
    if (bucket !== null) sorted.get(bucket)?.push(span);
  }
  return sorted;
}
