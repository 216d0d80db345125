/** Steps of a scenario: the engine dies, and a new one takes its place. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { counts, waitForHeat } from './heat.mjs';
import { focusText, runCommand, waitForNotification, waitForStatus } from './workbench.mjs';

/** @typedef {import('./visit.mjs').Step} Step */

/** Of the engine of our own, which test_vscode.py names by its folder. */
const engineId = () =>
  Number(readFileSync(join(process.env.TOKENBLAME_RUNTIME_DIR, 'engine.pid'), 'utf8'));

/** It is killed while it explains an edit; the user is told, and asks again. @param {Step} step */
export async function killEngine({ page, seen, patience, shot }) {
  const first = engineId();
  await waitForStatus(page, ['computing'], patience);
  process.kill(first, 'SIGKILL');
  const words = await waitForNotification(page, 'engine', patience);
  await waitForStatus(page, ['error'], patience);
  await shot('engine-killed');
  await focusText(page);
  await runCommand(page, 'Token Blame: Explain this sample');
  await waitForHeat(page, patience);
  seen.killed = { words, ...(await counts(page)), anotherEngine: engineId() !== first };
  await shot('engine-recovered');
}
