import { protos } from '@google-cloud/bigquery-storage';
import { method } from '../storage-write/service-definition.ts';

const v1 = protos.google.cloud.bigquery.storage.v1;
const SERVICE = 'BigQueryRead';

export const BIG_QUERY_READ = {
  createReadSession: method(
    'CreateReadSession',
    v1.CreateReadSessionRequest,
    v1.ReadSession,
    SERVICE,
  ),
  readRows: {
    ...method('ReadRows', v1.ReadRowsRequest, v1.ReadRowsResponse, SERVICE),
    responseStream: true,
  },
  splitReadStream: method(
    'SplitReadStream',
    v1.SplitReadStreamRequest,
    v1.SplitReadStreamResponse,
    SERVICE,
  ),
};
