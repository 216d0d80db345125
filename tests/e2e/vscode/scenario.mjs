/**
 * A failing sample in VS Code: what is shown, in every theme, and what an edit does to it.
 *
 *   node scenario.mjs '{…options of visit.mjs, "patience"}'
 *
 * patience: seconds that an explanation may take. Prints what was seen as JSON, for
 * test_vscode.py to judge.
 */

import { visit } from './visit.mjs';
import {
  appendLine,
  chooseTheme,
  counts,
  heatColors,
  hoverHeat,
  hoverSquiggle,
  panelFrame,
  runCommand,
  shoot,
  strongestSpan,
  THEMES,
  waitForHeat,
  waitForMark,
  waitForNothing,
} from './workbench.mjs';

const options = JSON.parse(process.argv[2]);
const patience = options.patience * 1000;
const seen = {};

const shot = (page, name) => shoot(page, options.shots, name);

async function lookAtSample(page) {
  const opened = Date.now();
  await waitForHeat(page, patience);
  seen.opened = { ...(await counts(page)), seconds: (Date.now() - opened) / 1000 };
  await shot(page, 'opened');
}

async function hover(page) {
  seen.hoverHeat = await hoverHeat(page, await strongestSpan(page));
  await shot(page, 'hover-heat');
  seen.hoverSquiggle = await hoverSquiggle(page);
  await shot(page, 'hover-diagnostic');
}

async function visitThemes(page) {
  seen.themes = {};
  for (const kind of Object.keys(THEMES)) {
    await chooseTheme(page, kind);
    seen.themes[kind] = await heatColors(page);
    await shot(page, `theme-${kind}`);
  }
}

async function edit(page) {
  await appendLine(page, '#');
  const typed = Date.now();
  await waitForNothing(page, 5000);
  seen.edited = { ...(await counts(page)), milliseconds: Date.now() - typed };
  await shot(page, 'edited');
  await waitForHeat(page, patience);
  seen.recomputed = { ...(await counts(page)), seconds: (Date.now() - typed) / 1000 };
  await shot(page, 'recomputed');
}

/** The graph beside the text: each points into the other. */
async function lookAtPanel(page) {
  await runCommand(page, 'Token Blame: Open the attribution graph');
  const panel = panelFrame(page);
  const drawn = panel.locator('#drawn', { hasText: 'nodes' });
  await drawn.waitFor({ timeout: patience });
  seen.panel = { drawn: await drawn.innerText(), heading: await panel.locator('#heading').innerText() };
  await panel.locator('#overlay').focus();
  await page.keyboard.press('ArrowDown');
  await waitForMark(page, 15_000);
  await shot(page, 'panel-graph');
  seen.panel.themed = await panel.locator('body').evaluate((body) => body.className);
}

/** Another model with other tokens: the same text can be compared all the same. */
async function compareModels(page) {
  const panel = panelFrame(page);
  await panel.locator('#tab-compare').click();
  await panel.locator('#section-compare select').selectOption('smollm2-135m');
  await panel.locator('#section-compare button.primary').click();
  const answer = panel.locator('#section-compare figure, #section-compare .state p').first();
  await answer.waitFor({ timeout: patience });
  seen.compared = await panel.locator('#section-compare figure figcaption').allInnerTexts();
  seen.comparison = await panel.locator('#section-compare').innerText();
  await shot(page, 'panel-compare');
}

// The default budget; the first batches hold a repair of this sample.
const setup = { settings: { 'tokenblame.search.rollouts': 48 } };
await visit(options, setup, async (page) => {
  await lookAtSample(page);
  await hover(page);
  await visitThemes(page);
  await edit(page);
  await lookAtPanel(page);
  await compareModels(page);
});
console.log(JSON.stringify(seen));
