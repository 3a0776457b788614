import type { Hono } from 'hono';
import type { AppEnv } from '../app-env.ts';
import type { AnyEndpointSpec } from '../spec.ts';
import { specOf } from './endpoint.ts';

/** A registered route and the spec it validates by. */
export interface Route {
  /** Upper case. */
  readonly method: string;
  /** In Hono's notation, e.g. `/v1/users/:userId`. */
  readonly path: string;
  readonly spec: AnyEndpointSpec;
}

/** The routes of the app that were declared as endpoints, in order. */
export function routesOf(app: Hono<AppEnv>): Route[] {
  return app.routes.flatMap(({ method, path, handler }) => {
    const spec = specOf(handler);
    return spec ? [{ method, path, spec }] : [];
  });
}

/** The value of `Allow` by path. */
export function allowedMethods(routes: readonly Route[]): Map<string, string> {
  const byPath = Map.groupBy(routes, ({ path }) => path);
  return new Map([...byPath].map(([path, ofPath]) => [path, ofPath.flatMap(methodsOf).join(', ')]));
}

function methodsOf({ method }: Route): string[] {
  return method === 'GET' ? ['GET', 'HEAD'] : [method];
}
