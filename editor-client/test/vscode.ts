/** The little of VS Code that the tested parts call, and what they did with it. */

export class Range {
  constructor(
    readonly startLine: number,
    readonly startCharacter: number,
    readonly endLine: number,
    readonly endCharacter: number,
  ) {}
}

export const ViewColumn = { Beside: -2 };

export const Uri = { parse: (text: string): string => text };

interface Document {
  uri: { toString: () => string };
}

/** What a test sets and looks at. */
export const fake = {
  run: 'type',
  open: [] as Document[],
  /** What was shown, each with how. */
  shown: [] as [string, object][],
  active: null as Document | null,
  /** What the light bulb offers there. */
  offered: [] as { title: string; edit?: unknown }[],
  edits: [] as unknown[],
  said: [] as string[],
};

export const workspace = {
  get textDocuments(): readonly Document[] {
    return fake.open;
  },
  openTextDocument: (uri: string): Promise<Document> => {
    const document = { uri };
    fake.open.push(document);
    return Promise.resolve(document);
  },
  applyEdit: (edit: unknown): Promise<boolean> => Promise.resolve(fake.edits.push(edit) > 0),
  getConfiguration: (): { get: () => string } => ({ get: () => fake.run }),
};

export const commands = {
  executeCommand: (name: string): Promise<unknown> =>
    Promise.resolve(name === 'vscode.executeCodeActionProvider' ? fake.offered : undefined),
};

export const window = {
  get activeTextEditor(): { document: Document } | undefined {
    return fake.active ? { document: fake.active } : undefined;
  },
  showInformationMessage: (text: string): void => {
    fake.said.push(text);
  },
  showTextDocument: async (what: string | Document, how = {}): Promise<Document> => {
    const uri = (typeof what === 'string' ? what : what.uri).toString();
    fake.shown.push([uri, how]);
    const known = fake.open.find((document) => document.uri.toString() === uri);
    return known ?? (await workspace.openTextDocument(uri));
  },
};
