/**
 * Opens a sample with an interpreter whose server hangs as it starts, until it does not any more.
 *
 *   node hanging.mjs '{…options of visit.mjs, "marker"}'
 *
 * marker: a file; while it is there the server hangs, and adds the id of its process to it. Prints
 * as JSON what the user was told and offered, and what became of the processes.
 */

import { readFileSync, rmSync } from 'node:fs';
import { visit } from './visit.mjs';
import { runCommand, shoot, waitForNotification, waitForStatus } from './workbench.mjs';

const options = JSON.parse(process.argv[2]);
const seen = {};

const started = () => readFileSync(options.marker, 'utf8').split('\n').filter(Boolean).map(Number);

function isAlive(process_id) {
  try {
    return process.kill(process_id, 0);
  } catch {
    return false;
  }
}

/** Until the server has been started so often. */
async function waitForStarts(page, count) {
  while (started().length < count) await page.waitForTimeout(200);
}

const settings = { 'tokenblame.run': 'manual' };
await visit(options, { settings }, async (page) => {
  await waitForStarts(page, 1);
  await runCommand(page, 'Token Blame: Restart server');
  await waitForStarts(page, 2);
  seen.words = await waitForNotification(page, 'did not start', 120_000);
  await waitForStatus(page, ['error'], 15_000);
  const buttons = page.locator('.notifications-toasts .notification-list-item .monaco-button');
  seen.offered = await buttons.allInnerTexts();
  seen.hung = started().length;
  seen.left = started().filter(isAlive).length;
  await shoot(page, options.shots, 'hanging');
  rmSync(options.marker);
  await buttons.filter({ hasText: 'Try again' }).click();
  seen.helped = Boolean(await waitForStatus(page, ['ready'], 60_000));
});
console.log(JSON.stringify(seen));
