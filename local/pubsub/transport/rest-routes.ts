// The routes of the REST side, read from the `google.api.http` annotations of the protos.

import type protobuf from 'protobufjs';
import { PubsubError } from '../errors.ts';
import { iamService } from './iam-protos.ts';
import { serviceOf } from './protos.ts';

export interface Route {
  readonly service: string;
  readonly method: string;
  readonly requestType: protobuf.Type;
  readonly responseType: protobuf.Type;
  readonly pattern: RegExp;
  /** The request field that the path's variable fills: `['topic', 'name']`. */
  readonly variable: readonly string[];
  /** The request field that is the body; without it, the body is the whole request. */
  readonly bodyField: string | undefined;
}

const VERBS = ['get', 'put', 'post', 'patch', 'delete'] as const;
const ROUTES = new Map<string, Route[]>();
for (const service of ['Publisher', 'Subscriber', 'SchemaService', iamService]) {
  for (const method of serviceOf(service).methodsArray) addRoutes(service, method);
}

/** The method of a path and the value of the path's variable. Throws NOT_FOUND. */
export function findRoute(verb: string, path: string): { route: Route; value: string } {
  for (const route of ROUTES.get(verb) ?? []) {
    const value = route.pattern.exec(path)?.[1];
    if (value !== undefined) return { route, value };
  }
  throw new PubsubError('NOT_FOUND', `There is no method at ${verb} ${path}.`);
}

function addRoutes(service: string, method: protobuf.Method): void {
  for (const verb of VERBS) {
    const template = method.options?.[`(google.api.http).${verb}`];
    if (typeof template !== 'string') continue;
    const routes = ROUTES.get(verb.toUpperCase()) ?? [];
    routes.push(routeOf(service, method, template));
    ROUTES.set(verb.toUpperCase(), routes);
  }
}

function routeOf(service: string, method: protobuf.Method, template: string): Route {
  const [, before = '', variable = '', value = '', after = ''] =
    /^(.*)\{([^=]+)=([^}]+)\}(.*)$/.exec(template) ?? [];
  // `:verb` may follow the last part; resource ids contain no colon.
  const name = value.replaceAll('*', '[^/]+').replace(/\[\^\/\]\+$/, '[^/:]+');
  const { resolvedRequestType: requestType, resolvedResponseType: responseType } = method;
  if (!requestType || !responseType) throw new TypeError(`${method.fullName} has no types`);
  return {
    service,
    method: method.name,
    requestType,
    responseType,
    bodyField: bodyFieldOf(method),
    pattern: new RegExp(`^${before}(${name})${after}$`),
    variable: variable
      .split('.')
      .map((part) => part.replace(/_(.)/g, (_, letter) => letter.toUpperCase())),
  };
}

function bodyFieldOf({ options }: protobuf.Method): string | undefined {
  const body = options?.['(google.api.http).body'];
  return typeof body === 'string' && body !== '*' ? body : undefined;
}
