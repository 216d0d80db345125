/** How Python is started, so that it imports nothing from a workspace. */

import { parse } from 'node:path';

/**
 * Where Python runs: never in a workspace, whose files it might import, and not in a folder that
 * may go while the engine, which outlives this window, still stands in it.
 */
export const NEUTRAL_FOLDER = parse(process.execPath).root;

/** `-P` for this process, the variable for those it starts: no import from a working directory. */
export const SAFE_PATH = '-P';
export const safeEnvironment = (): NodeJS.ProcessEnv => ({ ...process.env, PYTHONSAFEPATH: '1' });

/** The arguments that make Python the language server. */
export const SERVER_ARGS: readonly string[] = [SAFE_PATH, '-m', 'lsp_server'];
