/** Steps of a scenario: the language server dies, and another one takes its place. */

import { execFileSync } from 'node:child_process';
import { counts, hoverStrongest, waitForHeat } from './heat.mjs';
import { waitForLens, waitForStatus } from './workbench.mjs';

/** @typedef {import('./visit.mjs').Step} Step */

/** Of the one language server among the processes that this one has started. */
export function serverId() {
  const listed = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' });
  const rows = listed.split('\n').map((line) => line.trim().split(/ +/));
  const parents = new Map(rows.map(([pid, parent]) => [pid, parent]));
  const ours = (pid) => pid === String(process.pid) || (parents.has(pid) && ours(parents.get(pid)));
  const found = rows.filter(([pid, , ...args]) => args.join(' ').includes('-m lsp_server') && ours(pid));
  if (found.length !== 1) throw new Error(`${found.length} language servers instead of one`);
  return Number(found[0][0]);
}

/** What it had found stays, and the next one finds it again. @param {Step} step */
export async function killServer({ page, seen, patience, shot }) {
  const first = serverId();
  process.kill(first, 'SIGKILL');
  await waitForStatus(page, ['starting'], 15_000);
  const kept = await counts(page);
  await shot('server-killed');
  await waitForLens(page, 'Check faithfulness', patience); // the new one knows as much
  await waitForHeat(page, patience);
  seen.server = {
    kept,
    ...(await counts(page)),
    another: serverId() !== first,
    hover: await hoverStrongest(page, 'code'),
  };
  await page.mouse.move(5, 5);
  await shot('server-back');
}
