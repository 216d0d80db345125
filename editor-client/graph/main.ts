/** Starts the page that `tokenblame graph --html` writes: its graph is in it. */

import { openGraph } from './graph';
import { byId } from './page/elements';

openGraph(JSON.parse(byId('data').textContent));
