/** Starts the page that `tokenblame graph --html` writes: its graph is in it. */

import { byId } from './elements';
import { openGraph } from './graph';

openGraph(JSON.parse(byId('data').textContent));
