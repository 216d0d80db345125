import assert from 'node:assert/strict';
import { it } from 'node:test';
import { hasExamples, namesTask, TASK_ID } from '../../src/samples/tasks';

it('reads the task from EvalPlus folders only', () => {
  assert.ok(namesTask('/s/HumanEval_65/0.py') && namesTask('/Mbpp_2/12.py'));
  assert.ok(!namesTask('/s/HumanEval_65.py') && !namesTask('/s/HumanEval_65/sub/0.py'));
  assert.ok(!namesTask('/s/HumanEval_x/0.py') && !namesTask('/s/HumanEval_65/0.txt'));
});

it('knows what a task id looks like', () => {
  assert.ok(TASK_ID.test('HumanEval/65') && TASK_ID.test('Mbpp/2'));
  assert.ok(!TASK_ID.test('HumanEval_65') && !TASK_ID.test('HumanEval/') && !TASK_ID.test('x/1'));
});

it('sees examples where a docstring may hold them', () => {
  assert.ok(hasExamples('def f():\n    """\n    >>> f()\n    1\n    """\n'));
  assert.ok(!hasExamples('x = 1 >>> 2\n') && !hasExamples('def f():\n    return 1\n'));
});

it('reads past blank lines in no time', () => {
  const begun = process.cpuUsage().user;
  assert.ok(!hasExamples(`def f():${'\n'.repeat(100_000)}`));
  assert.ok(process.cpuUsage().user - begun < 1_000_000); // microseconds
});
