import {
  Metadata,
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  status,
} from '@grpc/grpc-js';
import { type AllowedHosts, refusalOf } from './request-guard.ts';

/**
 * The request guard for gRPC. Browsers cannot send gRPC to these servers: they speak HTTP/2 only over TLS, and
 * grpc-js accepts only application/grpc. The guard checks `:authority` and `origin` all the same.
 */
export function guardCalls(allowed?: AllowedHosts): ServerInterceptor {
  return (_method, call) => {
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        const origin = metadata.get('origin')[0]?.toString();
        const details = refusalOf({ host: call.getHost(), origin }, allowed);
        if (details === undefined) return next(metadata);
        call.sendStatus({ code: status.PERMISSION_DENIED, details, metadata: new Metadata() });
      })
      .build();
    return new ServerInterceptingCall(
      call,
      new ResponderBuilder().withStart((next) => next(listener)).build(),
    );
  };
}
