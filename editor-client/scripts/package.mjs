/**
 * Builds out/tokenblame.vsix, after installing what the build needs where that is missing or older
 * than package-lock.json. As a program it prints the path:  node scripts/package.mjs
 */

import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function npm(...args) {
  const done = spawnSync('npm', args, { cwd: root, encoding: 'utf8' });
  if (done.error) throw new Error(`npm could not be started (${done.error.message}); install npm`);
  if (done.status !== 0) {
    throw new Error(`npm ${args.join(' ')} failed:\n${done.stdout}${done.stderr}`);
  }
}

/** Whether node_modules is what package-lock.json asks for. */
function installed() {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  return statSync(record).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

/**
 * Returns the path of a fresh .vsix.
 *
 * @param {(line: string) => void} say told what is being done
 */
export function packageExtension(say = (line) => console.error(line)) {
  if (!installed()) {
    say('Installing what the extension is built with …');
    npm('ci', '--ignore-scripts', '--no-audit', '--no-fund');
  }
  say('Building the extension …');
  npm('run', 'package');
  return join(root, 'out', 'tokenblame.vsix');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    console.log(packageExtension());
  } catch (error) {
    console.error(`tokenblame: ${error.message}`);
    process.exit(1);
  }
}
