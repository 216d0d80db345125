import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { checkPython, findPython } from '../../src/setup/findPython';
import { SERVER_ARGS } from '../../src/setup/isolation';
import { sources } from '../fixtures/python';

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
