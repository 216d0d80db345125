/**
 * Bundles the extension into out/extension.js, the script and style of its panel into
 * out/panel.{js,css}, and the script of the page that `tokenblame graph --html` writes into the
 * Python package (`--minify` for release, `--watch` to stay).
 */

import { fileURLToPath } from 'node:url';
import { build, context } from 'esbuild';
import { graphPage } from './graph-page.mjs';

const minify = process.argv.includes('--minify');
const shared = {
  absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
  bundle: true,
  loader: { '.html': 'text' },
  minify,
  sourcemap: minify ? false : 'inline',
  logLevel: 'warning',
};

const bundles = [
  {
    ...shared,
    entryPoints: ['src/extension.ts'],
    outfile: 'out/extension.js',
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['vscode'],
  },
  {
    ...shared,
    entryPoints: [
      { in: 'webview/main.ts', out: 'panel' },
      { in: 'webview/styles/panel.css', out: 'panel' },
    ],
    outdir: 'out',
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
  },
  graphPage,
];

if (process.argv.includes('--watch')) {
  for (const options of bundles) await (await context(options)).watch();
} else {
  await Promise.all(bundles.map((options) => build(options)));
}
