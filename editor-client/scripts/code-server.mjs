/** Runs a VS Code in the browser with one extension and settings of its own, and ends it. */

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** No marketplace: nothing is looked up or offered outside this machine. */
const NO_GALLERY = JSON.stringify({ serviceUrl: 'http://127.0.0.1:9/none' });

/** What keeps a fresh VS Code quiet and its documents as typed. */
const QUIET = {
  'files.autoSave': 'off',
  'editor.quickSuggestions': { other: 'off', comments: 'off', strings: 'off' },
  'editor.minimap.enabled': false,
  // VS Code marks the word under the caret by itself, which would cover the heat map.
  'editor.occurrencesHighlight': 'off',
  'editor.wordBasedSuggestions': 'off',
  'chat.disableAIFeatures': true,
  'telemetry.telemetryLevel': 'off',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
};

function serverEnv(installed) {
  const env = { ...process.env, EXTENSIONS_GALLERY: NO_GALLERY };
  env.PATH = `${dirname(installed.node)}:${process.env.PATH}`;
  // Set inside a VS Code terminal, these would make code-server talk to that VS Code instead.
  delete env.VSCODE_IPC_HOOK_CLI;
  delete env.PORT;
  return env;
}

function commonFlags(home) {
  const folders = [
    '--user-data-dir',
    join(home, 'data'),
    '--extensions-dir',
    join(home, 'extensions'),
  ];
  // Without it code-server writes a password into the user's own configuration.
  return [...folders, '--config', join(home, 'config.yaml')];
}

/** Installs `vsix` into the private extensions folder of `home`. */
function installExtension(installed, home, vsix) {
  const args = [installed.entry, ...commonFlags(home), '--install-extension', vsix];
  const done = spawnSync(installed.node, args, { env: serverEnv(installed), encoding: 'utf8' });
  if (done.status !== 0) {
    throw new Error(`the extension ${vsix} did not install:\n${done.stdout}${done.stderr}`);
  }
}

/** Resolves with the address that code-server prints once it listens. */
function address(child) {
  return new Promise((resolve, reject) => {
    let said = '';
    const read = (chunk) => {
      said += chunk;
      const match = /listening on (http:\/\/[^\s/]+)/.exec(said);
      if (match) resolve(match[1]);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`code-server ended (${code}):\n${said}`)));
  });
}

/** Ends the whole process group: code-server, VS Code, extension host, language server. */
async function endGroup(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  process.kill(-child.pid, 'SIGTERM');
  const hard = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), 10_000);
  await gone;
  clearTimeout(hard);
}

/**
 * Starts VS Code on a free local port.
 *
 * @param {object} options
 * @param {{node: string, entry: string}} options.installed from `ensureCodeServer`
 * @param {string} options.home a fresh folder for user data and extensions
 * @param {string} options.vsix the extension to install
 * @param {object} options.settings user settings beside the quiet ones
 * @param {boolean} [options.askTrust] whether folders start out untrusted (default: all trusted)
 * @returns {Promise<{url: string, stop: () => Promise<void>, ended: Promise<void>}>}
 */
export async function startCodeServer({ installed, home, vsix, settings, askTrust = false }) {
  const user = join(home, 'data', 'User');
  mkdirSync(user, { recursive: true });
  writeFileSync(join(user, 'settings.json'), JSON.stringify({ ...QUIET, ...settings }, null, 2));
  // Once the window writes a setting of its own, those of the machine count from its own file only.
  const machine = join(home, 'data', 'Machine');
  mkdirSync(machine, { recursive: true });
  writeFileSync(join(machine, 'settings.json'), JSON.stringify(settings, null, 2));
  installExtension(installed, home, vsix);
  const flags = ['--auth', 'none', '--bind-addr', '127.0.0.1:0'];
  flags.push('--disable-telemetry', '--disable-update-check');
  if (!askTrust) flags.push('--disable-workspace-trust');
  flags.push('--disable-getting-started-override', ...commonFlags(home));
  const child = spawn(installed.node, [installed.entry, ...flags], {
    env: serverEnv(installed),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return { url: await address(child), stop: () => endGroup(child), ended };
}

/** The address of `folder` in a running code-server, with `file` open. */
export function folderUrl(url, folder, file) {
  const query = new URLSearchParams({ folder });
  const opened = `vscode-remote://${new URL(url).host}${file}`;
  if (file) query.set('payload', JSON.stringify([['openFile', opened]]));
  return `${url}/?${query}`;
}
