import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { beforeEach, describe, it } from 'node:test';
import { pythonSources } from '../../src/setup/pythonSources';
import { fake } from '../fixtures/vscode';

type Arguments = Parameters<typeof pythonSources>;

const context = {
  globalStorageUri: { fsPath: tmpdir() },
  extension: { packageJSON: { version: '1' } },
} as unknown as Arguments[0];

const asked: unknown[] = [];
const selection = {
  paths: (folders: unknown) => {
    asked.push(folders);
    return Promise.resolve(['/conda/bin/python']);
  },
} as unknown as Arguments[1];

const local = { uri: { scheme: 'file', fsPath: '/w' } };

beforeEach(() => {
  asked.length = 0;
  fake.folders = [local, { uri: { scheme: 'vscode-vfs', fsPath: '/elsewhere' } }];
});

describe('pythonSources', () => {
  it('asks the Python extension about the folders on this machine', async () => {
    fake.trusted = true;
    const sources = await pythonSources(context, selection);
    assert.deepEqual(sources.selected, ['/conda/bin/python']);
    assert.deepEqual(sources.folders, ['/w']);
    assert.deepEqual(asked, [[local]]);
  });

  it('does not ask it in an untrusted workspace, whose interpreters it would start', async () => {
    fake.trusted = false;
    const sources = await pythonSources(context, selection);
    assert.deepEqual([sources.trusted, sources.selected, asked], [false, [], []]);
  });
});
