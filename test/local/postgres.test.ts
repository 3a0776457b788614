import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { isDrawn } from '../support/scale.ts';
import { startPostgres } from '../../local/postgres.ts';

let postgres: Awaited<ReturnType<typeof startPostgres>>;

beforeAll(async () => {
  postgres = await startPostgres({ port: 0 });
});
afterAll(() => postgres.close());

async function connect(): Promise<Client> {
  const client = new Client({ connectionString: postgres.url });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function connectForTest(): Promise<Client> {
  const client = await connect();
  onTestFinished(() => client.end());
  return client;
}

const long = 'x'.repeat(500_000);

test('the port of the URL is the port it listens on', () => {
  expect(new URL(postgres.url).port).toBe(String(postgres.port));
});

test('a port in use is named', async () => {
  await expect(startPostgres({ port: postgres.port })).rejects.toThrow(
    `Postgres cannot listen on 127.0.0.1:${postgres.port}: the port is in use`,
  );
});

test('long queries of many clients get their own answers', async () => {
  const clients = await Promise.all(Array.from({ length: 10 }, connectForTest));
  const answers = clients.map((client, n) => client.query(`select length($1::text), ${n} as n`, [long]));
  const rows = (await Promise.all(answers)).map((answer) => answer.rows[0]);
  expect(rows).toEqual(clients.map((_, n) => ({ length: long.length, n })));
});

test('COPY FROM STDIN is refused, and the next query answered', async () => {
  const client = await connectForTest();
  await client.query('create table copied (n int)');
  await expect(client.query('copy copied from stdin')).rejects.toMatchObject({ code: '0A000' });
  expect((await client.query('select count(*)::int from copied')).rows).toEqual([{ count: 0 }]);
});

test('a transaction keeps the others out until it ends', async () => {
  const [first, second] = await Promise.all([connectForTest(), connectForTest()]);
  await first.query('create table kept (n int); begin');
  await first.query('insert into kept values (1)');
  const count = second.query('select count(*)::int from kept');
  await first.query('insert into kept values (2)');
  await first.query('commit');
  expect((await count).rows).toEqual([{ count: 2 }]);
});

// The messages of a client that speaks the protocol by hand and hangs up at once.
test.each<[string, (string | Uint8Array)[]]>([
  ['in a transaction', [message('Q', 'begin\0')]],
  ['in a failed transaction', [message('Q', 'begin; select 1/0\0')]],
  ['after a Parse without a Sync', [message('P', '\0select 1\0\0\0')]],
  ['after a Parse that fails', [message('P', '\0no sql\0\0\0')]],
  [
    'in a transaction of an extended query',
    [message('P', '\0begin\0\0\0'), message('B', '\0\0\0\0\0\0\0\0'), message('E', '\0\0\0\0\0')],
  ],
  ['in the middle of a message', [message('P', '\0select 1\0\0\0').subarray(0, 7)]],
  ['with a query that fails', [message('Q', 'no sql\0'), message('Q', 'select pg_sleep(0)\0')]],
])('a client that leaves %s disturbs nobody', async (_, messages) => {
  for (let round = 0; round < 5; round++) {
    await hangUpAfter(messages);
    const next = await connect();
    expect((await next.query('select $1::int as one', [1])).rows).toEqual([{ one: 1 }]);
    await next.end();
  }
});

function message(type: string, body: string): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(Buffer.byteLength(body) + 4, 1);
  return Buffer.concat([head, Buffer.from(body)]);
}

async function hangUpAfter(messages: (string | Uint8Array)[]): Promise<void> {
  const socket = createConnection(postgres.port, '127.0.0.1');
  const startup = message('?', '\0\x03\0\0user\0postgres\0database\0postgres\0\0').subarray(1);
  socket.write(startup);
  await once(socket, 'data');
  for (const part of messages) socket.write(part);
  socket.resetAndDestroy();
  await once(socket, 'close');
}

test('a backend that dies of a query is told of', async () => {
  const death = Promise.withResolvers<void>();
  const mortal = await startPostgres({ port: 0, onDeath: death.resolve });
  onTestFinished(() => mortal.close());
  const client = new Client({ connectionString: mortal.url });
  client.on('error', () => {});
  await client.connect();
  await client.query(`create function forever(n int) returns int language plpgsql
    as 'begin return forever(n + 1); end'`);
  client.query('select forever(1)').catch(() => {});
  await expect(death.promise).resolves.toBeUndefined();
});

if (isDrawn(0, 3))
  test('the files of an empty Postgres serve later starts, and are made anew where none starts from them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'edge-accounts-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const relations = async (dataFolder?: string) => {
      const started = await startPostgres({ port: 0, cacheFolder: folder, dataFolder });
      const client = new Client({ connectionString: started.url });
      await client.connect();
      const { rows } = await client.query('select count(*) from pg_class');
      await client.query('create table left_behind ()');
      await client.end();
      await started.close();
      return rows;
    };
    const first = await relations();
    const [name = ''] = await readdir(folder);
    const file = join(folder, name);
    const [{ mtimeMs }, whole] = [await stat(file), await readFile(file)];
    expect(await relations()).toEqual(first);
    expect((await stat(file)).mtimeMs).toBe(mtimeMs);
    await writeFile(file, 'no archive');
    expect(await relations(join(folder, 'data'))).toEqual(first);
    expect((await stat(file)).size).toBe(whole.byteLength);
  });
