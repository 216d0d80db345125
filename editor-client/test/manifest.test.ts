/** The manifest must stay safe, and fit the code. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import manifest from '../package.json';
import { SERVER_COMMANDS } from '../src/protocol/commands';

describe('manifest', () => {
  it('is limited in untrusted workspaces, and their settings name no interpreter', () => {
    const { supported, restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
    assert.equal(supported, 'limited');
    assert.ok(restrictedConfigurations.includes('tokenblame.python'));
  });

  it('offers no setting by which a workspace could trust itself', () => {
    assert.ok(!('tokenblame.trusted' in manifest.contributes.configuration.properties));
  });

  it('wakes the extension for either form of samples', () => {
    const events = manifest.activationEvents;
    for (const event of ['onLanguage:python', 'onLanguage:jsonl'])
      assert.ok(events.includes(event));
    const { default: pattern } =
      manifest.contributes.configuration.properties['tokenblame.client.jsonl'];
    assert.ok(events.includes(`workspaceContains:${pattern}`));
    for (const data of ['HumanEval', 'Mbpp']) {
      assert.ok(events.includes(`workspaceContains:**/${data}_*/*.py`));
    }
  });

  it('wakes the extension for a prompt that an earlier window had open', () => {
    const [language] = manifest.contributes.languages;
    assert.ok(language && manifest.activationEvents.includes(`onLanguage:${language.id}`));
    assert.deepEqual(language.filenamePatterns, ['**/tokenblame/**/prompts/*/*.prompt.txt']);
  });

  it('names every Python that is tried', () => {
    const { 'tokenblame.python': python } = manifest.contributes.configuration.properties;
    assert.match(
      python.markdownDescription,
      /Python extension.*`\.venv`.*Set up Python.*`python3`/,
    );
  });

  it('has every setting and key in the README', () => {
    const page = readFileSync('README.md', 'utf8');
    for (const id of Object.keys(manifest.contributes.configuration.properties)) {
      assert.ok(page.includes(`\`${id.replace('tokenblame.', '')}\``), id);
    }
    for (const { key } of manifest.contributes.keybindings) {
      const shown = key.replace('ctrl+k ', 'Ctrl+K ').replace(/.$/, (c) => c.toUpperCase());
      assert.ok(page.includes(shown), key);
    }
  });

  it('does not clash with the commands that the server registers', () => {
    const ids = manifest.contributes.commands.map(({ command }) => command);
    for (const command of Object.values(SERVER_COMMANDS))
      assert.ok(!ids.includes(command), command);
  });
});

const { commands, keybindings, menus, viewsWelcome, walkthroughs } = manifest.contributes;
const ids = new Set(commands.map(({ command }) => command));
const shown = new Map(menus.commandPalette.map(({ command, when }) => [command, when]));

/** Commands that a link in a text runs. */
const linked = (text: string): string[] =>
  [...text.matchAll(/\(command:([\w.]+)\)/g)].map(([, command]) => command ?? '');

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join('src', name), 'utf8'));

describe('commands', () => {
  it('are all registered', () => {
    for (const id of ids) {
      const key = new RegExp(`^ {4}${id.replace('tokenblame.', '')}[:,]`, 'm');
      assert.ok(
        sources.some((source) => key.test(source)),
        id,
      );
    }
  });

  it('are named in menus, keys and links only where they exist', () => {
    const named = [
      ...Object.values(menus)
        .flat()
        .map(({ command }) => command),
      ...keybindings.map(({ command }) => command),
      ...[...viewsWelcome.map(({ contents }) => contents)].flatMap(linked),
      ...walkthroughs.flatMap(({ steps }) =>
        steps.flatMap(({ description }) => linked(description)),
      ),
    ];
    for (const id of named) {
      const foreign = /^(workbench|vscode)\./.test(id) || id === 'tokenblame.samples.focus';
      assert.ok(ids.has(id) || foreign, id);
    }
  });

  it('ask the server for nothing that it does not know', () => {
    const names = readFileSync(join('..', 'lsp_server', 'protocol', 'names.py'), 'utf8');
    for (const name of Object.values(SERVER_COMMANDS)) {
      assert.ok(names.includes(`"${name}"`), name);
    }
  });

  it('about a sample are offered where a Python file is', () => {
    const about = [...ids].filter((id) => id.endsWith('File'));
    assert.ok(about.includes('tokenblame.curveFile'));
    for (const id of about) assert.equal(shown.get(id), 'editorLangId == python', id);
  });

  it('lead on from a prompt document, and stop what it began', () => {
    const prompt = 'resourceFilename =~ /\\.prompt\\.txt$/';
    for (const name of ['showCode', 'restorePrompt']) {
      assert.equal(shown.get(`tokenblame.${name}`), prompt);
    }
    const cancel = keybindings.find(({ command }) => command === 'tokenblame.cancelAll');
    assert.ok(cancel?.when.includes(prompt));
  });

  it('explain any sample of the view', () => {
    const items = menus['view/item/context'];
    const inline = items.find(({ command }) => command === 'tokenblame.explainSample')?.when ?? '';
    for (const item of ['sample', 'completion']) assert.ok(inline.includes(item));
  });

  it('run nothing of an untrusted workspace', () => {
    for (const name of ['explainAll', 'explainSample', 'searchFile', 'checkFile', 'curveFile']) {
      const command = commands.find((each) => each.command === `tokenblame.${name}`);
      assert.equal(command?.enablement, 'isWorkspaceTrusted', name);
    }
  });

  it('have keys of their own, in our editors only', () => {
    assert.equal(new Set(keybindings.map(({ key }) => key)).size, keybindings.length);
    for (const { key, mac, when } of keybindings) {
      assert.equal(mac, key.replace('ctrl', 'cmd'));
      assert.match(when, /editorTextFocus/);
      // Keys that VS Code itself has behind Ctrl+K would hide its own commands.
      assert.doesNotMatch(key, /^ctrl\+k (c|d|e|f|i|m|n|o|p|r|s|t|u|v|w|y|z)$/);
    }
  });
});

describe('walkthrough', () => {
  it('has all its pages, and they are packaged', () => {
    const packaged = readFileSync('.vscodeignore', 'utf8');
    for (const { media } of walkthroughs.flatMap(({ steps }) => steps)) {
      const file = 'image' in media ? media.image : media.markdown;
      assert.ok(existsSync(file), file);
      assert.ok(packaged.includes(file.replace(/[^/]+\.md$/, '*.md')), file);
    }
  });

  it('tells the keys as they are', () => {
    const page = readFileSync(join('media', 'walkthrough', 'ask.md'), 'utf8');
    for (const { key } of keybindings) {
      assert.ok(
        page.includes(key.replace('ctrl+k ', 'Ctrl+K ').replace(/.$/, (c) => c.toUpperCase())),
        key,
      );
    }
  });
});
