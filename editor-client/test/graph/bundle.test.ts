/** The committed script of the graph's page is what its sources make. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { build } from 'esbuild';
import { graphPage } from '../../scripts/graph-page.mjs';

it('is fresh: else run `npm run build`', async () => {
  const made = await build({ ...graphPage, absWorkingDir: process.cwd(), write: false });
  const script = made.outputFiles[0]?.text;
  assert.equal(readFileSync('../attribution/graphs/web/page.js', 'utf8'), script);
});
