/** Steps of a scenario: the panel beside the text. */

import { hoverStrongest, waitForMark } from './heat.mjs';
import { focusText, panelFrame, runCommand } from './workbench.mjs';

/** @typedef {import('./visit.mjs').Step} Step */

/** The graph beside the text: each points into the other. @param {Step} step */
export async function lookAtPanel({ page, seen, patience, shot }) {
  await focusText(page);
  await page.keyboard.press('Control+B'); // room for both
  await runCommand(page, 'Token Blame: Open the attribution graph');
  const panel = panelFrame(page);
  const drawn = panel.locator('#drawn', { hasText: 'nodes' });
  await drawn.waitFor({ timeout: patience });
  seen.panel = { drawn: await drawn.innerText(), heading: await panel.locator('#heading').innerText() };
  await hoverInText(page, panel.locator('#overlay'));
  await panel.locator('#overlay').focus();
  await page.keyboard.press('ArrowDown');
  await waitForMark(page, 15_000);
  await shot('panel');
  seen.panel.detailed = await deepen(panel, seen.panel.drawn, patience);
}

/** The graph with the states between attention and MLP, and back; answers what was drawn of it. */
async function deepen(panel, before, patience) {
  const drawn = panel.locator('#drawn', { hasText: 'nodes' });
  await panel.locator('#midpoints').check();
  const deeper = drawn.filter({ hasNotText: before });
  await deeper.waitFor({ timeout: patience });
  const told = await deeper.innerText();
  await panel.locator('#midpoints').uncheck();
  await drawn.filter({ hasText: before }).waitFor({ timeout: patience });
  return told;
}

/** Hovers a token of the text, and waits until its column is marked in the graph. */
async function hoverInText(page, overlay) {
  const frame = await (await overlay.elementHandle()).ownerFrame();
  const before = await overlay.evaluate((canvas) => canvas.toDataURL());
  await hoverStrongest(page, 'code');
  const changed = (old) => document.getElementById('overlay').toDataURL() !== old;
  await frame.waitForFunction(changed, before, { timeout: 15_000 });
  await page.mouse.move(5, 5);
}

/** What the other sections say of the same choice. @param {Step} step */
export async function lookAtSections({ page, seen, shot }) {
  const panel = panelFrame(page);
  seen.sections = {};
  for (const name of ['layers', 'choices', 'repair', 'faithfulness']) {
    await panel.locator(`#tab-${name}`).click();
    seen.sections[name] = await panel.locator(`#section-${name}`).innerText();
    await shot(`section-${name}`);
  }
}

/** Another model with other tokens: the same text can be compared all the same. @param {Step} step */
export async function compareModels({ page, seen, patience, shot }) {
  const panel = panelFrame(page);
  await panel.locator('#tab-compare').click();
  await panel.locator('#section-compare select').selectOption('smollm2-135m');
  const asked = Date.now();
  await panel.locator('#section-compare button.primary').click();
  const answer = panel.locator('#section-compare figure, #section-compare .state p').first();
  await answer.waitFor({ timeout: patience });
  seen.comparison = {
    captions: await panel.locator('#section-compare figure figcaption').allInnerTexts(),
    painted: await panel.locator('#section-compare figure .heat').count(),
    words: await panel.locator('#section-compare').innerText(),
    seconds: (Date.now() - asked) / 1000,
  };
  await shot('comparison');
}
