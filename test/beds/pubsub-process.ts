// A server in a process of its own, for a test that kills it: prints its port, runs until killed.

import { startPubsub } from '../../local/pubsub/main.ts';

const [directory = '', port = '0'] = process.argv.slice(2);
const server = await startPubsub({ port: Number(port), directory });
console.log(server.port);
