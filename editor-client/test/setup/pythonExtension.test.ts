import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { SelectedPython } from '../../src/setup/pythonExtension';
import { fake } from '../fixtures/vscode';

type Folders = Parameters<SelectedPython['paths']>[0];
type Log = ConstructorParameters<typeof SelectedPython>[0];

const warnings: string[] = [];
const log = { warn: (text: string) => warnings.push(text) } as unknown as Log;
const folders = [{ name: 'a' }, { name: 'b' }] as unknown as Folders;

/** The part of the Python extension's interface that is used. */
function playExtension(interpreters: Record<string, string>): { changed: () => void } {
  let listener = (): void => undefined;
  fake.pythonExtension = {
    environments: {
      onDidChangeActiveEnvironmentPath: (added: () => undefined) => {
        listener = added;
        return { dispose: () => (listener = () => undefined) };
      },
      getActiveEnvironmentPath: ({ name }: { name: string }) => ({ path: name }),
      resolveEnvironment: ({ path }: { path: string }) => {
        if (path in interpreters) {
          return Promise.resolve({ executable: { uri: { fsPath: interpreters[path] } } });
        }
        return Promise.resolve(undefined);
      },
    },
  };
  return {
    changed: () => {
      listener();
    },
  };
}

beforeEach(() => {
  fake.pythonExtension = null;
  warnings.length = 0;
});

describe('SelectedPython', () => {
  it('has nothing to say where the Python extension is not installed', async () => {
    assert.deepEqual(await new SelectedPython(log, () => undefined).paths(folders), []);
    assert.deepEqual(warnings, []);
  });

  it('names the interpreter of every folder that has a valid one', async () => {
    playExtension({ b: '/b/bin/python' });
    const selection = new SelectedPython(log, () => undefined);
    assert.deepEqual(await selection.paths(folders), ['/b/bin/python']);
  });

  it('tells when another is selected, once and until it is disposed of', async () => {
    let changes = 0;
    const extension = playExtension({ a: '/a/bin/python' });
    const selection = new SelectedPython(log, () => (changes += 1));
    await selection.paths(folders);
    await selection.paths(folders);
    extension.changed();
    assert.equal(changes, 1);
    selection.dispose();
    extension.changed();
    assert.equal(changes, 1);
  });

  it('goes on without it where it fails', async () => {
    fake.pythonExtension = {};
    assert.deepEqual(await new SelectedPython(log, () => undefined).paths(folders), []);
    assert.match(warnings.join(), /^The Python extension named no interpreter: TypeError/);
  });
});
