/**
 * How the script of the graph's page is made. The result is committed, since those who install the
 * Python package have no Node.js; test/graph/bundle.test.ts fails where it is stale.
 */

import { fileURLToPath } from 'node:url';

/** Options of esbuild. */
export const graphPage = {
  absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
  entryPoints: ['graph/main.ts'],
  outfile: '../attribution/graphs/web/page.js',
  bundle: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  banner: { js: '// Made from editor-client/graph by `npm run build`; do not edit.' },
  logLevel: 'warning',
};
