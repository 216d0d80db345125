import type { BuildOptions } from 'esbuild';

export const graphPage: BuildOptions;
