/** Bundles test/*.test.ts (Node 20 cannot read TypeScript) and runs them with node:test. */

import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = join(root, 'out', 'test');
const tests = readdirSync(join(root, 'test')).filter((name) => name.endsWith('.test.ts'));

rmSync(outdir, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: tests.map((name) => join('test', name)),
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  loader: { '.html': 'text' },
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
});
const files = tests.map((name) => join(outdir, `${basename(name, '.ts')}.mjs`));
const done = spawnSync(process.execPath, ['--enable-source-maps', '--test', '--test-reporter=spec', ...files], {
  stdio: 'inherit',
});
process.exit(done.status ?? 1);
