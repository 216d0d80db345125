/** How tokens, stages and numbers are spelled. */

const MINUS = '\u2212';

/** Text of a token on one line, with its white space and control characters made visible. */
export function visible(text: string, longest = 40): string {
  const shown = text
    .replaceAll(' ', '\u00b7')
    .replaceAll('\n', '\u21b5')
    .replaceAll('\t', '\u21e5')
    .replace(/\p{Cc}/gu, (character) =>
      character < ' ' ? String.fromCharCode(0x2400 + character.charCodeAt(0)) : character,
    )
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '\ufffd');
  const characters = Array.from(shown);
  if (characters.length > longest) return `${characters.slice(0, longest - 1).join('')}\u2026`;
  return shown || '\u2205';
}

/** "12.mlp" → "layer 12, after the MLP". */
export function stageTitle(name: string): string {
  if (name === 'embedding') return 'embedding';
  const [layer, part] = name.split('.');
  return `layer ${String(layer)}, after the ${part === 'mlp' ? 'MLP' : String(part)}`;
}

/** Logit units with a sign and three figures. */
export function signed(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  const text = size && size < 5e-4 ? size.toExponential(1) : size.toFixed(digits);
  return (value < 0 ? MINUS : '+') + text.replace('e-', `e${MINUS}`);
}

export const percent = (share: number): string =>
  `${(100 * share).toFixed(1)} %`.replace('-', MINUS);
