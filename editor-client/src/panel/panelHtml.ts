/** The panel's page: what it may load, and the elements that its script fills. */

import graph from '../../../attribution/graphs/web/graph.html';
import { type Section, SECTIONS } from '../protocol/webviewMessages';

export interface Resources {
  /** Where VS Code serves the extension's files from, as a source of a content security policy. */
  source: string;
  script: string;
  style: string;
  /** Fresh for every page: only scripts that carry it run. */
  nonce: string;
}

const TITLES: Record<Section, string> = {
  graph: 'Graph',
  layers: 'Layers',
  choices: 'Choices',
  repair: 'Repair',
  compare: 'Compare',
  faithfulness: 'Faithfulness',
};

/** Nothing is fetched from elsewhere, and no text of a sample can run. */
export function contentSecurityPolicy({ source, nonce }: Resources): string {
  const allowed = {
    'default-src': "'none'",
    'style-src': source,
    'script-src': `'nonce-${nonce}'`,
    'base-uri': "'none'",
    'form-action': "'none'",
  };
  return Object.entries(allowed)
    .map(([directive, from]) => `${directive} ${from}`)
    .join('; ');
}

const tab = (section: Section): string =>
  `<button type="button" role="tab" id="tab-${section}" aria-controls="section-${section}" ` +
  `aria-selected="false" tabindex="-1">${TITLES[section]}</button>`;

const GRAPH = `<label id="detail" class="check" hidden><input id="midpoints" type="checkbox">
Also between attention and MLP</label>
<div class="state" data-state="graph"></div>
<div id="drawing" hidden>
<header><h2 id="title"></h2><p id="subtitle"></p></header>
${graph}
</div>`;

const body = (section: Section): string =>
  section === 'graph' ? GRAPH : `<div class="content" data-content="${section}"></div>`;

const panel = (section: Section): string =>
  `<section role="tabpanel" id="section-${section}" aria-labelledby="tab-${section}" ` +
  `tabindex="-1" hidden>${body(section)}</section>`;

export function panelHtml(resources: Resources): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy(resources)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Token Blame</title>
<link rel="stylesheet" href="${resources.style}">
</head>
<body>
<div id="sample"><h1 id="heading">Token Blame</h1>
<div class="state" data-state="sample" role="status"></div></div>
<div id="tabs" role="tablist" aria-label="About this sample">${SECTIONS.map(tab).join('')}</div>
${SECTIONS.map(panel).join('\n')}
<script nonce="${resources.nonce}" src="${resources.script}"></script>
</body>
</html>
`;
}
