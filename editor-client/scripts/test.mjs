/**
 * Bundles test/*.test.ts and test/page/*.test.ts (Node 20 cannot read TypeScript) and runs them with
 * node:test. What only a window or a page has is played by test/vscode.ts and test/page/elements.ts.
 */

import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = join(root, 'out', 'test');
const testsIn = (folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name));
const tests = [...testsIn('test'), ...testsIn(join('test', 'page'))];

rmSync(outdir, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: tests.map((path) => ({ in: path, out: basename(path, '.ts') })),
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  alias: { vscode: './test/vscode.ts', 'graph-view': './test/page/elements.ts' },
  loader: { '.html': 'text' },
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
});
const files = tests.map((path) => join(outdir, `${basename(path, '.ts')}.mjs`));
const done = spawnSync(process.execPath, ['--enable-source-maps', '--test', '--test-reporter=spec', ...files], {
  stdio: 'inherit',
});
process.exit(done.status ?? 1);
