/** Relevance by layer: of single tokens, and of all tokens of a kind. No page here. */

import type { Role, TokenDetails } from '../../src/protocol/serverMessages';

export interface Profile {
  title: string;
  /** At the embedding, then at the end of each layer. */
  values: number[];
}

const GROUPS: Record<Role, string> = {
  prompt: 'the prompt',
  output: 'what the model wrote before',
  template: 'template and first token',
};

const summed = (profile: readonly number[][], wanted: (token: number) => boolean): number[] =>
  profile.map((row) => row.reduce((sum, value, token) => (wanted(token) ? sum + value : sum), 0));

/** All tokens of a role together: where the decision moves from the prompt to the last token. */
export function groups(tokens: readonly TokenDetails[], profile: readonly number[][]): Profile[] {
  return (Object.keys(GROUPS) as Role[])
    .filter((role) => tokens.some((token) => token.role === role))
    .map((role) => ({
      title: GROUPS[role],
      values: summed(profile, (token) => tokens[token]?.role === role),
    }));
}

/** One token. */
export function ofToken(token: TokenDetails, profile: readonly number[][]): Profile {
  return { title: token.text, values: profile.map((row) => row[token.index] ?? 0) };
}

/** The tokens that matter most, strongest first; the template counts last, as it dwarfs all. */
export function strongest(tokens: readonly TokenDetails[], most: number): TokenDetails[] {
  const size = (token: TokenDetails): number => Math.abs(token.relevance);
  const counted = tokens.filter((token) => token.role !== 'template');
  return counted.sort((a, b) => size(b) - size(a)).slice(0, most);
}

export const layerName = (index: number): string =>
  index === 0 ? 'embedding' : `layer ${index - 1}`;
