import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeProblems, explainFailure, outdatedProblem } from '../../src/setup/pythonProblems';

describe('outdatedProblem', () => {
  it('is that of an environment that an older extension has made', () => {
    const managed = { path: '/s/python', installedVersion: '1', requiredVersion: '1' };
    assert.equal(outdatedProblem('/s/python', managed), null);
    assert.match(
      outdatedProblem('/s/python', { ...managed, requiredVersion: '2' })?.reason ?? '',
      /version 1, .* 2/,
    );
    assert.equal(outdatedProblem('python3', { ...managed, requiredVersion: '2' }), null);
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
