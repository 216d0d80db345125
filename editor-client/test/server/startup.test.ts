import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { firstAnswer, StartAbandoned, StartFailed } from '../../src/server/startup';

const never = (): Promise<void> => new Promise(() => undefined);

describe('the first answer of a server', () => {
  it('ends the waiting', async () => {
    await firstAnswer(Promise.resolve(), new AbortController().signal, 60_000);
  });

  it('is not waited for without an end', async () => {
    const waiting = firstAnswer(never(), new AbortController().signal, 20);
    await assert.rejects(
      waiting,
      (error) =>
        error instanceof StartFailed && error.message === 'It did not answer within 0.02 seconds.',
    );
  });

  it('does not come from a server that died', async () => {
    const controller = new AbortController();
    const waiting = firstAnswer(never(), controller.signal, 60_000);
    controller.abort(new StartFailed('It ended before it had answered.'));
    await assert.rejects(waiting, { message: 'It ended before it had answered.' });
  });

  it('is not waited for by one who has given up already', async () => {
    const controller = new AbortController();
    controller.abort(new StartAbandoned());
    await assert.rejects(firstAnswer(never(), controller.signal, 60_000), StartAbandoned);
  });

  it('that is a refusal is passed on', async () => {
    const refused = Promise.reject(new Error('spawn ENOENT'));
    await assert.rejects(firstAnswer(refused, new AbortController().signal, 60_000), /ENOENT/);
  });
});
