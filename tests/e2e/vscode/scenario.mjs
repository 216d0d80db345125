/**
 * One visit to VS Code, told as JSON on standard output; test_vscode.py judges it.
 *
 *   node scenario.mjs '{"vsix", "home", "folder", "file", "python", "browser", "shots", "patience"}'
 *
 * home: an empty folder for VS Code's data; shots: where screenshots go; patience: seconds that an
 * explanation may take.
 */

import { ensureCodeServer } from '../../../editor-client/scripts/code-server-install.mjs';
import { folderUrl, startCodeServer } from '../../../editor-client/scripts/code-server.mjs';
import {
  appendLine,
  chooseTheme,
  counts,
  heatColors,
  hoverHeat,
  hoverSquiggle,
  openWorkbench,
  shoot,
  strongestSpan,
  THEMES,
  waitForHeat,
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

async function visit(page) {
  await lookAtSample(page);
  await hover(page);
  await visitThemes(page);
  await edit(page);
}

async function main() {
  const editor = await startCodeServer({
    installed: ensureCodeServer(),
    home: options.home,
    vsix: options.vsix,
    settings: { 'tokenblame.python': options.python },
  });
  try {
    const url = folderUrl(editor.url, options.folder, options.file);
    const size = { width: 1280, height: 720 };
    const { page, close } = await openWorkbench({ browser: options.browser, url, size });
    try {
      await visit(page);
    } catch (error) {
      await shot(page, 'failure');
      throw error;
    } finally {
      await close();
    }
  } finally {
    await editor.stop();
  }
}

await main();
console.log(JSON.stringify(seen));
