/** Finds the samples of the workspace and notices when they change on disk. */

import * as vscode from 'vscode';
import {
  parseSampleFile,
  parseSamplePath,
  parseTaskPath,
  type Sample,
  samplePath,
} from './sampleFormats';

/** Documents that show one sample of a sample file. */
export const SAMPLE_SCHEME = 'tokenblame-sample';

const TASK_FILES = '**/{HumanEval,Mbpp}_*/*.py';

/** More would only make the list slow: EvalPlus' largest set has a few hundred tasks. */
const MAX_FILES = 20_000;

/** Reading larger ones at once would stall the window. */
const MAX_BYTES = 64 * 1024 * 1024;

const SAMPLE_FILES = '**/*samples*.jsonl';

/** Settings are whatever somebody wrote into a file; what is no pattern would end the search. */
function sampleFilePattern(): string {
  const pattern: unknown = vscode.workspace.getConfiguration('tokenblame.client').get('jsonl');
  return typeof pattern === 'string' ? pattern : SAMPLE_FILES;
}

function sampleOfTaskFile(uri: vscode.Uri): Sample | null {
  const parsed = parseTaskPath(uri.path);
  if (!parsed) return null;
  const { folder, taskId, name, number } = parsed;
  const group = uri.with({ path: folder }).toString();
  return { uri: uri.toString(), taskId, name, number, group, lacksPrompt: false };
}

/** The document that shows a sample of the sample file `file`. */
function sampleUri(file: vscode.Uri, path: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SAMPLE_SCHEME, authority: file.authority, path });
}

/** The sample file that such a document shows a sample of; null: it is another document. */
export function sampleFileOf({ scheme, authority, path }: vscode.Uri): vscode.Uri | null {
  const parsed = scheme === SAMPLE_SCHEME ? parseSamplePath(path) : null;
  return parsed && vscode.Uri.file(parsed.file).with({ authority });
}

async function samplesOfSampleFile(
  file: vscode.Uri,
  log: vscode.LogOutputChannel,
): Promise<Sample[]> {
  try {
    const { size } = await vscode.workspace.fs.stat(file);
    if (size > MAX_BYTES) {
      log.warn(`${file.path} is left out: it is larger than ${MAX_BYTES / 1024 / 1024} MiB.`);
      return [];
    }
    const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
    return parseSampleFile(text).map((sample) => ({
      uri: sampleUri(file, samplePath(file.path, sample)).toString(),
      taskId: sample.taskId,
      name: `line ${sample.line}`,
      number: sample.line,
      group: file.toString(),
      lacksPrompt: sample.lacksPrompt,
    }));
  } catch (error) {
    log.warn(`${file.path} cannot be read: ${String(error)}`);
    return [];
  }
}

/** All samples of the workspace, in no particular order. */
export async function findSamples(log: vscode.LogOutputChannel): Promise<Sample[]> {
  const [taskFiles, sampleFiles] = await Promise.all([
    vscode.workspace.findFiles(TASK_FILES, undefined, MAX_FILES),
    vscode.workspace.findFiles(sampleFilePattern(), undefined, MAX_FILES),
  ]);
  const listed = await Promise.all(sampleFiles.map((file) => samplesOfSampleFile(file, log)));
  return [...taskFiles.map(sampleOfTaskFile).filter((sample) => sample !== null), ...listed.flat()];
}

/** When the file of a sample was changed; null: none holds the text that is shown of it. */
export async function lastModified(sample: string): Promise<number | null> {
  const uri = vscode.Uri.parse(sample, true);
  const file = uri.scheme === 'file' ? uri : sampleFileOf(uri);
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
  fileChanged: (uri: vscode.Uri) => void;
  /** There may be other samples now. */
  samplesChanged: () => void;
}

/** Watches the files that hold samples. */
export function watchSamples(listener: DiskListener): vscode.Disposable {
  const watchers = [TASK_FILES, sampleFilePattern()].map((pattern) => {
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    watcher.onDidCreate(listener.samplesChanged);
    watcher.onDidDelete((uri) => {
      listener.fileChanged(uri);
      listener.samplesChanged();
    });
    watcher.onDidChange((uri) => {
      listener.fileChanged(uri);
      if (uri.path.endsWith('.jsonl')) listener.samplesChanged();
    });
    return watcher;
  });
  return vscode.Disposable.from(...watchers);
}
