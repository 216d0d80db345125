/** Reads and drives a VS Code window in Chromium. Every wait is for a state, never for a time. */

import { createRequire } from 'node:module';
import { join } from 'node:path';

// playwright-core is a development dependency of the extension.
const require = createRequire(new URL('../../../editor-client/package.json', import.meta.url));
const { chromium } = require('playwright-core');

/** Milliseconds that a window may take to load on a busy machine. */
const LOADING = 90_000;

/** Opens `url` and waits until a text editor is there. */
export async function openWorkbench({ browser, url, size }) {
  const launched = await chromium.launch({
    executablePath: browser,
    // Chromium's own sandbox needs namespaces that root in a container does not have.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  const page = await launched.newPage({ viewport: size });
  page.setDefaultNavigationTimeout(LOADING);
  await page.goto(url);
  await page.waitForSelector('.monaco-editor .view-line', { timeout: LOADING });
  return { page, close: () => launched.close() };
}

/** Gives the keyboard to the first text editor, wherever it is now; the cursor stays. */
export async function focusText(page) {
  await page.keyboard.press('Escape');
  await page.locator('.monaco-editor .native-edit-context, .monaco-editor textarea').first().focus();
}

/** Closes the tabs with this title, where there are some. */
export async function closeTabs(page, title) {
  const buttons = page.locator('.tab', { hasText: title }).locator('.tab-actions .action-label');
  for (let left = await buttons.count(); left > 0; left -= 1) await buttons.first().click();
}

/** Puts the cursor of the active text editor on a place, both counted from 1. */
export async function goTo(page, line, column) {
  await page.keyboard.press('Control+G');
  await page.waitForSelector('.quick-input-widget input');
  await page.keyboard.type(`${line}:${column}`);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.quick-input-widget', { state: 'hidden' });
}

/** Waits until a code lens with this text is shown; answers all lenses. */
export async function waitForLens(page, text, timeout) {
  const lenses = page.locator('.codelens-decoration a');
  await lenses.filter({ hasText: text }).first().waitFor({ timeout });
  return (await lenses.allInnerTexts()).map((title) => title.replaceAll('\u00a0', ' '));
}

/** Opens a file by its whole path, for which nothing must be searched. */
export async function openFile(page, path) {
  await page.keyboard.press('Control+P');
  await page.waitForSelector('.quick-input-widget input');
  await page.keyboard.type(path);
  const file = path.split('/').at(-1);
  const row = page.locator('.quick-input-list .monaco-list-row', { hasText: file }).first();
  await row.click({ timeout: LOADING });
  await page.locator('.tab.active', { hasText: file }).waitFor({ timeout: 30_000 });
}

/** Runs a command by its title in the palette. */
export async function runCommand(page, title) {
  await page.keyboard.press('F1');
  await page.waitForSelector('.quick-input-widget input');
  await page.keyboard.type(title);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().click();
  await page.mouse.move(5, 5); // what is below would show its tip
}

/** The page inside of our panel, which VS Code puts into a frame within a frame. */
export const panelFrame = (page) => page.frameLocator('iframe.webview').frameLocator('#active-frame');

const statusSelector = (states) =>
  states.map((state) => `.statusbar [aria-label^="Token Blame ${state}"]`).join(', ');

/** Waits until our status bar item tells of one of `states`. */
export function waitForStatus(page, states, timeout) {
  return page.waitForSelector(statusSelector(states), { timeout });
}

/** What the menu behind our status bar item offers now; the menu stays open. */
export async function openStatusMenu(page) {
  await (await waitForStatus(page, ['ready', 'computing'], 15_000)).click();
  const rows = page.locator('.quick-input-list .monaco-list-row');
  await rows.first().waitFor();
  return rows.allInnerTexts();
}

/** Waits for a notification with this text and answers it. */
export async function waitForNotification(page, text, timeout) {
  const found = page.locator('.notification-list-item-message', { hasText: text }).first();
  await found.waitFor({ timeout });
  return found.innerText();
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
