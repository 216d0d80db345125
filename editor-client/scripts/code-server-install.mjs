/**
 * Puts code-server (VS Code in the browser) and the Node it needs into a cache folder.
 *
 * Safe to run again (it does nothing when the folder is complete), by two processes at once
 * (each installs aside; the first to finish wins) and as any user. Only npm is asked.
 *
 * As a program it prints the folder:  node scripts/code-server-install.mjs
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export const CODE_SERVER_VERSION = '4.139.1';
export const NODE_VERSION = '24.21.0';

/** The folder that large downloads are kept in, shared with the Python side. */
export function cacheDir() {
  if (process.env.TOKENBLAME_CACHE_DIR) return process.env.TOKENBLAME_CACHE_DIR;
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tokenblame');
}

/** The npm package that carries the Node binary for this machine. */
function nodePackage() {
  return `node-${process.platform}-${process.arch}`;
}

/** Where the two programs lie in an installed folder `root`. */
function layout(root) {
  const modules = join(root, 'node_modules');
  return {
    root,
    node: join(modules, nodePackage(), 'bin', 'node'),
    entry: join(modules, 'code-server', 'out', 'node', 'entry.js'),
  };
}

/** Runs npm in `cwd`; ends in an error that carries npm's own words. */
function npm(args, cwd, nodeBin) {
  const path = nodeBin ? `${nodeBin}:${process.env.PATH}` : process.env.PATH;
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const done = spawnSync('npm', [...args, ...quiet], {
    cwd,
    env: { ...process.env, PATH: path, npm_config_update_notifier: 'false' },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (done.error) throw new Error(`npm could not be started (${done.error.message}); install npm`);
  if (done.status !== 0) {
    throw new Error(`npm ${args.join(' ')} failed in ${cwd}:\n${done.stderr || done.stdout}`);
  }
}

/** Fills `root`. VS Code's own dependencies live in two folders of the code-server package. */
function installInto(root, say) {
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, 'package.json'), '{"private": true}\n');
  say(`Node ${NODE_VERSION} (code-server ${CODE_SERVER_VERSION} needs that major version) …`);
  npm(['install', `${nodePackage()}@${NODE_VERSION}`], root);
  const nodeBin = join(root, 'node_modules', nodePackage(), 'bin');
  say(`code-server ${CODE_SERVER_VERSION} …`);
  npm(['install', `code-server@${CODE_SERVER_VERSION}`], root, nodeBin);
  const vscode = join(root, 'node_modules', 'code-server', 'lib', 'vscode');
  for (const folder of [vscode, join(vscode, 'extensions')]) {
    say(`dependencies of ${folder.slice(root.length + 1)} …`);
    npm(['install', '--omit=dev'], folder, nodeBin);
  }
}

/**
 * Returns `{root, node, entry}` of an installed code-server, installing it when it is absent.
 *
 * @param {(line: string) => void} say told what is being done
 */
export function ensureCodeServer(say = (line) => console.error(line)) {
  const root = join(cacheDir(), `code-server-${CODE_SERVER_VERSION}`);
  if (existsSync(layout(root).entry)) return layout(root);
  say(`Installing VS Code for the browser into ${root} (about 800 MB, once; a minute or two).`);
  const aside = `${root}.partial-${process.pid}`;
  try {
    installInto(aside, (line) => say(`  ${line}`));
    renameSync(aside, root);
  } catch (error) {
    // Another process may have put the same thing there in the meantime: then all is well.
    if (!existsSync(layout(root).entry)) throw error;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return layout(root);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    console.log(ensureCodeServer().root);
  } catch (error) {
    console.error(`tokenblame: ${error.message}`);
    process.exit(1);
  }
}
