/**
 * The samples of a folder in VS Code: the view that lists and explains them, the menu behind the
 * status item, the walkthrough, and a prompt in chat form.
 *
 *   node list.mjs '{…options of visit.mjs, "patience", "steps"?}'
 *
 * As scenario.mjs.
 */

import { lookAtMenu, walkThrough } from './help.mjs';
import { editPrompt, leavePrompt } from './prompt.mjs';
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
  editPrompt,
  leavePrompt,
};

// Nothing is explained but what is asked for in the view.
const options = JSON.parse(process.argv[2]);
const settings = { ...searching(options), 'tokenblame.run': 'save' };
await visitSteps(options, { settings }, STEPS);
