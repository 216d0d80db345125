/**
 * Opens a folder of samples in VS Code in the browser, with this extension (`make editor`).
 *
 *   node scripts/open-editor.mjs FOLDER [--python PATH] [--file PATH] [--model NAME] [--vsix PATH]
 *
 * FOLDER   a folder with samples such as HumanEval_65/0.py
 * --python the interpreter that has Token Blame (default: the extension looks for one)
 * --file   the sample to open at once (default: the first in FOLDER)
 * --model  the model that explains: name, folder or hub id (default: the extension's)
 * --vsix   the extension (default: built here)
 *
 * VS Code listens on 127.0.0.1 only, keeps its data in a temporary folder, and everything ends
 * with Ctrl-C. Workspace trust is off here, so the folder counts as trusted: samples in it are run
 * (in the test runner's sandbox).
 */

import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureCodeServer } from './code-server-install.mjs';
import { folderUrl, startCodeServer } from './code-server.mjs';
import { packageExtension } from './package.mjs';

const say = (line) => console.error(line);

/** An error whose message is all that the user needs. */
class UsageError extends Error {}

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      python: { type: 'string' },
      file: { type: 'string' },
      model: { type: 'string' },
      vsix: { type: 'string' },
    },
  });
  if (positionals.length !== 1) throw new UsageError('name one folder with samples');
  const folder = resolve(positionals[0]);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new UsageError(`${folder} is no folder; \`make demo\` writes samples into one`);
  }
  const file = values.file ? resolve(values.file) : firstSample(folder);
  if (file && !existsSync(file)) throw new UsageError(`${file} does not exist`);
  return { ...values, folder, file };
}

/** The first sample in a folder of EvalPlus' layout. */
function firstSample(folder) {
  const tasks = readdirSync(folder).filter((name) => /^(HumanEval|Mbpp)_\d+$/.test(name));
  for (const task of tasks.sort()) {
    const samples = readdirSync(join(folder, task)).filter((name) => name.endsWith('.py'));
    if (samples.length > 0) return join(folder, task, samples.sort()[0]);
  }
  return undefined;
}

function explain(url, folder) {
  say('');
  say(`VS Code is open at  ${url}`);
  say('');
  say(`  It shows ${folder} and counts it as trusted: its samples are run in a sandbox.`);
  say('  Wait for the squiggle and the colours: the first time the model is loaded and the tests');
  say('  are run, which takes a minute or more; the status bar tells. Then hover a token, or edit');
  say('  the docstring and watch.');
  say('  Ctrl-C here ends VS Code and its language server; the engine leaves when idle.');
}

async function main() {
  const { folder, python, file, model, vsix } = readArguments();
  const extension = vsix ? resolve(vsix) : packageExtension(say);
  const installed = ensureCodeServer(say);
  const home = mkdtempSync(join(tmpdir(), 'tokenblame-editor-'));
  const settings = {
    ...(python && { 'tokenblame.python': resolve(python) }),
    ...(model && { 'tokenblame.model': model }),
  };
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
