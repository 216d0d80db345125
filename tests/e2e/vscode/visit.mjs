/** Starts VS Code and Chromium for one visit and ends both, whatever happens. */

import { ensureCodeServer } from '../../../editor-client/scripts/code-server-install.mjs';
import { folderUrl, startCodeServer } from '../../../editor-client/scripts/code-server.mjs';
import { openWorkbench, shoot } from './workbench.mjs';

const SIZE = { width: 1280, height: 720 };

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
