import { execFile } from 'node:child_process';
import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { PATIENTLY, isDrawn } from '../support/scale.ts';
import {
  copyProject,
  type DevProcess,
  findFreePorts,
  listen,
  type Ports,
  startDev,
} from '../support/local/dev-process.ts';

let project: Awaited<ReturnType<typeof copyProject>>;
let ports: Ports;
let dev: DevProcess;

beforeAll(async () => {
  [project, ports] = await Promise.all([copyProject(), findFreePorts()]);
  dev = startDev(project.folder, ports);
  await dev.untilSays(/^ready$/);
});

afterAll(async () => {
  dev.kill();
  await dev.ended;
  await project.remove();
});

interface Answer {
  status: number;
  body: string;
}

/** Sends a request as curl does: a name below localhost is this machine, and the name goes into the Host header. */
function ask(address: string, headers: Record<string, string> = {}): Promise<Answer> {
  const { host, port, pathname } = new URL(address);
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: pathname, headers: { Host: host, ...headers } };
    const asked = request(options, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    asked.on('error', reject).end();
  });
}

function performCurl(line: string): Promise<Answer> {
  const headers = [...line.matchAll(/-H '([^:]+): ([^']+)'/g)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
  return ask(/http:\S+/.exec(line)?.[0] ?? '', Object.fromEntries(headers));
}

const askWorkerAnew = () =>
  ask(`http://127.0.0.1:${ports.PORT}/v1/users/3`, {
    Authorization: 'Bearer ea_local_root',
    'Cache-Control': 'no-cache',
  });

