/* Starts the page: its graph is in it. */

openGraph(JSON.parse(byId('data').textContent));
