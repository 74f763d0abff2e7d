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
 * The same for gRPC. No browser sends it: they speak HTTP/2 over TLS alone, and grpc-js takes no other content
 * type than application/grpc. What a page's name would stand in is looked at all the same: `:authority` and
 * `origin`.
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
