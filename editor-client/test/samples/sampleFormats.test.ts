import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  parseSampleFile,
  parseSamplePath,
  parseTaskPath,
  sampleAtLine,
  samplePath,
} from '../../src/samples/sampleFormats';
import { namesTask } from '../../src/samples/tasks';

describe('parseTaskPath', () => {
  it('reads folder, task and name of a sample file', () => {
    assert.deepEqual(parseTaskPath('/w/run/HumanEval_065/10.py'), {
      folder: '/w/run',
      taskId: 'HumanEval/65',
      name: '10',
      number: 10,
    });
    assert.equal(parseTaskPath('/Mbpp_2/0.py')?.folder, '/');
    assert.equal(parseTaskPath('/w/Mbpp_2/repaired.py')?.name, 'repaired');
  });

  it('agrees with what the server takes for a sample', () => {
    const paths = ['/w/HumanEval_65/0.py', '/w/HumanEval_65.py', '/HumanEval_x/0.py', '/w/a.py'];
    for (const path of paths) assert.equal(parseTaskPath(path) !== null, namesTask(path), path);
  });
});

const SAMPLE_FILE = [
  '{"task_id": "HumanEval/0", "solution": "def f():\\n    pass\\n"}',
  '',
  'no JSON',
  '{"task_id": "HumanEval/1", "completion": "    return 1\\n"}\r',
  '{"task_id": "other", "solution": "x"}',
  '{"task_id": "Mbpp/2"}',
  'null',
].join('\n');

describe('a sample file', () => {
  it('yields the lines that are samples, counted as editors do', () => {
    assert.deepEqual(
      parseSampleFile(SAMPLE_FILE).map(({ line, taskId, lacksPrompt }) => [
        line,
        taskId,
        lacksPrompt,
      ]),
      [
        [1, 'HumanEval/0', false],
        [4, 'HumanEval/1', true],
      ],
    );
  });

  it('gives one line by its number', () => {
    assert.equal(sampleAtLine(SAMPLE_FILE, 1)?.code, 'def f():\n    pass\n');
    for (const line of [0, 2, 3, 99])
      assert.equal(sampleAtLine(SAMPLE_FILE, line), null, String(line));
  });

  it('has paths that name the task and lead back', () => {
    for (const sample of parseSampleFile(SAMPLE_FILE)) {
      const path = samplePath('/w/HumanEval_9/samples.jsonl', sample);
      assert.deepEqual(parseSamplePath(path), {
        file: '/w/HumanEval_9/samples.jsonl',
        line: sample.line,
      });
      assert.equal(namesTask(path), !sample.lacksPrompt, path);
    }
    assert.equal(parseSamplePath('/w/samples.jsonl'), null);
  });
});
