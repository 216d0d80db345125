/** Steps of a scenario: the view that lists the samples of a folder. */

import { runCommand, waitForNotification } from './workbench.mjs';

/** @typedef {import('./visit.mjs').Step} Step */

const VIEW = '[id="workbench.view.extension.tokenblame"]';
const ROWS = `${VIEW} .monaco-list-row`;

/** What a screen reader says of each row. */
const labels = (page) =>
  page.locator(ROWS).evaluateAll((rows) => rows.map((row) => row.getAttribute('aria-label')));

const row = (page, label) => page.locator(`${VIEW} .monaco-list-row[aria-label*="${label}"]`).first();

/** One of the buttons that a row shows under the mouse. */
async function press(page, label, button) {
  const found = row(page, label);
  await found.hover();
  await found.locator(`.action-label[aria-label*="${button}"]`).click();
  await page.mouse.move(5, 5);
}

/** @param {Step} step */
export async function listSamples({ page, seen, patience, shot }) {
  await page.locator('.activitybar a[aria-label^="Token Blame"]').click();
  await page.mouse.move(700, 500); // away from its tip
  await row(page, 'HumanEval/65').waitFor({ timeout: patience });
  seen.listed = await labels(page);
  await shot('samples');
}

/** @param {Step} step */
export async function explainOne({ page, seen, patience, shot }) {
  await press(page, 'HumanEval/53 (0)', 'Open and explain this sample');
  await row(page, 'HumanEval/53 (0): passes').waitFor({ timeout: patience });
  seen.explainedOne = await labels(page);
  await shot('samples-one');
}

/** The rest of the folder, from the button of its row. @param {Step} step */
export async function explainFolder({ page, options, seen, patience, shot }) {
  await press(page, options.folder.split('/').at(-1), 'Explain all samples');
  seen.report = await waitForNotification(page, 'explained', patience);
  await row(page, 'the model wrote').waitFor({ timeout: patience });
  seen.explainedFolder = await labels(page);
  await shot('samples-folder');
}

/**
 * A completion opens as a file with the prompt of its task, which the engine knows.
 *
 * @param {Step} step
 */
export async function openCompletion({ page, seen, patience, shot }) {
  await row(page, 'HumanEval/45 (line 2)').click();
  await page.locator('.tab.active', { hasText: 'samples.jsonl' }).waitFor({ timeout: 15_000 });
  await page.locator('.tab.active', { hasText: '.py' }).waitFor({ timeout: patience });
  const prompt = page.locator('.view-line', { hasText: 'def ' }).first();
  seen.completion = await prompt.innerText({ timeout: 15_000 });
  await shot('completion');
}

/** The window begins anew, and nothing is explained in it. @param {Step} step */
export async function reload({ page, seen, patience, shot }) {
  await page.reload();
  await row(page, 'the model wrote').waitFor({ timeout: patience });
  seen.reloaded = await labels(page);
  await shot('reloaded');
}

/** @param {Step} step */
export async function filter({ page, seen, shot }) {
  await runCommand(page, 'Token Blame: Filter samples by task');
  await page.locator('.quick-input-title', { hasText: 'Show samples of which tasks?' }).waitFor();
  await page.keyboard.type('/65');
  await page.keyboard.press('Enter');
  await row(page, 'HumanEval/53').waitFor({ state: 'detached' });
  seen.filtered = await labels(page);
  await shot('samples-filtered');
  await runCommand(page, 'Token Blame: Show all samples');
  await row(page, 'HumanEval/53').waitFor();
}
