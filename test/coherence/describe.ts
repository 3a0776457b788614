import type { Command, ReadCommand } from './commands.ts';
import type { Call, Calls } from './isolate.ts';
import type { LoadPlan } from './lab-read.ts';
import type { LookUpKey } from './look-ups.ts';
import type { Change } from './model-database.ts';
import type { Delay } from './timeline.ts';

/** The steps in words, one after the other. */
export function describeCommands(commands: readonly Command[]): string {
  return commands.map(describeCommand).join('; ');
}

const words: { readonly [D in Command['do']]: (command: Extract<Command, { do: D }>) => string } = {
  read: describeRead,
  write({ isolate, change, commitMs, answerMs, calls, ...command }) {
    const delays = [late('commits', commitMs), late('hears of its commit', answerMs)];
    const subject = `${isolateName(isolate)} ${describeChange(change)}`;
    return sentence(subject, ...delays, ...describeCalls(calls), dies(command));
  },
  'write elsewhere': ({ change, openMs }) =>
    sentence(`somebody else ${describeChange(change)}`, late('commits', openMs)),
  drain({ isolate, selectMs, writeMs, calls, ...command }) {
    const delays = [late('looks', selectMs), late('writes to the outbox', writeMs)];
    return sentence(`${isolateName(isolate)} drains`, ...delays, ...describeCalls(calls), dies(command));
  },
  wait: ({ ms }) => `${duration(ms)} pass`,
  'redis is': ({ state }) => `Redis is ${state}`,
  'redis clock steps': ({ ms }) => `the clock of Redis steps ${duration(-ms)} back`,
  flush: () => 'Redis is flushed',
  lose: ({ key }) => `Redis loses \`${key}\``,
  corrupt: ({ key }) => `garbage gets into \`${key}\``,
  'replication stops': () => 'replication of Redis stops',
  failover: () => 'Redis fails over',
  'no log': () => 'no isolate follows the log',
};

function describeCommand(command: Command): string {
  // The table has each step under its own name; TypeScript sees only their union.
  return (words[command.do] as (command: Command) => string)(command);
}

function describeRead({ isolate, key, load, calls, ...command }: ReadCommand): string {
  const demands = [
    command.noCache ? 'with no-cache' : '',
    command.maxAgeMs === undefined ? '' : `with max-age ${duration(command.maxAgeMs)}`,
    command.token === undefined
      ? ''
      : `with ${['the last', 'the last but one', 'an older'][command.token]} token`,
    command.forged
      ? `with a token ${command.forged === 'epoch' ? 'of another epoch' : 'ahead of the clock'}`
      : '',
  ];
  const keys = [key, ...(command.with ?? [])].map(describeKey).join(' and ');
  const subject = [`${isolateName(isolate)} reads ${keys}`, ...demands].filter(Boolean).join(' ');
  return sentence(subject, ...describeLoad(load), ...describeCalls(calls), dies(command));
}

function describeLoad({ snapshotMs, answerMs, fails }: LoadPlan = {}): string[] {
  return [
    late('Postgres reads them', snapshotMs),
    late('its rows arrive', answerMs),
    fails ? 'its load fails' : '',
  ];
}

function describeCalls(calls: Calls = {}): string[] {
  return Object.entries(calls).flatMap(([kind, call]) => describeCall(`its ${kind}`, call));
}

function describeCall(subject: string, { outMs, backMs, lost }: Call): string[] {
  const request = lost === 'request' ? `${subject} is lost` : '';
  const reply = lost === 'reply' ? `the reply to ${subject} is lost` : '';
  return [late(`${subject} runs`, outMs), late(`${subject} is answered`, backMs), request, reply];
}

function late(what: string, delay: Delay | undefined): string {
  return typeof delay === 'number' && delay > 0 ? `${what} ${duration(delay)} later` : '';
}

function dies({ diesAfterMs }: { readonly diesAfterMs?: number }): string {
  return diesAfterMs === undefined ? '' : `dies after ${duration(diesAfterMs)}`;
}

function sentence(subject: string, ...details: readonly string[]): string {
  const said = details.filter(Boolean);
  return said.length > 0 ? `${subject} (${said.join(', ')})` : subject;
}

function describeChange(change: Change): string {
  if (change.op === 'everything') return 'changes every row';
  if (change.op === 'put') return `names row ${change.id} “${change.name}”`;
  return `${change.op}s row ${change.id}`;
}

export function describeKey(key: LookUpKey): string {
  if (key === 'chosen') return 'the chosen row';
  return key.startsWith('id:') ? `row ${key.slice('id:'.length)}` : `by name “${key.slice('name:'.length)}”`;
}

function isolateName(isolate: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + isolate);
}

function duration(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`;
}
