/**
 * Bundles the tests below test/ (Node 20 cannot read TypeScript) and runs them with node:test. What
 * only a window or a page has is played by test/fixtures/vscode.ts and test/webview/elements.ts.
 */

import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = join(root, 'out', 'test');
const tests = readdirSync(join(root, 'test'), { recursive: true })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => join('test', name));

/** One flat folder; rooms may have tests of one name. */
const outName = (path) => path.slice('test/'.length, -'.ts'.length).replaceAll(sep, '.');

rmSync(outdir, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: tests.map((path) => ({ in: path, out: outName(path) })),
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  alias: { vscode: './test/fixtures/vscode.ts' },
  // It finds its plugins and rules by itself.
  external: ['eslint', 'esbuild'],
  loader: { '.html': 'text' },
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
});
const files = tests.map((path) => join(outdir, `${outName(path)}.mjs`));
const environment = process.argv.includes('--update-golden') ? { UPDATE_GOLDEN: '1' } : {};
const done = spawnSync(
  process.execPath,
  ['--enable-source-maps', '--test', '--test-reporter=spec', ...files],
  { stdio: 'inherit', env: { ...process.env, ...environment } },
);
process.exit(done.status ?? 1);
