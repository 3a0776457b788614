import { createHash } from 'node:crypto';
import * as z from 'zod';
import { scripts } from '../src/cache/shared/scripts/scripts.ts';
import type { FaultTargets } from './faults.ts';
import type { Command } from './upstash-request.ts';

const scriptNames = new Map(
  Object.entries(scripts).flatMap(([name, { text }]): [string, string][] => [
    [text, name],
    [createHash('sha1').update(text).digest('hex'), name],
  ]),
);

/** The faults that the Upstash bridge can be given. */
export const upstashFaults: FaultTargets = {
  verb: z
    .string()
    .regex(
      new RegExp(`^(${Object.keys(scripts).join('|')}|[A-Z]+)$`),
      `must be ${Object.keys(scripts).join(', ')} or the name of a command in upper case`,
    ),
  wrongBodies: {
    null: 'null',
    number: '42',
    text: '"OK"',
    'empty-object': '{}',
    'empty-array': '[]',
    'null-result': '{"result":null}',
    'text-result': '{"result":"OK"}',
    'number-result': '{"result":42}',
    'object-result': '{"result":{"status":"hit"}}',
    'short-result': '{"result":["hit"]}',
    'nested-result': '{"result":[["hit","","","","","0"]]}',
    'list-of-results': '[{"result":null}]',
    'null-error': '{"error":null}',
  },
};

/** The name of the cache's script that a command runs, or else the name of the command. */
export function verbOf({ name, args: [script = ''] }: Command): string {
  const isScript = name === 'EVALSHA' || name === 'EVAL';
  return (isScript && scriptNames.get(String(script))) || name;
}
