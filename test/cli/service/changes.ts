import { expect, test } from 'vitest';
import type { Outcome } from '../fake-io.ts';
import type { Service } from './service.ts';

/** Follows the changes, and makes one once it waits; stops at the first that it prints. */
function follow(service: Service, line: string, change: string): Promise<Outcome> {
  const interruption = new AbortController();
  let isMade = false;
  return service.run(line, {
    interrupted: interruption.signal,
    onPrint: () => interruption.abort(),
    async fetch(url, init) {
      if (url.includes('wait=') && !isMade) {
        isMade = true;
        await service.json(change);
      }
      return service.fetch(url, init);
    },
  });
}

const cursorIn = ({ stderr }: Outcome) => /^Go on from here: edge-accounts (.*)\n$/.exec(stderr)?.[1] ?? '';

export function testChanges(on: () => Service): void {
  test('followed changes begin now, end at Ctrl-C, and go on where they ended', async () => {
    const create = (name: string) => `accounts create --company-name ${name}`;
    const first = await follow(on(), 'changes --follow --jsonl', create('Followed'));
    expect(first.code).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({
      operation: 'create',
      after: { companyName: 'Followed' },
    });
    await on().json(create('Meanwhile'));
    const next = await on().run(cursorIn(first));
    expect(next.stdout).toMatch(/^\S+ \S+Z {3}root {3}create account \d+ [-\d]+ Meanwhile\n$/);
    expect((await on().run(cursorIn(next))).stdout).toBe('');
  });

  test('an outage is waited for, and no change is lost', async () => {
    const service = on();
    let isDown = true;
    const interruption = new AbortController();
    const { cursor } = { cursor: cursorIn(await service.run('changes --after latest')) };
    await service.json('accounts create --company-name Unlost');
    const { code, stdout, stderr } = await service.run(`${cursor} --follow`, {
      interrupted: interruption.signal,
      onPrint: () => interruption.abort(),
      fetch(url, init) {
        if (!isDown) return service.fetch(url, init);
        isDown = false;
        return Promise.resolve(new Response('{"detail":"no store could answer"}', { status: 503 }));
      },
    });
    expect([code, stdout]).toEqual([0, expect.stringMatching(/ Unlost\n$/)]);
    expect(stderr).toMatch(/^No store could answer\. Trying again\.\nGo on from here: /);
  });

  test('changes show the fields of an update, and only the kinds that were asked for', async () => {
    const cursor = cursorIn(await on().run('changes --after latest --kind user'));
    await on().json('users create --username changed --email changed@example.com');
    await on().json('accounts create --company-name Unasked');
    await on().json('users update changed --first-name Ann');
    const { stdout } = await on().run(`${cursor} --kind user`);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/ create user \d+ changed$/),
      expect.stringMatching(/ update user \d+ changed: firstName none → Ann$/),
      '',
    ]);
  });

  test('what has no end is no document', async () => {
    expect((await on().run('changes --follow --json')).code).toBe(2);
    expect((await on().run('changes --follow --limit 3')).code).toBe(2);
  });
}
