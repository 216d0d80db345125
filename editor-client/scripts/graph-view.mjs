/**
 * Lets the webview import the drawing code of the page that `tokenblame graph --html` writes: its
 * scripts are plain ones that share a scope, so they become one module, `graph-view`.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const web = fileURLToPath(new URL('../../attribution/graphs/web', import.meta.url));

/** What graph-view.d.ts declares. */
const EXPORTS = ['openGraph', 'make', 'signed', 'percent', 'visible'];

function scripts() {
  const names = JSON.parse(readFileSync(join(web, 'scripts.json'), 'utf8'));
  return names.map((name) => join(web, `${name}.js`));
}

/** A plugin of esbuild. */
export const graphView = {
  name: 'graph-view',
  setup(build) {
    build.onResolve({ filter: /^graph-view$/ }, () => ({ path: web, namespace: 'graph-view' }));
    build.onLoad({ filter: /.*/, namespace: 'graph-view' }, () => {
      const files = scripts();
      const parts = files.map((file) => readFileSync(file, 'utf8'));
      const contents = [...parts, `export { ${EXPORTS.join(', ')} };`].join('\n');
      return { contents, loader: 'js', resolveDir: web, watchFiles: files };
    });
  },
};
