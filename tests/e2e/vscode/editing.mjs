/** Steps of a scenario: what happens when the sample is changed, by hand and by the repair. */

import { counts, waitForCounterfactual, waitForNothing } from './heat.mjs';
import { closeTabs, focusText, goTo, runCommand, waitForLens } from './workbench.mjs';

/** @typedef {import('./visit.mjs').Step} Step */

/** A line of the docstring, and what is added to its end: what the program gets wrong. */
const DOCSTRING = { line: 4, column: 1000, text: ' The last digits come first.' };

/**
 * An edit of the docstring: everything goes at once, then comes what the edit did to the choice,
 * long before the explanation of the new text.
 *
 * @param {Step} step
 */
export async function editDocstring({ page, seen, patience, shot }) {
  await closeTabs(page, 'Token Blame'); // the panel: room for the lens
  await focusText(page);
  await goTo(page, DOCSTRING.line, DOCSTRING.column);
  await page.keyboard.type(DOCSTRING.text);
  const typed = Date.now();
  const seconds = () => (Date.now() - typed) / 1000;
  await waitForNothing(page, 5000);
  seen.edited = { ...(await counts(page)), seconds: seconds() };
  seen.counterfactual = { ...(await waitForCounterfactual(page, patience)), seconds: seconds() };
  await shot('counterfactual');
}

/** The light bulb's repair turns the tests green. @param {Step} step */
export async function repair({ page, seen, patience, shot }) {
  await focusText(page);
  await runCommand(page, 'Token Blame: Go to the token that broke it');
  await page.waitForSelector('.lightBulbWidget, .cgmr[class*="lightbulb"]', { timeout: 15_000 });
  await page.keyboard.press('Control+.');
  const action = page.locator('.action-widget .monaco-list-row', { hasText: 'Apply the repair' });
  await action.waitFor({ timeout: 15_000 });
  seen.actions = await page.locator('.action-widget .monaco-list-row').allInnerTexts();
  await shot('code-actions');
  await action.click();
  const lenses = await waitForLens(page, 'Passes its tests', patience);
  seen.repaired = { ...(await counts(page)), lenses };
  await shot('repaired');
}
