/**
 * Opens a folder of samples in VS Code in the browser, with this extension (`make editor`).
 *
 *   node scripts/open-editor.mjs FOLDER [--python PATH] [--file PATH] [--vsix PATH]
 *
 * FOLDER   a folder with samples such as HumanEval_65/0.py
 * --python the interpreter that has Token Blame (default: the extension looks for one)
 * --file   the sample to open at once
 * --vsix   the extension (default: built here)
 *
 * VS Code listens on 127.0.0.1 only, keeps its data in a temporary folder, and everything ends
 * with Ctrl-C. Workspace trust is off here, so the folder counts as trusted: samples in it are run
 * (in the test runner's sandbox).
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureCodeServer } from './code-server-install.mjs';
import { folderUrl, startCodeServer } from './code-server.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const say = (line) => console.error(line);

/** An error whose message is all that the user needs. */
class UsageError extends Error {}

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { python: { type: 'string' }, file: { type: 'string' }, vsix: { type: 'string' } },
  });
  if (positionals.length !== 1) throw new UsageError('name one folder with samples');
  const folder = resolve(positionals[0]);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new UsageError(`${folder} is no folder`);
  }
  const file = values.file && resolve(values.file);
  if (file && !existsSync(file)) throw new UsageError(`${file} does not exist`);
  return { ...values, folder, file };
}

/** Builds the extension's .vsix and returns its path. */
function buildVsix() {
  say('Building the extension …');
  for (const args of [['ci', '--ignore-scripts', '--no-audit', '--no-fund'], ['run', 'package']]) {
    if (args[0] === 'ci' && existsSync(join(root, 'node_modules', '.package-lock.json'))) continue;
    const done = spawnSync('npm', args, { cwd: root, encoding: 'utf8' });
    if (done.error) throw new UsageError(`npm is needed: ${done.error.message}`);
    if (done.status !== 0) throw new Error(`npm ${args.join(' ')}:\n${done.stdout}${done.stderr}`);
  }
  return join(root, 'out', 'tokenblame.vsix');
}

function explain(url, folder) {
  say('');
  say(`VS Code is open at  ${url}`);
  say('');
  say(`  It shows ${folder} and counts it as trusted: its samples are run in a sandbox.`);
  say('  Open a sample (HumanEval_…/0.py) and wait for the squiggle and the colours: the first');
  say('  time the model is loaded and the tests are run, which takes a minute or more; the status');
  say('  bar tells. Then hover a token, or edit the docstring and watch.');
  say('  Ctrl-C here ends VS Code, server and engine connection.');
}

async function main() {
  const { folder, python, file, vsix } = readArguments();
  const extension = vsix ? resolve(vsix) : buildVsix();
  const installed = ensureCodeServer(say);
  const home = mkdtempSync(join(tmpdir(), 'tokenblame-editor-'));
  const settings = python ? { 'tokenblame.python': resolve(python) } : {};
  try {
    say('Starting VS Code …');
    const editor = await startCodeServer({ installed, home, vsix: extension, settings });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, editor.stop);
    explain(folderUrl(editor.url, folder, file), folder);
    await editor.ended;
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

try {
  await main();
} catch (error) {
  const usage = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS');
  console.error(`tokenblame: ${error.message}`);
  process.exitCode = usage ? 2 : 1;
}
