/**
 * Opens an exported graph in Chromium, uses it as a person would, and prints what was seen.
 *
 *   node page.mjs '{"browser", "file", "large", "shots"}'
 *
 * browser: program; file, large: pages; shots: a folder for screenshots. Prints JSON, for
 * test_page_in_browser.py to judge. Every wait is for a frame or a state, never for a time.
 */

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(new URL('../../../editor-client/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const options = JSON.parse(process.argv[2]);
const seen = { complaints: [], requests: [] };

const shoot = (page, name) => page.screenshot({ path: join(options.shots, `graph-${name}.png`) });

/** Until what was asked for is drawn. */
const drawn = (page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));

async function open(browser, file) {
  const page = await browser.newPage({ viewport: { width: 1200, height: 760 } });
  page.on('console', (message) => seen.complaints.push(message.text()));
  page.on('pageerror', (error) => seen.complaints.push(error.message));
  page.on('request', (request) => seen.requests.push(request.url().split(':')[0]));
  await page.addInitScript(() => {
    window.selected = [];
    window.addEventListener('tokenblame:select', ({ detail }) =>
      window.selected.push(detail.token),
    );
  });
  await page.goto(pathToFileURL(file).href);
  await drawn(page);
  return page;
}

const counts = (page) =>
  page.evaluate(() => {
    const { nodes, edges } = document.getElementById('drawn').dataset;
    return { nodes: Number(nodes), edges: Number(edges) };
  });

const text = (page, selector) => page.locator(selector).first().innerText();
const focused = (page) => page.evaluate(() => document.activeElement.id);
const picture = (page, id) =>
  page.evaluate((canvas) => document.getElementById(canvas).toDataURL(), id);

async function slide(page, id, value) {
  await page.locator(id).fill(String(value));
  await drawn(page);
  return counts(page);
}

async function useSliders(page) {
  seen.all = await counts(page);
  await page.locator('#panel table').first().waitFor(); // it comes when nothing moves
  seen.overview = (await page.locator('#panel p').allInnerTexts()).join(' ');
  seen.strongest = await page.locator('#panel table').first().locator('tbody tr').allInnerTexts();
  seen.fewerEdges = await slide(page, '#edges', 70);
  await slide(page, '#edges', 0);
  seen.fewerNodes = await slide(page, '#nodes', 60);
  seen.again = await slide(page, '#nodes', 0);
  await page.locator('#template').uncheck();
  seen.withoutTemplate = await counts(page);
  await page.locator('#template').check();
}

async function useKeys(page) {
  const live = () => page.locator('#live').textContent();
  const press = async (key) => {
    await page.keyboard.press(key);
    await drawn(page);
    return live();
  };
  await page.focus('#overlay');
  seen.keys = { start: await press('ArrowDown'), down: await press('ArrowDown') };
  seen.keys.left = await press('ArrowLeft');
  seen.keys.home = await press('Home');
  seen.keys.end = await press('End');
  seen.keys.up = await press('ArrowUp');
  await press('Enter');
  seen.opened = { focus: await focused(page), title: await text(page, '#panel h2') };
  seen.opened.parts = await page.locator('#panel h3').allInnerTexts();
  seen.opened.heads = await page.locator('#panel summary').count();
  await shoot(page, 'node');
  await page.focus('#overlay');
  seen.path = await press('p');
  await shoot(page, 'path');
  await press('Escape');
  seen.closed = { focus: await focused(page), title: await text(page, '#panel h2') };
}

async function usePointer(page) {
  const spot = await page.evaluate(() => {
    const overlay = document.getElementById('overlay');
    const { left, top, width, height } = overlay.getBoundingClientRect();
    for (let x = width - 110; x > 60; x -= 5) {
      for (let y = 60; y < height - 90; y += 5) {
        const at = { clientX: left + x, clientY: top + y };
        overlay.dispatchEvent(new PointerEvent('pointermove', at));
        if (!document.getElementById('tip').hidden) return [at.clientX, at.clientY];
      }
    }
    return null;
  });
  await page.mouse.move(...spot);
  seen.tip = await text(page, '#tip');
  await page.mouse.click(...spot);
  seen.clicked = await text(page, '#panel h2');
  await page.keyboard.press('Escape');
  const before = await picture(page, 'frame');
  await page.mouse.wheel(0, -600);
  await drawn(page);
  seen.zoomed = (await picture(page, 'frame')) !== before;
  await page.click('#fit');
  await drawn(page);
  seen.fitted = (await picture(page, 'frame')) === before;
  await page.focus('#overlay');
  seen.zoomedByKey = [];
  for (const key of ['+', '-']) {
    await page.keyboard.press(key);
    await drawn(page);
    seen.zoomedByKey.push((await picture(page, 'frame')) !== before);
  }
}

async function useSearch(page) {
  await page.locator('#find').fill('</SCRIPT>');
  seen.matchCount = await text(page, '#match-count');
  await page.locator('#find').press('Enter');
  seen.searched = await text(page, '#panel h2');
  seen.selected = await page.evaluate(() => window.selected);
  await page.locator('#find').fill('');
  await page.locator('#panel button', { hasText: 'Close' }).click();
  await drawn(page);
  const before = await picture(page, 'overlay');
  await page.evaluate(() => {
    window.dispatchEvent(new CustomEvent('tokenblame:highlight', { detail: { token: 2 } }));
  });
  await drawn(page);
  seen.highlighted = (await picture(page, 'overlay')) !== before;
}

async function useThemes(page) {
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await shoot(page, 'light');
  seen.grounds = [await ground()];
  const before = await picture(page, 'base');
  await page.emulateMedia({ colorScheme: 'dark' });
  await drawn(page);
  seen.grounds.push(await ground());
  seen.recoloured = (await picture(page, 'base')) !== before;
  await shoot(page, 'dark');
}

/**
 * Milliseconds of redraws after the slider's event, script and painting: `moving`, what is drawn
 * at once (so many edges: `drawn`), and `whole`, until all edges are there (150 ms of them are
 * waiting for rest).
 */
async function timeRedraw(page) {
  return page.evaluate(async () => {
    const base = document.getElementById('base');
    const flush = () => base.getContext('2d').getImageData(0, 0, 1, 1); // waits for the painting
    const slider = document.getElementById('edges');
    const times = { moving: [], drawn: [], whole: [] };
    for (let turn = 0; turn < 5; turn += 1) {
      const start = performance.now();
      slider.dispatchEvent(new Event('input'));
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      flush();
      times.moving.push(Math.round(performance.now() - start));
      const quick = base.dataset.edges;
      times.drawn.push(Number(quick));
      while (base.dataset.edges === quick) await new Promise(requestAnimationFrame);
      flush();
      times.whole.push(Math.round(performance.now() - start));
    }
    return times;
  });
}

async function onSlowMachine(page, work) {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: 10 });
  const times = await work(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  return times;
}

const browser = await chromium.launch({
  executablePath: options.browser,
  // Chromium's own sandbox needs namespaces that root in a container does not have.
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
try {
  const page = await open(browser, options.file);
  await useSliders(page);
  await useKeys(page);
  await usePointer(page);
  await useSearch(page);
  await useThemes(page);
  seen.injected = await page.evaluate(() => window.injected ?? null);
  const complaints = [...seen.complaints];
  const large = await open(browser, options.large);
  seen.large = await counts(large);
  seen.milliseconds = await timeRedraw(large);
  seen.slowly = await onSlowMachine(large, timeRedraw);
  seen.painted = await large.evaluate(() => Number(document.getElementById('base').dataset.edges));
  await shoot(large, 'large');
  seen.complaints = complaints; // reading pixels back, as the timing does, is warned of
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
