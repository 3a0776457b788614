import * as z from 'zod';
import type { FaultTargets } from './faults.ts';
import type { HttpAnswer } from './http-answer.ts';
import type { NeonRequest } from './neon-request.ts';

const VERBS = ['statement', 'batch', 'probe'] as const;

/** The faults that the Neon bridge can be given. */
export const neonFaults: FaultTargets = {
  verb: z.enum(VERBS),
  wrongBodies: {
    null: 'null',
    number: '42',
    text: '"OK"',
    'empty-object': '{}',
    'empty-array': '[]',
    'null-rows': '{"fields":[],"rows":null}',
    'object-rows': '{"fields":[],"rows":{}}',
    'empty-row': '{"fields":[],"rows":[[]]}',
    'null-row': '{"fields":[],"rows":[null]}',
    'object-row': '{"fields":[],"rows":[{}]}',
    'no-fields': '{"fields":[],"rows":[]}',
    'no-columns': '{"command":"SELECT","rowCount":0,"fields":[],"rows":[]}',
    'lost-rows': '{"command":"SELECT","rowCount":1,"fields":[{"name":"id","dataTypeID":23}],"rows":[]}',
    'one-column': '{"command":"SELECT","rowCount":1,"fields":[{"name":"id","dataTypeID":23}],"rows":[["3"]]}',
    'no-results': '{"results":[]}',
    'empty-results': '{"results":[{},{}]}',
    'error-without-status': '{"message":"out of order"}',
  },
};

/** `probe` is the statement that checks health. */
export function verbOf(asked: NeonRequest): (typeof VERBS)[number] {
  if (asked.kind === 'batch') return 'batch';
  return asked.statement.text === 'select 1' ? 'probe' : 'statement';
}

/** The answer with every value encoded as base64. */
export function mangleValues({ status, body }: HttpAnswer): HttpAnswer {
  return { status, body: JSON.stringify(JSON.parse(body, mangleRows)) };
}

function mangleRows(key: string, value: unknown): unknown {
  return key === 'rows' && Array.isArray(value) ? value.map(mangle) : value;
}

function mangle(value: unknown): unknown {
  if (value === null) return null;
  if (Array.isArray(value)) return value.map(mangle);
  if (typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, mangle(inner)]));
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return Buffer.from(text).toString('base64');
}
