/**
 * Opens a sample with an interpreter whose server hangs as it starts, until it does not any more;
 * then kills the server, while others cannot start for a while.
 *
 *   node hanging.mjs '{…options of visit.mjs, "marker", "broken"}'
 *
 * marker: a file; while it is there the server hangs, and adds the id of its process to it.
 * broken: a file; while it is there the server ends at once, and adds the id of its process to it.
 * Prints as JSON what the user was told and offered, and what became of the processes.
 */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { visit } from './visit.mjs';
import { serverId } from './server.mjs';
import { runCommand, shoot, waitForNotification, waitForStatus } from './workbench.mjs';

const options = JSON.parse(process.argv[2]);
const seen = {};

const ids = (file) => readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number);
const started = () => ids(options.marker);

function isAlive(process_id) {
  try {
    return process.kill(process_id, 0);
  } catch {
    return false;
  }
}

/** Until the server has been started so often. */
async function waitForStarts(page, count, file = options.marker) {
  for (let tries = 0; ids(file).length < count; tries += 1) {
    if (tries === 600) throw new Error(`The server was not started ${count} times.`);
    await page.waitForTimeout(200);
  }
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
  writeFileSync(options.broken, '');
  process.kill(serverId(), 'SIGKILL');
  await waitForStarts(page, 2, options.broken); // one that fails is followed by another
  rmSync(options.broken);
  seen.recovered = Boolean(await waitForStatus(page, ['ready'], 60_000));
});
console.log(JSON.stringify(seen));
