import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scaled, seed } from '../../support/scale.ts';
import { send, useStack } from '../../support/stack.ts';
import { arbitraryRequest } from '../../support/http/arbitrary-request.ts';
import { findFault, readDocument } from '../../support/http/document.ts';

const stack = useStack();
const REQUESTS = scaled(500, 20_000);

test(`${REQUESTS} requests, valid and not, are answered as the document says, and none by a defect`, async () => {
  const api = readDocument(await (await send(stack.current, '/openapi.json')).text());
  const statuses = new Map<number, number>();
  const property = fc.asyncProperty(
    arbitraryRequest(api),
    async ({ method, url, headers, body, operation }) => {
      const response = await send(stack.current, url, { method, headers, body });
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      expect(response.status).toBeLessThan(500);
      expect(await findFault(api, operation, response)).toBeNull();
    },
  );
  await fc.assert(property, { numRuns: REQUESTS, seed });
  // A generator that only makes bad requests, or only good ones, would prove little.
  const share = (status: number) => (statuses.get(status) ?? 0) / REQUESTS;
  expect(share(200) + share(201)).toBeGreaterThan(0.15);
  expect(share(400)).toBeGreaterThan(0.1);
  expect(share(404)).toBeGreaterThan(0.01);
});
