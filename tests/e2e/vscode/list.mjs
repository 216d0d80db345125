/**
 * The samples of a folder in VS Code: the view that lists and explains them, the menu behind the
 * status item, and the walkthrough.
 *
 *   node list.mjs '{…options of visit.mjs, "patience", "steps"?}'
 *
 * As scenario.mjs.
 */

import { explainFolder, explainOne, filter, listSamples } from './samples.mjs';
import { lookAtMenu, walkThrough } from './help.mjs';
import { visitSteps } from './visit.mjs';

const STEPS = {
  listSamples,
  explainOne,
  explainFolder,
  filter,
  lookAtMenu,
  walkThrough,
};

// Nothing is explained but what is asked for in the view.
const setup = { settings: { 'tokenblame.search.rollouts': 48, 'tokenblame.run': 'save' } };
await visitSteps(JSON.parse(process.argv[2]), setup, STEPS);
