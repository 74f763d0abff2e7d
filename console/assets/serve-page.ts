import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { Hono } from 'hono';
import type { ConsoleEnv } from '../context.ts';
import type { Page } from './load-page.ts';

interface Asset {
  path: string;
  type: string;
  bytes: Buffer<ArrayBuffer>;
  zipped: Buffer<ArrayBuffer>;
}

/** A drop on a line: what flows, and arrives. */
const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#2757d6"/><path d="M6 11c6 0 6 10 12 10h8M6 21c4 0 5-3 7-5.5M26 21l-4-4m4 4-4 4" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/></svg>`;

/**
 * The page under every path that is not the API's: it reads the path itself.
 *
 * @param onOpen called when somebody who may look opens a page
 */
export function pageRoutes({ script, style }: Page, onOpen: () => void): Hono<ConsoleEnv> {
  const assets = [
    assetOf('main', 'js', 'text/javascript; charset=utf-8', script),
    assetOf('main', 'css', 'text/css; charset=utf-8', style),
    assetOf('icon', 'svg', 'image/svg+xml', icon),
  ];
  const byPath = new Map(assets.map((asset) => [asset.path, asset]));
  const index = indexHtml(assets);
  return new Hono<ConsoleEnv>()
    .get('/assets/:name', (context) => {
      const asset = byPath.get(context.req.path);
      if (!asset) return context.text('not found', 404);
      context.header('content-type', asset.type);
      context.header('cache-control', 'public, max-age=31536000, immutable');
      context.header('vary', 'accept-encoding');
      const isZipped = context.req.header('accept-encoding')?.includes('gzip');
      if (isZipped) context.header('content-encoding', 'gzip');
      return context.body(isZipped ? asset.zipped : asset.bytes);
    })
    .get('*', (context) => {
      context.header('cache-control', 'no-cache');
      if (context.get('session')) onOpen();
      return context.html(index);
    });
}

function assetOf(name: string, end: string, type: string, text: string): Asset {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 10);
  const bytes = Buffer.from(text);
  return { path: `/assets/${name}-${hash}.${end}`, type, bytes, zipped: gzipSync(bytes) };
}

function indexHtml([script, style, logo]: Asset[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Tributary</title>
<link rel="icon" href="${logo?.path}">
<link rel="stylesheet" href="${style?.path}">
<script type="module" src="${script?.path}"></script>
</head>
<body><div id="app"></div><noscript>The console needs JavaScript.</noscript></body>
</html>
`;
}
