/** Steps of a scenario: the prompt of a sample in chat form is a document of its own. */

import { counts, HEAT, waitForCounterfactual, waitForHeat, waitForNothing } from './heat.mjs';
import { goTo, openFile, runCommand, waitForLens } from './workbench.mjs';

/** @typedef {import('./visit.mjs').Step} Step */

const ANSWER = 'HumanEval_53/1.py';
const ADDED = ' Be exact.';

/** A sample without the docstring of its task: what a model wrote in a chat. @param {Step} step */
export async function openAnswer({ page, options, patience, shot }) {
  await openFile(page, `${options.folder}/${ANSWER}`);
  await waitForLens(page, 'Open prompt', patience);
  await waitForHeat(page, patience);
  await shot('answer');
}

/** The prompt beside it, painted too, and what an edit of it does. @param {Step} step */
export async function editPrompt({ page, seen, patience, shot }) {
  await runCommand(page, 'Token Blame: Open the prompt as the model saw it');
  const beside = page.locator('.editor-group-container').nth(1);
  await beside.locator(HEAT).first().waitFor({ state: 'attached', timeout: 30_000 });
  seen.chat = { ...(await counts(page)), beside: await beside.locator(HEAT).count() };
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
  const added = page.locator('.view-line', { hasText: ADDED.trim() });
  seen.promptLeft = { added: await added.count() };
  await runCommand(page, 'Token Blame: Restore the prompt as the model saw it');
  await added.waitFor({ state: 'detached', timeout: 30_000 });
  await runCommand(page, 'Token Blame: Open the code that answers this prompt');
  const active = page.locator('.editor-group-container.active .tab.active');
  await active.filter({ hasText: ANSWER.split('/').at(-1) }).waitFor({ timeout: 15_000 });
  await shot('prompt-left');
}
