/** Steps of a scenario: where a user finds help. */

import { openStatusMenu, runCommand } from './workbench.mjs';

/** @typedef {import('./visit.mjs').Step} Step */

/** The menu behind the status item. @param {Step} step */
export async function lookAtMenu({ page, seen, shot }) {
  seen.menu = await openStatusMenu(page);
  await shot('status-menu');
  await page.keyboard.press('Escape');
  await page.waitForSelector('.quick-input-widget', { state: 'hidden' });
}

/** @param {Step} step */
export async function walkThrough({ page, seen, shot }) {
  await runCommand(page, 'Token Blame: First steps');
  const steps = page.locator('.getting-started-step');
  await steps.first().waitFor({ timeout: 15_000 });
  seen.walkthrough = await steps.locator('.step-title').allInnerTexts();
  await shot('walkthrough');
  await steps.filter({ hasText: 'Read the heat map' }).click();
  await page.locator('.getting-started-media img').first().waitFor({ timeout: 15_000 });
  await shot('walkthrough-read');
}
