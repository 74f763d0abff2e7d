import { buildPage, keep } from './load-page.ts';

// What .ci/package.ts and an image run, so that esbuild is not needed where the console is served.
const [, , folder] = process.argv;
keep(await buildPage(), ...(folder === undefined ? [] : [folder]));
