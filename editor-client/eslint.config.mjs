import { readdirSync } from 'node:fs';
import js from '@eslint/js';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

const NODE_GLOBALS = ['console', 'process', 'URL', 'URLSearchParams', 'setTimeout', 'clearTimeout'];

/**
 * The rooms of the extension and of its panel's page, from the lowest up: each may import those
 * before it in its list, and nothing else of the program. (`extension.ts` and `main.ts` wire them
 * all together.)
 */
const SRC = [
  'protocol',
  'settings',
  'setup',
  'outcomes',
  'samples',
  'heatmap',
  'status',
  'server',
  'panel',
  'wiring',
  'commands',
];

const WEBVIEW = ['page', 'sections'];

/** The drawing of a graph, in the panel and in the page that the command line writes. */
const GRAPH = ['model', 'canvas', 'page'];

/** One zone of `no-restricted-paths` per room; a folder without a place in the list is an error. */
function walls(program, rooms) {
  const folders = readdirSync(new URL(program, import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'styles')
    .map(({ name }) => name);
  const unlisted = folders.filter((name) => !rooms.includes(name));
  if (unlisted.length > 0) throw new Error(`${program}: no floor is given for ${unlisted.join()}`);
  return rooms.map((room, floor) => ({
    target: `./${program}/${room}`,
    from: `./${program}`,
    except: rooms.slice(0, floor + 1).map((lower) => `./${lower}`),
    message: `The room ${room} may import ${rooms.slice(0, floor).join(', ') || 'no other'}.`,
  }));
}

export default tseslint.config(
  { ignores: ['out/', 'node_modules/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', { max: 40, skipComments: true }],
    },
  },
  {
    files: ['**/*.ts'],
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [
        createNodeResolver({ extensions: ['.ts', '.d.ts', '.js', '.mjs', '.json', '.html'] }),
      ],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    },
    rules: {
      'import-x/no-cycle': 'error',
      'import-x/no-duplicates': 'error',
      'import-x/order': [
        'error',
        {
          groups: ['builtin', 'external', 'parent', 'sibling'],
          alphabetize: { order: 'asc', caseInsensitive: true },
          named: { enabled: true, types: 'mixed' },
        },
      ],
      'import-x/no-restricted-paths': [
        'error',
        {
          zones: [
            ...walls('src', SRC),
            ...walls('webview', WEBVIEW),
            ...walls('graph', GRAPH),
            {
              target: './webview',
              from: './src',
              except: ['./protocol', './settings/models.json', './heatmap/buckets.ts'],
              message: 'A page knows the messages alone, and how the heat map levels its colours.',
            },
            {
              target: './src',
              from: ['./webview', './graph'],
              message: 'A page is a program of its own.',
            },
            {
              target: './graph',
              from: ['./src', './webview'],
              message: 'The graph is drawn in pages that know nothing of VS Code, too.',
            },
            { target: ['./src', './webview', './graph'], from: './test' },
          ],
        },
      ],
    },
  },
  {
    // node:test's `describe` and `it` return promises that nobody needs to await.
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': 'off',
      'max-lines-per-function': 'off',
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(NODE_GLOBALS.map((name) => [name, 'readonly'])),
    },
  },
);
