import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  createEnvironment,
  findBasePython,
  installedVersion,
  installSteps,
  interpreterIn,
  lockFolder,
} from '../../src/setup/environment';
import { ProcessFailed } from '../../src/setup/processRunner';

const folder = mkdtempSync(join(tmpdir(), 'tokenblame-test-'));
after(() => {
  rmSync(folder, { recursive: true });
});

const quiet = { step: () => undefined, line: () => undefined };
const never = new AbortController().signal;

describe('installSteps', () => {
  it('make an environment and install from the extension, with its constraints', () => {
    const plan = {
      base: '/usr/bin/python3',
      folder: '/s/python',
      source: '/x y',
      platform: 'linux',
    } as const;
    const [first, second] = installSteps(plan);
    assert.deepEqual(first?.args.slice(-3), ['venv', '--clear', '/s/python']);
    assert.equal(second?.program, interpreterIn('/s/python', 'linux'));
    assert.equal(second.args.at(-1), '/x y');
    assert.deepEqual(second.environment, { PIP_CONSTRAINT: 'file:///x%20y/constraints.txt' });
  });
});

describe('createEnvironment', () => {
  it('takes the mark away from an environment that it could not complete', async () => {
    const target = join(folder, 'environment');
    mkdirSync(target);
    writeFileSync(join(target, '.tokenblame-version'), '0.0.1\n');
    assert.equal(installedVersion(target), '0.0.1');
    // No Python, so that the first step fails.
    const base = process.execPath;
    const plan = { base, folder: target, source: folder, platform: process.platform };
    await assert.rejects(createEnvironment(plan, '1.0.0', quiet, never), ProcessFailed);
    assert.equal(installedVersion(target), null);
  });
});

describe('lockFolder', () => {
  const target = join(folder, 'storage', 'python');

  it('keeps a second window out until the first has ended', async () => {
    const release = lockFolder(target);
    const plan = {
      base: process.execPath,
      folder: target,
      source: folder,
      platform: process.platform,
    };
    await assert.rejects(createEnvironment(plan, '1.0.0', quiet, never), /another window/);
    release();
    await assert.rejects(
      createEnvironment(plan, '1.0.0', quiet, never),
      /Creating the environment/,
    );
    lockFolder(target)();
  });

  it('passes over one that was left behind', () => {
    lockFolder(target);
    const past = Date.now() / 1000 - 2 * 60 * 60;
    utimesSync(`${target}.lock`, past, past);
    lockFolder(target)();
  });
});

describe('findBasePython', () => {
  it('finds a Python that can make environments', async () => {
    assert.notEqual(await findBasePython(), null);
  });

  it('passes over what is no Python', async () => {
    assert.equal(await findBasePython([join(folder, 'none'), process.execPath]), null);
  });
});
