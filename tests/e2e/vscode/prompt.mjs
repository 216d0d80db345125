/** Steps of a scenario: the prompt of a sample in chat form is a document of its own. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { counts, waitForCounterfactual, waitForHeat, waitForNothing } from './heat.mjs';
import { goTo, runCommand, waitForLens } from './workbench.mjs';

/** @typedef {import('./visit.mjs').Step} Step */

const ROW = '[id="workbench.view.extension.tokenblame"] .monaco-list-row';
const ADDED = ' Be exact.';

/** Changes a setting as its file does when the user saves it. */
function set(home, changed) {
  const file = join(home, 'data', 'User', 'settings.json');
  const settings = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...settings, ...changed }, null, 2));
}

/** Reads the failing sample as an answer in a chat, and edits what was asked. @param {Step} step */
export async function editPrompt({ page, options, seen, patience, shot }) {
  await page.locator(ROW, { hasText: 'HumanEval/65' }).click();
  set(options.home, { 'tokenblame.form': 'chat', 'tokenblame.run': 'type' });
  await waitForLens(page, 'Open prompt', patience);
  await waitForHeat(page, patience);
  await runCommand(page, 'Token Blame: Open the prompt as the model saw it');
  await page.locator('.tab', { hasText: '.prompt.txt' }).waitFor({ timeout: 15_000 });
  await page.waitForFunction(() => document.querySelectorAll('.view-lines').length > 1);
  seen.chat = await counts(page);
  await shot('prompt');
  await goTo(page, 1000, 1);
  await page.keyboard.type(ADDED);
  const typed = Date.now();
  await waitForNothing(page, 15_000);
  seen.promptEdited = {
    ...(await waitForCounterfactual(page, patience)),
    seconds: (Date.now() - typed) / 1000,
  };
  await shot('prompt-edited');
}

/** Takes the edit back and returns to the code, by commands. @param {Step} step */
export async function leavePrompt({ page, seen, shot }) {
  const added = page.locator('.view-line', { hasText: ADDED.trim().replace(' ', '\u00a0') });
  seen.promptLeft = { added: await added.count() };
  await runCommand(page, 'Token Blame: Restore the prompt as the model saw it');
  await added.waitFor({ state: 'detached', timeout: 15_000 });
  await runCommand(page, 'Token Blame: Open the code that answers this prompt');
  await page.locator('.tab.active', { hasText: '0.py' }).waitFor({ timeout: 15_000 });
  await shot('prompt-left');
}
