/**
 * Opens the page of the panel in Chromium, plays the extension, and prints what was seen.
 *
 *   node panel.mjs '{"browser", "messages", "folder", "shots"}'
 *
 * browser: program; messages: a JSON file with what the server answers (`details`, `graph`,
 * `comparison`); folder: an empty one; shots: a folder for screenshots. Prints JSON, for
 * test_panel_in_browser.py to judge. Every wait is for a state, never for a time.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../../editor-client', import.meta.url));
const require = createRequire(join(root, 'package.json'));
const { chromium } = require('playwright-core');
const { build } = require('esbuild');
const options = JSON.parse(process.argv[2]);
const answers = JSON.parse(readFileSync(options.messages, 'utf8'));
const seen = { complaints: [], requests: [] };

const DARK = {
  '--vscode-editor-background': '#1f1f1f',
  '--vscode-editor-foreground': '#cccccc',
  '--vscode-tokenblame-positiveMark': '#f4777f',
  '--vscode-tokenblame-negativeMark': '#6baed6',
};
const CONTRAST = {
  '--vscode-editor-background': '#000000',
  '--vscode-editor-foreground': '#ffffff',
  '--vscode-contrastBorder': '#6fc3df',
  '--vscode-tokenblame-positiveMark': '#ff9aa2',
  '--vscode-tokenblame-negativeMark': '#9ecbff',
};

/** The page as the extension makes it, with files in the place of VS Code's own addresses. */
async function writePage() {
  const built = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
  const outfile = join(options.folder, 'panelHtml.mjs');
  const entryPoints = [join(root, 'src', 'panel', 'panelHtml.ts')];
  await build({ entryPoints, outfile, bundle: true, format: 'esm', loader: { '.html': 'text' } });
  const { panelHtml } = await import(pathToFileURL(outfile).href);
  const out = (name) => pathToFileURL(join(root, 'out', name)).href;
  const resources = { source: 'file:', script: out('panel.js'), style: out('panel.css') };
  const file = join(options.folder, 'panel.html');
  writeFileSync(file, panelHtml({ ...resources, nonce: 'n0nce' }));
  return file;
}

async function open(browser, file) {
  const page = await browser.newPage({ viewport: { width: 1000, height: 800 } });
  page.on('console', (message) => seen.complaints.push(message.text()));
  page.on('pageerror', (error) => seen.complaints.push(error.message));
  page.on('request', (request) => seen.requests.push(request.url().split(':')[0]));
  await page.addInitScript(() => {
    window.sent = [];
    window.acquireVsCodeApi = () => ({
      postMessage: (message) => window.sent.push(structuredClone(message)),
      setState: (state) => (window.saved = state),
    });
  });
  await page.goto(pathToFileURL(file).href);
  return page;
}

/** Sends messages as the extension does, and waits until they are taken and drawn. */
const post = (page, ...messages) =>
  page.evaluate(async (all) => {
    for (const message of all) window.postMessage(message, '*');
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  }, messages);

/** What the page has said since this was asked last. */
const said = (page) => page.evaluate(() => window.sent.splice(0));
const text = (page, selector) => page.locator(selector).first().innerText();
const shoot = (page, name) => page.screenshot({ path: join(options.shots, `panel-${name}.png`) });
const picture = (page, id) =>
  page.evaluate((canvas) => document.getElementById(canvas).toDataURL(), id);
const shown = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('[role="tabpanel"]')]
      .filter((section) => !section.hidden)
      .map(({ id }) => id),
  );

/** As VS Code sets a theme: variables on the root, a class on the body. */
const theme = (page, kind, variables) =>
  page.evaluate(
    async ([name, all]) => {
      for (const [key, value] of Object.entries(all)) {
        document.documentElement.style.setProperty(key, value);
      }
      document.body.className = name;
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    },
    [kind, variables],
  );

const sample = (state, message = '') => ({
  type: 'sample',
  uri: 'file:///w/HumanEval_0/0.py',
  title: 'HumanEval_0/0.py',
  sample: { state, message },
});

async function useStates(page) {
  seen.first = await said(page);
  await post(page, sample('unexplained', 'Not explained yet.'));
  await page.click('[data-state="sample"] button');
  seen.explain = await said(page);
  await post(page, sample('computing', 'Searching'));
  seen.computing = await text(page, '[data-state="sample"]');
  await page.click('[data-state="sample"] button');
  seen.cancelSample = await said(page);
  await post(page, sample('error', 'No `model`.'));
  seen.error = await text(page, '[data-state="sample"]');
}

