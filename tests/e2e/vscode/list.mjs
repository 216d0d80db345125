/**
 * The samples of a folder in VS Code: the view that lists and explains them, the menu behind the
 * status item, and the walkthrough.
 *
 *   node list.mjs '{…options of visit.mjs, "patience", "steps"?}'
 *
 * As scenario.mjs.
 */

import { lookAtMenu, walkThrough } from './help.mjs';
import {
  explainFolder,
  explainOne,
  filter,
  listSamples,
  openCompletion,
  reload,
} from './samples.mjs';
import { searching, visitSteps } from './visit.mjs';

const STEPS = {
  listSamples,
  explainOne,
  explainFolder,
  openCompletion,
  reload,
  filter,
  lookAtMenu,
  walkThrough,
};

// Nothing is explained but what is asked for in the view.
const options = JSON.parse(process.argv[2]);
const settings = { ...searching(options), 'tokenblame.run': 'save' };
await visitSteps(options, { settings }, STEPS);
