/**
 * A failing sample in VS Code: what is shown, in every strength and theme and in the panel; what an
 * edit does to it; that it all comes back when server or engine die; and what the repair does. In the end
 * a sample that is the answer in a chat, whose prompt is a document of its own.
 *
 *   node scenario.mjs '{…options of visit.mjs, "patience", "steps"?}'
 *
 * patience: seconds that an explanation may take. steps: only these, in the order below. Prints
 * what was seen as JSON, for test_vscode.py to judge.
 */

import { editDocstring, repair } from './editing.mjs';
import { killEngine } from './engine.mjs';
import { compareModels, lookAtPanel, lookAtSections } from './panel.mjs';
import { editPrompt, leavePrompt, openAnswer } from './prompt.mjs';
import { adjustHeat, hover, lookAtSample, visitThemes } from './sample.mjs';
import { killServer } from './server.mjs';
import { searching, visitSteps } from './visit.mjs';

const STEPS = {
  lookAtSample,
  hover,
  adjustHeat,
  killServer,
  lookAtPanel,
  visitThemes,
  lookAtSections,
  compareModels,
  editDocstring,
  killEngine,
  repair,
  openAnswer,
  editPrompt,
  leavePrompt,
};

const options = JSON.parse(process.argv[2]);
await visitSteps(options, { settings: searching(options) }, STEPS);
