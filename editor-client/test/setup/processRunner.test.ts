import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ProcessFailed, runProcesses, type Step } from '../../src/setup/processRunner';

const folder = mkdtempSync(join(tmpdir(), 'tokenblame-test-'));
after(() => {
  rmSync(folder, { recursive: true });
});

const quiet = { step: () => undefined, line: () => undefined };
const never = new AbortController().signal;
const python = (code: string): Step => ({
  title: 'A step',
  program: 'python3',
  args: ['-c', code],
});

describe('runProcesses', () => {
  it('tells every line, and ends with the last words of what failed', async () => {
    const lines: string[] = [];
    const observer = { ...quiet, line: (line: string) => lines.push(line) };
    assert.equal(await runProcesses([python('print("hello")')], observer, never), true);
    assert.deepEqual(lines, ['hello']);
    const failing = python('import sys; print("ERROR: no space"); sys.exit(3)');
    await assert.rejects(runProcesses([failing, python('1')], observer, never), (error) => {
      assert.ok(error instanceof ProcessFailed);
      assert.equal(error.message, 'A step failed: ERROR: no space');
      return true;
    });
    const absent = { title: 'A step', program: join(folder, 'none'), args: [] };
    await assert.rejects(runProcesses([absent], observer, never), /A step: .*ENOENT/);
  });

  it('ends a program and what it started when cancelled', async () => {
    const controller = new AbortController();
    const lines: string[] = [];
    const observer = {
      ...quiet,
      line: (line: string) => {
        lines.push(line);
        controller.abort();
      },
    };
    const code =
      'import os, subprocess, sys, time; ' +
      'c = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]); ' +
      'print(c.pid, flush=True); time.sleep(60)';
    assert.equal(
      await runProcesses([python(code), python('1')], observer, controller.signal),
      false,
    );
    // The pipe closes only once the child's child is gone as well, so it is by now.
    assert.equal(lines.length, 1);
  });
});
