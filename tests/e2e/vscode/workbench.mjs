/** Reads and drives a VS Code window in Chromium. Every wait is for a state, never for a time. */

import { createRequire } from 'node:module';
import { join } from 'node:path';

// playwright-core is a development dependency of the extension.
const require = createRequire(new URL('../../../editor-client/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const HEAT = '.view-overlays .cdr[class*="ced-"]';
const SQUIGGLE = '.squiggly-error';
const HOVER = '.monaco-hover:not(.hidden)';

/** Opens `url` and waits until a text editor is there. */
export async function openWorkbench({ browser, url, size }) {
  const launched = await chromium.launch({
    executablePath: browser,
    // Chromium's own sandbox needs namespaces that root in a container does not have.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  const page = await launched.newPage({ viewport: size });
  await page.goto(url);
  await page.waitForSelector('.monaco-editor .view-line', { timeout: 90_000 });
  return { page, close: () => launched.close() };
}

/** The background colours of all painted spans; the broken token's outline has none. */
function backgrounds(page) {
  return page.evaluate((selector) => {
    const colors = [...document.querySelectorAll(selector)].map(
      (span) => getComputedStyle(span).backgroundColor,
    );
    return colors.filter((color) => color !== 'rgba(0, 0, 0, 0)');
  }, HEAT);
}

/** How many coloured spans and error squiggles are drawn right now. */
export async function counts(page) {
  const squiggles = await page.locator(SQUIGGLE).count();
  return { heat: (await backgrounds(page)).length, squiggles };
}

/** The distinct background colours of the heat map. */
export async function heatColors(page) {
  return [...new Set(await backgrounds(page))].sort();
}

/**
 * Waits until both diagnostic and heat are drawn; gives up after `timeout` milliseconds. The
 * outline of the broken token comes before the heat, as the server finds one before the other.
 */
export async function waitForHeat(page, timeout) {
  await page.waitForSelector(SQUIGGLE, { timeout, state: 'attached' });
  const painted = (selector) =>
    [...document.querySelectorAll(selector)].some(
      (span) => getComputedStyle(span).backgroundColor !== 'rgba(0, 0, 0, 0)',
    );
  await page.waitForFunction(painted, HEAT, { timeout });
}

/** Waits until neither heat nor diagnostic is drawn. */
export function waitForNothing(page, timeout) {
  const none = (selector) => document.querySelector(selector) === null;
  return page.waitForFunction(none, `${HEAT}, ${SQUIGGLE}`, { timeout, polling: 'raf' });
}

/** The hover text at the middle of the `index`-th element that `selector` finds. */
async function hoverAt(page, selector, index) {
  const box = await page.locator(selector).nth(index).boundingBox();
  if (!box) throw new Error(`nothing to hover: ${selector}`);
  await page.mouse.move(5, 5);
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 4 });
  const settled = ([hover]) => {
    const shown = document.querySelector(hover)?.innerText.trim();
    return shown && !shown.startsWith('Loading') ? shown : false;
  };
  const handle = await page.waitForFunction(settled, [HOVER], { timeout: 15_000 });
  return handle.jsonValue();
}

export const hoverHeat = (page, index) => hoverAt(page, HEAT, index);
export const hoverSquiggle = (page) => hoverAt(page, SQUIGGLE, 0);

/** Index, among all painted spans, of one with the strongest colour. */
export function strongestSpan(page) {
  return page.evaluate((selector) => {
    const opacity = (span) => {
      const parts = getComputedStyle(span).backgroundColor.match(/[\d.]+/g) ?? [];
      return parts.length === 4 ? Number(parts[3]) : 1;
    };
    const strengths = [...document.querySelectorAll(selector)].map(opacity);
    return strengths.indexOf(Math.max(...strengths));
  }, HEAT);
}

/** Types `text` on a new line at the very end of the document. */
export async function appendLine(page, text) {
  await page.keyboard.press('Escape');
  await page.locator('.monaco-editor .view-lines').first().click({ position: { x: 400, y: 4 } });
  await page.keyboard.press('Control+End');
  await page.keyboard.press('Enter');
  await page.keyboard.type(text);
}

/** Runs a command by its title in the palette. */
export async function runCommand(page, title) {
  await page.keyboard.press('F1');
  await page.waitForSelector('.quick-input-widget input');
  await page.keyboard.type(title);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().click();
}

/** The page inside of our panel, which VS Code puts into a frame within a frame. */
export const panelFrame = (page) => page.frameLocator('iframe.webview').frameLocator('#active-frame');

/** Waits until a token in the text is marked that the panel points at: only that has an outline. */
export function waitForMark(page, timeout) {
  const marked = () =>
    [...document.querySelectorAll('.view-overlays .cdr[class*="ced-"]')].some(
      (span) => getComputedStyle(span).outlineStyle === 'solid',
    );
  return page.waitForFunction(marked, undefined, { timeout });
}

/** Waits until our status bar item tells of one of `states`. */
export function waitForStatus(page, states, timeout) {
  const selector = states.map((state) => `[aria-label^="Token Blame ${state}"]`).join(', ');
  return page.waitForSelector(selector, { timeout });
}

/** Takes a PNG; what is still fading in is shown as it will be. */
export function shoot(page, folder, name) {
  return page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
}

/** Themes by kind: their name in the picker and the class that the window carries under them. */
export const THEMES = {
  dark: { name: 'Dark 2026', mark: 'vs-dark' },
  light: { name: 'Light 2026', mark: 'vs' },
  'high-contrast': { name: 'Dark High Contrast', mark: 'hc-black' },
  'high-contrast-light': { name: 'Light High Contrast', mark: 'hc-light' },
};

/** Chooses a theme as a user does, in the theme picker. */
export async function chooseTheme(page, kind) {
  const { name, mark } = THEMES[kind];
  await page.keyboard.press('Control+K');
  await page.keyboard.press('Control+T');
  const row = page.locator('.quick-input-list .monaco-list-row', { hasText: name }).first();
  await page.waitForSelector('.quick-input-widget input');
  await page.keyboard.type(name);
  await row.click();
  await page.waitForSelector(`.monaco-workbench.${mark}`, { timeout: 15_000 });
  await page.waitForSelector('.quick-input-widget', { state: 'hidden' });
}
