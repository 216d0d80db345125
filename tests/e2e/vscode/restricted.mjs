/**
 * Opens a folder that brings an interpreter of its own, first untrusted, then trusted.
 *
 *   node restricted.mjs '{…options of visit.mjs, "marker"}'
 *
 * marker: the file that the folder's interpreter leaves when it is run. Prints as JSON whether it
 * was there in the untrusted folder and after trust was given.
 */

import { existsSync } from 'node:fs';
import { visit } from './visit.mjs';
import { runCommand, shoot, waitForStatus } from './workbench.mjs';

const options = JSON.parse(process.argv[2]);
const seen = {};

async function giveTrust(page) {
  await runCommand(page, 'Workspaces: Manage Workspace Trust');
  const trust = page.locator('.workspace-trust-editor .monaco-button', { hasText: 'Trust' });
  await trust.first().click();
  await page.waitForSelector('.workspace-trust-editor.trusted');
}

const setup = { askTrust: true, settings: { 'security.workspace.trust.startupPrompt': 'never' } };
await visit(options, setup, async (page) => {
  await waitForStatus(page, ['ready', 'restricted'], 60_000);
  seen.untrusted = existsSync(options.marker);
  await shoot(page, options.shots, 'untrusted');
  await giveTrust(page);
  await runCommand(page, 'Token Blame: Restart server');
  // The folder's interpreter is no Python, so no server can start with it.
  await waitForStatus(page, ['error'], 60_000);
  seen.trusted = existsSync(options.marker);
  await shoot(page, options.shots, 'no-server');
});
console.log(JSON.stringify(seen));
