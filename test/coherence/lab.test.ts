import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Engine, makeEngine } from './engine.ts';
import { makeLab } from './lab.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await makeEngine();
});
afterAll(() => engine.close());

const renamed = { op: 'put', id: 1, name: 'b' } as const;
const nameOf = { before: 'a', after: 'b' };

test('a load that is held while its row is renamed answers its own reader and nobody else', async () => {
  const lab = await makeLab(engine);
  const [a, b] = [lab.isolate(), lab.isolate()];
  const gate = lab.hold();
  const slow = await lab.read(b, 'id:1', { load: { answerMs: gate } });
  await lab.write(a, renamed);
  gate.open();
  await lab.advance(0);
  expect(await slow.answer).toMatchObject({ name: nameOf.before });
  expect(await (await lab.read(a, 'id:1')).answer).toMatchObject({ name: nameOf.after });
  await lab.close();
});

test('an entry in Redis dies by virtual time', async () => {
  const lab = await makeLab(engine);
  await lab.read(lab.isolate(), 'id:1');
  await lab.writeElsewhere(renamed);
  await lab.advance(299_000);
  expect(await (await lab.read(lab.isolate(), 'id:1')).answer).toMatchObject({ name: nameOf.before });
  await lab.advance(1_001);
  expect(await (await lab.read(lab.isolate(), 'id:1')).answer).toMatchObject({ name: nameOf.after });
  await lab.close();
});

test('memory answers for minutes while other reads bring news, and the news of a write end it', async () => {
  const lab = await makeLab(engine);
  const [a, b] = [lab.isolate(), lab.isolate()];
  await lab.read(b, 'id:1');
  const loads = { load: { fails: true } };
  for (let s = 0; s < 60; s += 4) {
    await lab.advance(4_000);
    await lab.read(b, 'id:2', { demands: { maxAgeMs: 0 } });
    expect(await (await lab.read(b, 'id:1', loads)).answer).toMatchObject({ name: nameOf.before });
  }
  expect(b.cache.memory.peek('id:1', lab.now())?.entry.hits).toBe(15);
  await lab.write(a, renamed);
  await lab.read(b, 'id:2', { demands: { maxAgeMs: 0 } });
  expect(b.cache.memory.peek('id:1', lab.now())?.fault).toBe('invalidated');
  expect(await (await lab.read(b, 'id:1')).answer).toMatchObject({ name: nameOf.after });
  await lab.close();
});

test('a full Redis loses its entries with the first invalidation that it refuses', async () => {
  const lab = await makeLab(engine);
  const a = lab.isolate();
  await lab.read(a, 'id:1');
  lab.setRedis('full');
  const { token } = await lab.write(a, renamed);
  expect(await token).toEqual({ unsharedSinceMs: lab.now() });
  lab.setRedis('up');
  expect(await (await lab.read(lab.isolate(), 'id:1')).answer).toMatchObject({ name: nameOf.after });
  await lab.close();
});

test('a request that dies leaves nothing behind that hangs another', async () => {
  const lab = await makeLab(engine);
  const a = lab.isolate();
  await lab.read(a, 'id:1', { load: { answerMs: lab.hold() }, diesAfterMs: 10 });
  const waiter = await lab.read(a, 'id:1');
  await lab.advance(6_000);
  expect(await waiter.answer).toMatchObject({ name: nameOf.before });
  await lab.close();
});

test('a fill is refused when tags that could condemn it died while the clock of Redis was hours ahead', async () => {
  const lab = await makeLab(engine);
  const a = lab.isolate();
  await lab.read(a, 'id:1', { calls: { fill: { outMs: 100 } } });
  await lab.write(a, renamed);
  lab.stepRedisClock(7_300_000);
  await lab.read(a, 'name:b');
  lab.stepRedisClock(-7_300_000);
  await lab.advance(100);
  expect(await (await lab.read(a, 'id:1')).answer).toMatchObject({ name: nameOf.after });
  await lab.close();
});
