/** Steps of a scenario: what a failing sample looks like. */

import { counts, heatColors, hoverSquiggle, hoverStrongest, waitForHeat } from './heat.mjs';
import { chooseTheme, focusText, panelFrame, THEMES } from './workbench.mjs';

/** @typedef {import('./visit.mjs').Step} Step */

/** @param {Step} step */
export async function lookAtSample({ page, seen, patience, shot }) {
  const opened = Date.now();
  await waitForHeat(page, patience);
  seen.opened = { ...(await counts(page)), seconds: (Date.now() - opened) / 1000 };
  await shot('opened');
}

/** @param {Step} step */
export async function hover({ page, seen, shot }) {
  seen.hoverCode = await hoverStrongest(page, 'code');
  await shot('hover-code');
  seen.hoverPrompt = await hoverStrongest(page, 'prompt');
  await shot('hover-prompt');
  seen.hoverSquiggle = await hoverSquiggle(page);
  await shot('hover-diagnostic');
  await page.mouse.move(5, 5);
}

/** Text and panel follow every theme; back to the first in the end. @param {Step} step */
export async function visitThemes({ page, seen, shot }) {
  seen.themes = {};
  for (const kind of [...Object.keys(THEMES), 'dark']) {
    await focusText(page);
    await chooseTheme(page, kind);
    const body = panelFrame(page).locator(`body.vscode-${kind}`);
    await body.waitFor();
    const ground = await body.evaluate((element) => getComputedStyle(element).backgroundColor);
    seen.themes[kind] = { heat: await heatColors(page), panel: ground };
    await shot(`theme-${kind}`);
  }
}