async function connectPostgres(): Promise<Client> {
  const client = new Client({
    host: '127.0.0.1',
    port: ports.LOCAL_POSTGRES_PORT,
    user: 'postgres',
    database: 'postgres',
  });
  client.on('error', () => {});
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

// All tests share one process, which the last one ends.
describe('one start, from its first line to Ctrl-C', { shuffle: false }, () => {
  test('the three curl lines work as printed', async () => {
    const [first, second, third, ...others] = dev.stdout.filter((line) => line.startsWith('curl'));
    expect(others).toEqual([]);
    expect(JSON.parse((await performCurl(first ?? '')).body)).toMatchObject({ id: 3, username: 'johndoe' });
    expect(JSON.parse((await performCurl(second ?? '')).body)).toMatchObject({
      account: { companyName: 'Smarter' },
    });
    expect(await performCurl(third ?? '')).toEqual({ status: 200, body: 'Welcome to Smarter.\n' });
  });

  test('it prints nothing to stderr, and the key and both stores to stdout', () => {
    expect(dev.stderr.join('\n')).toBe('');
    expect(dev.stdout.join('\n')).toContain('ea_local_root');
    expect(dev.stdout.join('\n')).toContain(`127.0.0.1:${ports.LOCAL_POSTGRES_PORT}/postgres`);
    expect(dev.stdout.join('\n')).toContain(`127.0.0.1:${ports.LOCAL_REDIS_PORT}`);
  });

  test('what a client sets in its session does not reach the Worker', async () => {
    const client = await connectPostgres();
    await client.query(
      'create role guest; set role guest; set search_path = pg_catalog; set timezone = "Asia/Tokyo"',
    );
    expect(await askWorkerAnew()).toMatchObject({ status: 200 });
  });

  test('a failed transaction and big results disturb nobody', async () => {
    const client = await connectPostgres();
    await client.query('begin');
    await expect(client.query('select 1 / 0')).rejects.toThrow('division by zero');
    await client.query('rollback');
    const big = client.query("select repeat('x', 1000) from generate_series(1, 10000)");
    expect(await askWorkerAnew()).toMatchObject({ status: 200 });
    expect((await big).rowCount).toBe(10_000);
  });

  test('what a client left in a transaction is rolled back', async () => {
    const client = await connectPostgres();
    await client.query('begin');
    await client.query("update users set username = 'left' where id = 3");
    await client.end();
    expect(JSON.parse((await askWorkerAnew()).body)).toMatchObject({ username: 'johndoe' });
  });

  test('a transaction left open at a prompt is a 503 for others, and over when it ends', async () => {
    const client = await connectPostgres();
    await client.query('begin');
    await client.query('select 1');
    expect(await askWorkerAnew()).toMatchObject({ status: 503 });
    await client.query('commit');
    await vi.waitFor(async () => expect(await askWorkerAnew()).toMatchObject({ status: 200 }), PATIENTLY);
  });

  test('a Redis client works beside the Worker, and may empty the store', async () => {
    const redis = new Redis({ port: ports.LOCAL_REDIS_PORT });
    onTestFinished(() => redis.disconnect());
    await redis.multi().set('mine', '1').select(1).exec();
    await redis.subscribe('news');
    const other = redis.duplicate();
    onTestFinished(() => other.disconnect());
    await other.flushall();
    expect(await askWorkerAnew()).toMatchObject({ status: 200 });
  });

  test('an edit reloads, a broken one leaves the old code running', async () => {
    const file = `${project.folder}/examples/consumer/index.ts`;
    const source = await readFile(file, 'utf8');
    const greeting = () => ask(`http://hr.1234-5678-9012.api.localhost:${ports.CONSUMER_PORT}/`);

    let said = dev.untilSays(/^reloaded$/);
    await writeFile(file, source.replace('Welcome to', 'Hello,'));
    await said;
    expect((await greeting()).body).toBe('Hello, Stackademy.\n');

    said = dev.untilSays(/^not reloaded/);
    await appendFile(file, 'const broken = ;\n');
    expect(await said).toMatch(/examples\/consumer\/index\.ts:\d+:\d+: Unexpected ";"$/);
    expect((await greeting()).body).toBe('Hello, Stackademy.\n');

    said = dev.untilSays(/^not reloaded/);
    await writeFile(file, `${source}throw new Error('at the top');\n`);
    expect(await said).toContain('Uncaught Error: at the top');
    expect((await greeting()).body).toBe('Hello, Stackademy.\n');

    said = dev.untilSays(/^reloaded$/);
    await writeFile(file, source);
    await said;
    expect((await greeting()).body).toBe('Welcome to Stackademy.\n');
  });

  test('an edit of a file that an editor has replaced, in a folder that is new, reloads', async () => {
    const [file, folder] = [`${project.folder}/examples/consumer/index.ts`, `${project.folder}/examples/new`];
    const source = await readFile(file, 'utf8');
    const greet = (word: string) => source.replace('Welcome to', word);
    const greeting = () => ask(`http://hr.1234-5678-9012.api.localhost:${ports.CONSUMER_PORT}/`);

    let said = dev.untilSays(/^reloaded$/);
    await writeFile(`${file}~`, greet('Replaced,'));
    await rename(`${file}~`, file);
    await said;
    expect((await greeting()).body).toBe('Replaced, Stackademy.\n');

    said = dev.untilSays(/^reloaded$/);
    await mkdir(folder);
    await writeFile(`${folder}/word.ts`, `export const word = 'New,';\n`);
    await writeFile(file, `import { word } from '../new/word.ts';\n${greet('${word}')}`);
    await said;
    expect((await greeting()).body).toBe('New, Stackademy.\n');

    said = dev.untilSays(/^reloaded$/);
    await writeFile(`${folder}/word.ts`, `export const word = 'Newer,';\n`);
    await said;
    expect((await greeting()).body).toBe('Newer, Stackademy.\n');
  });

  if (isDrawn(0, 2))
    test('a workerd that is killed ends the stack with a sentence and exit code 1', async () => {
      const mortalPorts = await findFreePorts();
      const mortal = startDev(project.folder, mortalPorts);
      onTestFinished(() => mortal.kill());
      await mortal.untilSays(/^ready$/);
      process.kill(await findWorkerd(mortal.pid), 'SIGKILL');
      expect(await mortal.ended).toBe(1);
      // A drain that was under way may have reported its failure first.
      expect(mortal.stderr.at(-1)).toBe('Edge Accounts has stopped: workerd has died.');
      await vi.waitFor(() => Promise.all(Object.values(mortalPorts).map(requireFree)), PATIENTLY);
    });

  if (isDrawn(1, 2))
    test('a stack ends when the npm that started it is killed', async () => {
      const orphanPorts = await findFreePorts();
      const npm = startDev(project.folder, orphanPorts, ['npm', 'run', 'dev']);
      onTestFinished(() => npm.kill());
      await npm.untilSays(/^ready$/);
      process.kill(npm.pid, 'SIGKILL');
      // The output closes when the last process that writes to it has ended.
      expect(await npm.ended).toBe('SIGKILL');
      await vi.waitFor(() => Promise.all(Object.values(orphanPorts).map(requireFree)), PATIENTLY);
    });

  test('Ctrl-C ends every part with exit code 0', async () => {
    // The signals go to the whole group, as a terminal sends them, and the second one during the close.
    process.kill(-dev.pid, 'SIGINT');
    process.kill(-dev.pid, 'SIGINT');
    expect(await dev.ended).toBe(0);
    await vi.waitFor(() => Promise.all(Object.values(ports).map(requireFree)), PATIENTLY);
  });

  async function findWorkerd(parent: number): Promise<number> {
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,args=']);
    const children = stdout.split('\n').filter((line) => line.trim().split(/\s+/)[1] === String(parent));
    return Number.parseInt(children.find((line) => line.includes('workerd')) ?? '', 10);
  }

  async function requireFree(port: number): Promise<void> {
    (await listen(port, '127.0.0.1')).close();
  }
});
