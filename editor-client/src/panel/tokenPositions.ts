/** Which token stands at a position, and back. Positions are those of LSP, which are VS Code's. */

import type { Position, Range } from 'vscode-languageserver-protocol';
import type { DocumentName, TokenDetails } from '../protocol/serverMessages';

const isBefore = (a: Position, b: Position): boolean =>
  a.line < b.line || (a.line === b.line && a.character < b.character);

const contains = ({ start, end }: Range, at: Position): boolean =>
  !isBefore(at, start) && isBefore(at, end);

/** Index of the token that holds a position; −1: none, e.g. behind the target. */
export function tokenAt(
  tokens: readonly TokenDetails[],
  document: DocumentName,
  at: Position,
): number {
  const token = tokens.find((token) => token.document === document && contains(token.place, at));
  return token?.index ?? -1;
}
