/**
 * A failing sample in VS Code: what is shown, in every theme and in the panel; what an edit
 * does to it; that it all comes back when the engine dies; and what the repair does.
 *
 *   node scenario.mjs '{…options of visit.mjs, "patience", "steps"?}'
 *
 * patience: seconds that an explanation may take. steps: only these, in the order below. Prints
 * what was seen as JSON, for test_vscode.py to judge.
 */

import { editDocstring, repair } from './editing.mjs';
import { killEngine } from './engine.mjs';
import { compareModels, lookAtPanel, lookAtSections } from './panel.mjs';
import { hover, lookAtSample, visitThemes } from './sample.mjs';
import { visitSteps } from './visit.mjs';

const STEPS = {
  lookAtSample,
  hover,
  lookAtPanel,
  visitThemes,
  lookAtSections,
  compareModels,
  editDocstring,
  killEngine,
  repair,
};

// The first batches of the search hold a repair of this sample.
const setup = { settings: { 'tokenblame.search.rollouts': 48 } };
await visitSteps(JSON.parse(process.argv[2]), setup, STEPS);
