import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { ErrorCode } from '../../src/shapes/error-code.ts';
import { readPage, ROOT } from './blocks.ts';
import { loadSource, problems, readMethods, type RpcMethod } from './rpc-methods.ts';

export const PAGE = 'docs/rpc.md';

const SECTION = (name: string) =>
  new RegExp(`(<!-- ${name}: npm run docs:rpc -->\\n)[^]*?(<!-- /${name} -->)`);

/** The page as it is, and as the class, the routes and the schemas require it. */
export async function readRpcPage(): Promise<{ present: string; wanted: string }> {
  const present = readPage(PAGE);
  const methods = readMethods();
  const sections: Record<string, string> = {
    methods: methods.map(describeMethod).join('\n\n'),
    codes: describeCodes(methods),
    fields: await describeFields(),
    options: describeOptions(),
  };
  const wanted = Object.entries(sections).reduce((page, [name, body]) => {
    if (!SECTION(name).test(page)) throw new Error(`${PAGE} has no section of ${name}`);
    return page.replace(SECTION(name), (_, begin: string, end: string) => `${begin}\n${body}\n\n${end}`);
  }, present);
  return { present, wanted };
}

/** The word for absence over RPC and over HTTP; `null` for both only where nothing is ever thrown. */
export function wordsFor({ isNullable, absences, notFound }: RpcMethod): { rpc: string[]; http: string } {
  const rpc = [...(isNullable ? ['null'] : []), ...(absences.length > 0 ? ['throws'] : [])];
  return { rpc, http: notFound.length > 0 ? '404' : 'null' };
}

function describeMethod(method: RpcMethod): string {
  const { name, parameters, answer, comment, scope, alsoScope, route, refusals } = method;
  const given = parameters.replaceAll('_options', 'options');
  return [
    `### ${name}`,
    `\`\`\`ts\n${name}(${given}): ${answer}\n\`\`\``,
    comment,
    [
      `- if there is none: ${absenceOf(method)}`,
      ...(refusals.length > 0 ? [`- throws: ${codesIn(refusals)}`] : []),
      `- scope: ${scope === 'open' ? 'none' : `\`${scope}\``}${alsoScope ? `, \`${alsoScope}\`` : ''}`,
      `- over HTTP: \`${route}\`${wordsFor(method).http === '404' ? ', 404' : ''}`,
    ].join('\n'),
  ].join('\n\n');
}

/** Methods whose answer itself tells what is absent. */
const ABSENCE_IN_ANSWER: Readonly<Record<string, string>> = {
  explainAccountNumber: '`accountNumber` is null, and `reason` tells why',
  resolveUrl: '`accountNumber` or `account` is null, and `explanation` tells why',
  getMany: 'the result of that look-up has an `error`',
};

function absenceOf(method: RpcMethod): string {
  const { isNullable, absences, name } = method;
  const thrown = absences.length > 0 ? `throws ${codesIn(absences)}` : '';
  if (isNullable && thrown) return `null for an empty list; ${thrown}`;
  if (isNullable) return 'null';
  return thrown || ABSENCE_IN_ANSWER[name] || 'it needs nothing to be there';
}

const codesIn = (codes: readonly ErrorCode[]): string => codes.map((code) => `\`${code}\``).join(', ');

/** Every method but the two for URLs may throw these. */
const EVERYWHERE = [
  'bad_request',
  'forbidden',
  'account_is_inactive',
  'unavailable',
  'internal_error',
] as const;

function describeCodes(methods: readonly RpcMethod[]): string {
  const thrown = methods.flatMap(({ absences, refusals }) => [...absences, ...refusals]);
  const codes = [...new Set([...EVERYWHERE, ...thrown.toSorted()])];
  const rows = codes.map((code) => `| \`${code}\` | ${problems[code].title} |`);
  return ['| code | meaning |', '| --- | --- |', ...rows].join('\n');
}

/** The schemas of what creations and changes take, and the modules that have them. */
const SCHEMAS = {
  NewAccount: 'accounts/changes.ts',
  AccountChanges: 'accounts/changes.ts',
  NewUser: 'users/creation.ts',
  UserChanges: 'users/changes.ts',
  NewUserProfile: 'profiles/changes.ts',
  UserProfileChanges: 'profiles/changes.ts',
};

interface Field {
  readonly type?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly description?: string;
  readonly anyOf?: readonly Field[];
}

interface FieldsOfObject {
  readonly properties: Readonly<Record<string, Field>>;
  readonly required?: readonly string[];
}

async function describeFields(): Promise<string> {
  const tables = Object.entries(SCHEMAS).map(
    async ([name, module]) => `### ${name}\n\n${tableOf(await readFields(name, module))}`,
  );
  return (await Promise.all(tables)).join('\n\n');
}

async function readFields(name: string, module: string): Promise<FieldsOfObject> {
  const { [name]: schema } = await loadSource<Record<string, z.ZodType>>(`directory/${module}`);
  if (!schema) throw new Error(`${module} has no ${name}`);
  const described = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  // A schema with an id is described beside those that refer to it.
  return (described.$defs?.[name] ?? described) as unknown as FieldsOfObject;
}

function tableOf({ properties, required = [] }: FieldsOfObject): string {
  const rows = Object.entries(properties).map(([name, field]) => {
    const must = required.includes(name) ? ' (required)' : '';
    return `| \`${name}\`${must} | ${boundsOf(field)} | ${field.description ?? ''} |`;
  });
  return ['| field | bounds | |', '| --- | --- | --- |', ...rows].join('\n');
}

function boundsOf(field: Field): string {
  if (field.anyOf) return field.anyOf.map(boundsOf).join(', or ');
  if (field.pattern?.includes('{4}-')) return '`dddd-dddd-dddd`';
  if (field.type === 'integer') return 'a positive whole number';
  if (field.format === 'date-time') return 'an ISO 8601 time';
  return field.type === 'string' ? lengthOf(field) : (field.type ?? 'any');
}

function lengthOf({ format, pattern = '', minLength = 0, maxLength }: Field): string {
  const least = minLength || Number(/\{(\d+),/.exec(pattern)?.[1] ?? 0);
  const kind = format === 'email' ? 'an e-mail address of ' : '';
  return `${kind}${least > 0 ? `${least} to` : 'at most'} ${maxLength} characters`;
}

function describeOptions(): string {
  return `\`\`\`ts\n${readPage('src/shapes/rpc.ts')
    .replaceAll(/^import .*\n+/gm, '')
    .trim()}\n\`\`\``;
}

if (import.meta.main) writeFileSync(join(ROOT, PAGE), (await readRpcPage()).wanted);
