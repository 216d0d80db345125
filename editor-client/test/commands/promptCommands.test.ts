import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { beforeEach, describe, it } from 'node:test';
import { RESTORE_TITLE, restorePrompt, showCode } from '../../src/commands/promptCommands';
import { fake } from '../fixtures/vscode';

const FILE = 'file:///c/tokenblame/prompts/0f/HumanEval_65-0.prompt.txt';
const asked: unknown[][] = [];
const server = {
  ensureRunning: () => Promise.resolve(),
  execute: (...command: unknown[]) => Promise.resolve(asked.push(command)),
};

/** Opens a document in the active editor. */
function open(file: string): void {
  fake.active = { uri: Object.assign(new URL(file), { path: new URL(file).pathname }) };
}

beforeEach(() => {
  Object.assign(fake, { active: null, offered: [], edits: [], said: [] });
  asked.length = 0;
});

describe('from a prompt', () => {
  it('the server leads back to the code', async () => {
    open(FILE);
    await showCode(server);
    assert.deepEqual(asked, [['tokenblame.openCode', FILE]]);
  });

  it('all changes are taken back, as the light bulb would do it', async () => {
    open(FILE);
    fake.offered = [{ title: 'Another' }, { title: RESTORE_TITLE, edit: 'the edit' }];
    await restorePrompt(server);
    assert.deepEqual([fake.edits, fake.said], [['the edit'], []]);
  });

  it('the user is told where there is nothing to take back, and no prompt', async () => {
    open(FILE);
    await restorePrompt(server);
    assert.match(fake.said.join(), /no change/);
    open('file:///w/HumanEval_65/0.py');
    await restorePrompt(server);
    await showCode(server);
    assert.match(fake.said.at(-1) ?? '', /open the prompt/);
    assert.deepEqual([fake.edits, asked], [[], []]);
  });

  it('is called what the server calls it', () => {
    assert.ok(
      readFileSync('../lsp_server/features/prompt_document.py', 'utf8').includes(
        `"${RESTORE_TITLE}"`,
      ),
    );
  });
});
