/**
 * Runs local/bigquery over the folder of its argument in a process of its own, prints its ports, REST and gRPC,
 * and ends when it is killed.
 */

import { startBigQuery } from '../../local/bigquery/main.ts';

const directory = process.argv[2] ?? '';
const server = await startBigQuery({ restPort: 0, grpcPort: 0, directory });
process.stdout.write(`${server.restPort} ${server.grpcPort}\n`);