async function useGraph(page) {
  await post(page, sample('ready', 'Why'), { type: 'details', details: answers.details });
  await post(page, { type: 'graph', computation: { state: 'computing', message: 'Following' } });
  await page.click('[data-state="graph"] button');
  seen.cancelGraph = await said(page);
  await post(page, { type: 'graph', computation: { state: 'failed', message: 'Out of memory.' } });
  await page.click('[data-state="graph"] button');
  seen.retry = await said(page);
  await post(page, { type: 'graph', computation: { state: 'ready', value: answers.graph } });
  seen.drawn = await text(page, '#drawn');
  seen.detail = await useDetail(page);
  await page.focus('#overlay');
  await page.keyboard.press('ArrowDown');
  seen.pointed = (await said(page)).at(-1);
  await page.keyboard.press('Enter');
  seen.revealed = (await said(page)).find(({ type }) => type === 'reveal');
  await page.keyboard.press('Escape');
  const before = await picture(page, 'overlay');
  await post(page, { type: 'cursor', token: 2 });
  seen.column = (await picture(page, 'overlay')) !== before;
  const atCursor = await picture(page, 'overlay');
  await post(page, { type: 'mouse', token: 3 });
  seen.mouse = { there: (await picture(page, 'overlay')) !== atCursor };
  await post(page, { type: 'mouse', token: -1 });
  seen.mouse.back = (await picture(page, 'overlay')) === atCursor;
  await shoot(page, 'graph');
}

/** The states between attention and MLP: asked for, shown, asked away. */
async function useDetail(page) {
  const box = page.locator('#midpoints');
  const states = [await box.isChecked()];
  await said(page);
  await box.check();
  const asked = await said(page);
  await post(page, { type: 'graph', computation: { state: 'ready', value: answers.detailed } });
  states.push(await box.isChecked());
  await shoot(page, 'midpoints');
  await box.uncheck();
  asked.push(...(await said(page)));
  await post(page, { type: 'graph', computation: { state: 'ready', value: answers.graph } });
  states.push(await box.isChecked());
  return { asked, states };
}

async function useTabs(page) {
  await page.focus('#tab-graph');
  await said(page);
  await page.keyboard.press('ArrowRight');
  seen.tabs = { shown: await shown(page), said: await said(page) };
  seen.tabs.focus = await page.evaluate(() => document.activeElement.id);
  await page.keyboard.press('End');
  seen.tabs.last = await shown(page);
  await page.keyboard.press('ArrowRight');
  seen.tabs.around = await shown(page);
  seen.saved = await page.evaluate(() => window.saved);
}

async function useSections(page) {
  const section = async (name) => {
    await post(page, { type: 'section', section: name });
    await said(page);
    return text(page, `#section-${name}`);
  };
  seen.layers = await section('layers');
  await page.locator('#section-layers select').selectOption('-1');
  seen.allLayers = await text(page, '#section-layers table');
  await shoot(page, 'layers');
  seen.choices = await section('choices'); // at the pair: the cursor is on a prompt's token
  await post(page, { type: 'cursor', token: 3 });
  await page.locator('#section-choices button', { hasText: 'Explain against' }).first().click();
  seen.attribute = await said(page);
  seen.repair = await section('repair');
  await page.click('#section-repair button.primary');
  seen.diff = await said(page);
  seen.faithfulness = await section('faithfulness');
  await page.click('#section-faithfulness button');
  seen.check = await said(page);
}

async function useComparison(page) {
  await post(page, { type: 'section', section: 'compare' });
  await said(page);
  await page.locator('#section-compare select').selectOption('smollm2-135m');
  await page.click('#section-compare button');
  seen.askOther = await said(page);
  await page.locator('#section-compare select').selectOption('larger');
  await page.click('#section-compare button');
  seen.ask = await said(page);
  await post(page, { type: 'compare', computation: { state: 'ready', value: answers.comparison } });
  seen.compare = await text(page, '#section-compare');
  seen.maps = await page.locator('#section-compare figure pre').allTextContents();
  seen.painted = await page.locator('#section-compare .heat').count();
  await page.locator('#section-compare figure .heat').nth(1).hover();
  seen.linked = await page.locator('#section-compare .pointed').allTextContents();
  seen.hovered = (await said(page)).at(-1);
  await shoot(page, 'compare');
  await page.mouse.move(2, 2);
  seen.left = (await said(page)).at(-1);
}

async function useThemes(page) {
  await post(page, { type: 'section', section: 'graph' });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  seen.grounds = [await ground()];
  const before = await picture(page, 'base');
  await theme(page, 'vscode-high-contrast', CONTRAST);
  seen.grounds.push(await ground());
  seen.recolored = (await picture(page, 'base')) !== before;
  await shoot(page, 'high-contrast');
}

async function useStale(page) {
  await post(page, sample('stale', 'The text has changed.'), { type: 'details', details: null });
  await post(page, { type: 'graph', computation: { state: 'idle' } });
  seen.stale = { drawing: await page.locator('#drawing').isVisible() };
  seen.stale.text = await text(page, '#section-graph');
  const again = structuredClone(answers.graph);
  await post(page, { type: 'details', details: answers.details });
  await post(page, { type: 'graph', computation: { state: 'ready', value: again } });
  seen.again = await text(page, '#drawn');
}

const browser = await chromium.launch({
  executablePath: options.browser,
  // Chromium's own sandbox needs namespaces that root in a container does not have.
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
try {
  const page = await open(browser, await writePage());
  await theme(page, 'vscode-dark', DARK);
  await useStates(page);
  await useGraph(page);
  await useTabs(page);
  await useSections(page);
  await useComparison(page);
  await useThemes(page);
  await useStale(page);
  seen.injected = await page.evaluate(() => window.injected ?? null);
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
