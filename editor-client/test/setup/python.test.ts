import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  checkPython,
  describeProblems,
  explainFailure,
  findPython,
  outdatedProblem,
  pythonCandidates,
  type PythonSources,
  SERVER_ARGS,
} from '../../src/setup/python';

const sources: PythonSources = {
  trusted: true,
  userSetting: '',
  workspaceSetting: '',
  folders: ['/w'],
  managed: null,
  platform: 'linux',
};

const paths = (changes: Partial<PythonSources>) =>
  pythonCandidates({ ...sources, ...changes }).map(({ path }) => path);

describe('pythonChoices', () => {
  it('tries the workspace environment, then the one in PATH', () => {
    assert.deepEqual(paths({}), [join('/w', '.venv', 'bin', 'python'), 'python3']);
    assert.deepEqual(paths({ platform: 'win32' }).at(-1), 'python');
  });

  it('tries the environment of its own after the workspace, and only where it fits', () => {
    const managed = { path: '/s/python', installedVersion: '1', requiredVersion: '1' };
    assert.deepEqual(paths({ managed }).slice(1), ['/s/python', 'python3']);
    assert.deepEqual(paths({ managed, trusted: false }), ['/s/python', 'python3']);
    assert.equal(outdatedProblem('/s/python', managed), null);
    assert.match(
      outdatedProblem('/s/python', { ...managed, requiredVersion: '2' })?.reason ?? '',
      /version 1, .* 2/,
    );
    assert.equal(outdatedProblem('python3', { ...managed, requiredVersion: '2' }), null);
  });

  it('tries nothing but what the user named', () => {
    assert.deepEqual(paths({ userSetting: ' /opt/python ' }), ['/opt/python']);
  });

  it('prefers the workspace setting in a trusted workspace', () => {
    assert.deepEqual(paths({ userSetting: '/u', workspaceSetting: '/w/p' }), ['/w/p']);
  });

  it('takes nothing from an untrusted workspace', () => {
    assert.deepEqual(paths({ trusted: false, workspaceSetting: '/w/evil' }), ['python3']);
    const both = { trusted: false, workspaceSetting: '/w/evil', userSetting: '/u' };
    assert.deepEqual(paths(both), ['/u']);
  });
});

describe('explainFailure', () => {
  it('names what is missing', () => {
    const stderr = "Traceback …\nModuleNotFoundError: No module named 'lsp_server'\n";
    assert.match(explainFailure('p', 1, stderr).reason, /no module lsp_server/);
    assert.match(explainFailure('p', 'ENOENT', '').reason, /no such program/);
    assert.match(explainFailure('p', 2, 'Unknown option: -P\nusage: …').reason, /3\.11/);
    assert.match(explainFailure('p', 2, 'unknown option -P\nusage: …').reason, /3\.11/);
    assert.equal(explainFailure('p', 7, '').reason, 'it ended with 7');
  });
});

describe('describeProblems', () => {
  const absent = explainFailure('/w/.venv/bin/python', 'ENOENT', '');
  const bare = explainFailure('python3', 1, "No module named 'pygls'");

  it('speaks of absent interpreters only where there is no other', () => {
    assert.match(describeProblems([absent, bare]), /^python3 cannot .* no module pygls/);
    assert.match(describeProblems([absent]), /no such program/);
  });
});

describe('checkPython', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tokenblame-test-'));
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it('refuses a relative path, which would depend on the working directory', async () => {
    assert.match((await checkPython('bin/python', folder))?.reason ?? '', /relative/);
  });

  it('reports a program that is not there, or is no Python', async () => {
    assert.match((await checkPython(join(folder, 'none'), folder))?.reason ?? '', /no such/);
    assert.notEqual(await checkPython(process.execPath, folder), null);
  });

  it('does not import from the working directory', async () => {
    assert.ok(SERVER_ARGS.includes('-P'));
    const marker = join(folder, 'was-run');
    writeFileSync(join(folder, 'lsp_server.py'), `open(${JSON.stringify(marker)}, "w")\n`);
    await checkPython('python3', folder);
    assert.throws(() => {
      rmSync(marker);
    }, /ENOENT/);
  });

  it('misses what the engine needs before a sample asks for it', async () => {
    const bare = join(folder, 'bare');
    const modules = join(folder, 'modules');
    mkdirSync(modules);
    for (const name of ['lsp_server', 'pygls']) writeFileSync(join(modules, `${name}.py`), '');
    const script = `#!/bin/sh\nPYTHONPATH='${modules}' exec python3 -S "$@"\n`;
    writeFileSync(bare, script, { mode: 0o755 });
    assert.equal((await checkPython(bare, folder))?.reason, 'it has no module torch');
  });

  it('lists every interpreter that failed', async () => {
    const found = await findPython({ ...sources, userSetting: join(folder, 'none') });
    assert.ok('problems' in found && found.problems.length === 1);
  });
});
