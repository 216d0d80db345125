/** The walls between the rooms (eslint.config.mjs) hold: each of these imports is refused. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ESLint } from 'eslint';

const walls = new ESLint({ ruleFilter: ({ ruleId }) => ruleId.startsWith('import-x/') });

/** What the linter says about a file, once it has one more import. */
async function complaints(file: string, imported?: string): Promise<string[]> {
  const added = imported === undefined ? '' : `import ${JSON.stringify(imported)};\n`;
  const text = added + readFileSync(file, 'utf8');
  const results = await walls.lintText(text, { filePath: file });
  return results.flatMap(({ messages }) => messages.map(({ ruleId }) => ruleId ?? 'no rule'));
}

const PATHS = 'import-x/no-restricted-paths';

describe('walls', () => {
  for (const [file, imported, rule] of [
    ['src/protocol/requests.ts', '../panel/panelModel', PATHS],
    ['src/heatmap/heatmap.ts', '../server/server', PATHS],
    ['src/panel/panel.ts', '../../webview/page/dom', PATHS],
    ['src/samples/finder.ts', '../../test/fixtures/vscode', PATHS],
    ['webview/page/dom.ts', '../sections/graph', PATHS],
    ['webview/sections/graph.ts', '../../src/panel/panelModel', PATHS],
    ['graph/model/selection.ts', '../canvas/view', PATHS],
    ['graph/page/elements.ts', '../../webview/page/dom', PATHS],
    ['src/heatmap/buckets.ts', './decorationStyles', 'import-x/no-cycle'],
  ] as const) {
    it(`keep ${imported} out of ${file}`, async () => {
      assert.deepEqual(await complaints(file), []);
      assert.ok((await complaints(file, imported)).includes(rule));
    });
  }
});
