/** Steps of a scenario: what a failing sample looks like. */

import {
  counts,
  heatColors,
  hoverSquiggle,
  hoverStrongest,
  RED,
  waitForHeat,
  waitForPainted,
} from './heat.mjs';
import { chooseTheme, focusText, panelFrame, runCommand, THEMES } from './workbench.mjs';

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

/** The map switched off and on, as a whole and in part, and its slider. @param {Step} step */
export async function adjustHeat({ page, seen, shot }) {
  const { heat } = await counts(page);
  const all = () => waitForPainted(page, '', [heat, heat]);
  const off = async (title, color) => {
    await runCommand(page, title);
    await waitForPainted(page, color, [0, 0]);
    const left = { ...(await counts(page)), colors: await heatColors(page) };
    await runCommand(page, title);
    await all();
    return left;
  };
  seen.off = await off('Token Blame: Toggle the heat map', '');
  const supporters = 'Token Blame: Toggle tokens that speak for what the model wrote';
  seen.withoutRed = await off(supporters, RED);
  await runCommand(page, 'Token Blame: Set the strength of the heat map');
  await page.locator('.quick-input-title', { hasText: 'Strength of the heat map' }).waitFor();
  for (let step = 0; step < 4; step += 1) await page.keyboard.press('ArrowDown');
  await waitForPainted(page, '', [heat + 1, Infinity]);
  seen.stronger = await counts(page);
  await shot('slider');
  await page.keyboard.press('Escape');
  await all();
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
