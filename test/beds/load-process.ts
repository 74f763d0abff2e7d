/** Loads an export in a process that a test can kill; tells the name of each file that is loaded. */
import type { Announcement } from '../../shared/sources/source.ts';
import { clientOf } from './bigquery-client.ts';
import { loadExport } from './load-once.ts';

export interface LoadOrder {
  announcement: Announcement;
  directory: string;
}

process.once('message', ({ announcement, directory }: LoadOrder) => {
  void loadExport(announcement, {
    api: JSON.parse(process.env['API'] ?? ''),
    bigquery: clientOf(process.env['BIGQUERY'] ?? ''),
    directory,
    location: 'EU',
    log: ({ file }) => process.send?.(file),
  });
});
