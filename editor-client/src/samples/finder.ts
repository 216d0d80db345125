/** Finds the samples of the workspace and notices when they change on disk. */

import * as vscode from 'vscode';
import { lineOfPath, pathOfLine, readLines, readPath, type Sample } from './samples';

/** Documents that show one line of a `samples.jsonl`. */
export const SAMPLE_SCHEME = 'tokenblame-sample';

const FILES = '**/{HumanEval,Mbpp}_*/*.py';

/** More would only make the list slow: EvalPlus' largest set has a few hundred tasks. */
const MOST_FILES = 20_000;

/** Reading larger ones at once would stall the window. */
const MOST_BYTES = 64 * 1024 * 1024;

const TABLES = '**/*samples*.jsonl';

/** Settings are whatever somebody wrote into a file; what is no pattern would end the search. */
function jsonlPattern(): string {
  const set: unknown = vscode.workspace.getConfiguration('tokenblame.client').get('jsonl');
  return typeof set === 'string' ? set : TABLES;
}

function sampleOfFile(uri: vscode.Uri): Sample | null {
  const read = readPath(uri.path);
  if (!read) return null;
  const { folder, taskId, name, number } = read;
  const group = uri.with({ path: folder }).toString();
  return { uri: uri.toString(), taskId, name, number, group, lacksPrompt: false };
}

/** The document for a line of `file`. */
function lineUri(file: vscode.Uri, path: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SAMPLE_SCHEME, authority: file.authority, path });
}

/** The file that such a document shows a line of; null: it is another one. */
export function tableOf({ scheme, authority, path }: vscode.Uri): vscode.Uri | null {
  const place = scheme === SAMPLE_SCHEME ? lineOfPath(path) : null;
  return place && vscode.Uri.file(place.file).with({ authority });
}

async function samplesOfJsonl(file: vscode.Uri, log: vscode.LogOutputChannel): Promise<Sample[]> {
  try {
    const { size } = await vscode.workspace.fs.stat(file);
    if (size > MOST_BYTES) {
      log.warn(`${file.path} is left out: it is larger than ${MOST_BYTES / 1024 / 1024} MiB.`);
      return [];
    }
    const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
    return readLines(text).map((line) => ({
      uri: lineUri(file, pathOfLine(file.path, line)).toString(),
      taskId: line.taskId,
      name: `line ${line.number}`,
      number: line.number,
      group: file.toString(),
      lacksPrompt: line.lacksPrompt,
    }));
  } catch (error) {
    log.warn(`${file.path} cannot be read: ${String(error)}`);
    return [];
  }
}

/** All samples of the workspace, in no particular order. */
export async function findSamples(log: vscode.LogOutputChannel): Promise<Sample[]> {
  const [files, tables] = await Promise.all([
    vscode.workspace.findFiles(FILES, undefined, MOST_FILES),
    vscode.workspace.findFiles(jsonlPattern(), undefined, MOST_FILES),
  ]);
  const lines = await Promise.all(tables.map((table) => samplesOfJsonl(table, log)));
  return [...files.map(sampleOfFile).filter((sample) => sample !== null), ...lines.flat()];
}

/** When the file of a sample was changed; null: none holds the text that is shown of it. */
export async function changedAt(sample: string): Promise<number | null> {
  const uri = vscode.Uri.parse(sample, true);
  const file = uri.scheme === 'file' ? uri : tableOf(uri);
  const unsaved = vscode.workspace.textDocuments.some(
    (document) => document.isDirty && document.uri.toString() === sample,
  );
  if (!file || unsaved) return null;
  try {
    return (await vscode.workspace.fs.stat(file)).mtime;
  } catch {
    return null;
  }
}

/** Told what happens to samples on disk. */
export interface DiskListener {
  /** The text of a file has changed, or it is gone. */
  changed: (uri: vscode.Uri) => void;
  /** There may be other samples now. */
  others: () => void;
}

/** Watches the files that hold samples. */
export function watchSamples(listener: DiskListener): vscode.Disposable {
  const watchers = [FILES, jsonlPattern()].map((pattern) => {
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    watcher.onDidCreate(listener.others);
    watcher.onDidDelete((uri) => {
      listener.changed(uri);
      listener.others();
    });
    watcher.onDidChange((uri) => {
      listener.changed(uri);
      if (uri.path.endsWith('.jsonl')) listener.others();
    });
    return watcher;
  });
  return vscode.Disposable.from(...watchers);
}
