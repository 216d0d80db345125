import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pythonCandidates, type PythonSources } from '../../src/setup/pythonCandidates';
import { sources } from '../fixtures/python';

const paths = (changes: Partial<PythonSources>) =>
  pythonCandidates({ ...sources, ...changes }).map(({ path }) => path);

describe('pythonCandidates', () => {
  it('tries the workspace environment, then the one in PATH', () => {
    assert.deepEqual(paths({}), [join('/w', '.venv', 'bin', 'python'), 'python3']);
    assert.deepEqual(paths({ platform: 'win32' }).at(-1), 'python');
  });

  it('tries the environment of its own after the workspace', () => {
    const managed = { path: '/s/python', installedVersion: '1', requiredVersion: '1' };
    assert.deepEqual(paths({ managed }).slice(1), ['/s/python', 'python3']);
    assert.deepEqual(paths({ managed, trusted: false }), ['/s/python', 'python3']);
  });

  it('tries nothing but what the user named', () => {
    assert.deepEqual(paths({ userSetting: ' /opt/python ' }), ['/opt/python']);
  });

  it('prefers the workspace setting in a trusted workspace', () => {
    assert.deepEqual(paths({ userSetting: '/u', workspaceSetting: '/w/p' }), ['/w/p']);
  });

  it('prefers what is selected in the Python extension to what is found by itself', () => {
    const selected = ['/conda/bin/python', '/w/.venv/bin/python'];
    assert.deepEqual(paths({ selected }), [...selected, 'python3']);
    assert.deepEqual(paths({ selected, userSetting: '/opt/python' }), ['/opt/python']);
  });

  it('takes nothing from an untrusted workspace', () => {
    assert.deepEqual(paths({ trusted: false, workspaceSetting: '/w/evil' }), ['python3']);
    assert.deepEqual(paths({ trusted: false, selected: ['/w/evil'] }), ['python3']);
    const both = { trusted: false, workspaceSetting: '/w/evil', userSetting: '/u' };
    assert.deepEqual(paths(both), ['/u']);
  });
});
