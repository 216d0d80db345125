import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lineAt, lineOfPath, pathOfLine, readLines, readPath } from '../../src/samples/samples';
import { namesTask } from '../../src/samples/tasks';

describe('readPath', () => {
  it('reads folder, task and name of a sample file', () => {
    assert.deepEqual(readPath('/w/run/HumanEval_065/10.py'), {
      folder: '/w/run',
      taskId: 'HumanEval/65',
      name: '10',
      number: 10,
    });
    assert.equal(readPath('/Mbpp_2/0.py')?.folder, '/');
    assert.equal(readPath('/w/Mbpp_2/repaired.py')?.name, 'repaired');
  });

  it('agrees with what the server takes for a sample', () => {
    const paths = ['/w/HumanEval_65/0.py', '/w/HumanEval_65.py', '/HumanEval_x/0.py', '/w/a.py'];
    for (const path of paths) assert.equal(readPath(path) !== null, namesTask(path), path);
  });
});

const TABLE = [
  '{"task_id": "HumanEval/0", "solution": "def f():\\n    pass\\n"}',
  '',
  'no JSON',
  '{"task_id": "HumanEval/1", "completion": "    return 1\\n"}\r',
  '{"task_id": "other", "solution": "x"}',
  '{"task_id": "Mbpp/2"}',
  'null',
].join('\n');

describe('samples.jsonl', () => {
  it('yields the lines that are samples, counted as editors do', () => {
    assert.deepEqual(
      readLines(TABLE).map(({ number, taskId, lacksPrompt }) => [number, taskId, lacksPrompt]),
      [
        [1, 'HumanEval/0', false],
        [4, 'HumanEval/1', true],
      ],
    );
  });

  it('gives one line by its number', () => {
    assert.equal(lineAt(TABLE, 1)?.code, 'def f():\n    pass\n');
    for (const number of [0, 2, 3, 99]) assert.equal(lineAt(TABLE, number), null, String(number));
  });

  it('has paths that name the task and lead back', () => {
    for (const line of readLines(TABLE)) {
      const path = pathOfLine('/w/HumanEval_9/samples.jsonl', line);
      assert.deepEqual(lineOfPath(path), {
        file: '/w/HumanEval_9/samples.jsonl',
        number: line.number,
      });
      assert.equal(namesTask(path), !line.lacksPrompt, path);
    }
    assert.equal(lineOfPath('/w/samples.jsonl'), null);
  });
});
