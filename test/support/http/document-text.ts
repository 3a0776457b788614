import { app } from '../../../src/http/app.ts';
import { routesOf } from '../../../src/http/endpoint/registry.ts';
import { makeOpenApi } from '../../../src/http/openapi/document.ts';

/** The OpenAPI document, as the Worker answers it. */
export const text = JSON.stringify(makeOpenApi(routesOf(app)));
