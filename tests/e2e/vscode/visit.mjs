/** Starts VS Code and Chromium for one visit and ends both, whatever happens. */

import { ensureCodeServer } from '../../../editor-client/scripts/code-server-install.mjs';
import { folderUrl, startCodeServer } from '../../../editor-client/scripts/code-server.mjs';
import { openWorkbench, shoot } from './workbench.mjs';

const SIZE = { width: 1360, height: 800 };

/**
 * Lets `look` see the page of a VS Code with `file` open; a failure leaves `failure.png`.
 *
 * @param {object} options what test_vscode.py passes: vsix, home (an empty folder), folder, file,
 *   python, browser (programs), shots (a folder for screenshots)
 * @param {object} setup `settings` and `askTrust` of `startCodeServer`
 * @param {(page: object) => Promise<void>} look
 */
export async function visit(options, setup, look) {
  const { home, vsix, folder, file, browser, shots } = options;
  const settings = { 'tokenblame.python': options.python, ...setup.settings };
  const installed = ensureCodeServer();
  const editor = await startCodeServer({ installed, home, vsix, ...setup, settings });
  try {
    const url = folderUrl(editor.url, folder, file);
    const { page, close } = await openWorkbench({ browser, url, size: SIZE });
    try {
      await look(page);
    } catch (error) {
      await shoot(page, shots, 'failure');
      throw error;
    } finally {
      await close();
    }
  } finally {
    await editor.stop();
  }
}

/**
 * Settings of the search: its first batches hold a repair of the failing sample, and on a busy
 * machine they must not run out of time.
 */
export const searching = ({ patience }) => ({
  'tokenblame.search.rollouts': 48,
  'tokenblame.search.seconds': patience,
});

/**
 * What a step of a scenario gets.
 *
 * @typedef {object} Step
 * @property {object} page the window
 * @property {object} options those of `visit`
 * @property {object} seen takes what the step saw
 * @property {number} patience milliseconds that an explanation may take
 * @property {(name: string) => Promise<unknown>} shot takes a screenshot
 */

/**
 * One visit of several steps, each of which goes on where the one before it ended. Prints as JSON
 * what they saw, and the seconds that each took.
 *
 * @param {object} options those of `visit`, `patience` in seconds, and `steps`: the names of those
 *   to take (all)
 * @param {Record<string, (step: Step) => Promise<void>>} steps
 */
export async function visitSteps(options, setup, steps) {
  const seen = { took: {} };
  const wanted = Object.entries(steps).filter(([name]) => options.steps?.includes(name) ?? true);
  await visit(options, setup, async (page) => {
    const shot = (name) => shoot(page, options.shots, name);
    for (const [name, take] of wanted) {
      const begun = Date.now();
      await take({ page, options, seen, patience: options.patience * 1000, shot });
      seen.took[name] = (Date.now() - begun) / 1000;
    }
  });
  console.log(JSON.stringify(seen));
}
