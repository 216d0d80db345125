/**
 * Copies the Python packages into out/python, from where the extension installs them into an
 * environment of its own: so that server and extension are always of one version.
 */

import { cpSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const target = fileURLToPath(new URL('../out/python', import.meta.url));

/** What pip needs to build and install the packages. */
const PARTS = [
  'attribution',
  'lsp_server',
  'pyproject.toml',
  'constraints.txt',
  'README.md',
  'LICENSE',
];

const isSource = (path) => basename(path) !== '__pycache__' && !path.endsWith('.pyc');

rmSync(target, { recursive: true, force: true });
for (const part of PARTS) {
  cpSync(join(repository, part), join(target, part), { recursive: true, filter: isSource });
}
