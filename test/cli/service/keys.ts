import { expect, test } from 'vitest';
import type { Service } from './service.ts';

interface Issued {
  readonly id: number;
  readonly key: string;
}

const newKey = ({ json }: Service, options: string) => json<Issued>(`keys create --name Tested ${options}`);

export function testKeys(on: () => Service): void {
  test('a program gets a new key alone, and a person with a note', async () => {
    const line = 'keys create --name "Front door" --scope directory:read --expires 90d';
    const nowMs = Date.now();
    const day = new Date(nowMs + 90 * 86_400_000).toISOString().slice(0, 10);
    const piped = await on().run(line, { nowMs });
    expect(piped.stdout).toMatch(/^ea_local_\d+_\w{49}\n$/);
    expect(piped.stderr).toMatch(
      new RegExp(`^The key is shown once.*\nkey \\d+ "Front door", expires ${day}\n$`),
    );
    const seen = await on().run(line, { nowMs, columns: 120 });
    expect(seen.stdout).toMatch(/^ea_local_\d+_\w{49} {6}shown once; store it now\n$/);
  });

  test('a key needs a right and a sensible end', async () => {
    const scopeless = await on().run('keys create --name None');
    expect([scopeless.code, scopeless.stderr]).toEqual([2, 'Give at least one --scope.\n']);
    expect((await on().run('keys create --name X --scope audit:read --expires soon')).code).toBe(2);
    expect((await on().run('keys create --name X --scope audit:write')).code).toBe(2);
  });

  test('whoami tells of a key that manages keys all that it is', async () => {
    const { id, key } = await newKey(
      on(),
      '--scope keys:write --scope directory:read --account 1234-5678-9012',
    );
    const { stdout } = await on().run('whoami', on().as(key));
    expect(stdout).toBe(
      `key:${id} (Tested) at http://127.0.0.1:8787\n` +
        '  the key may read and manage keys (directory:read, keys:write)\n' +
        '  it sees the account 1234-5678-9012 alone\n',
    );
  });

  test.each([
    ['directory:read', ['rights:write']],
    ['directory:write rights:write', ['cache:invalidate']],
    ['directory:read directory:write cache:invalidate rights:write audit:read', []],
  ])('whoami finds out by harmless requests that a key has %s', async (words, unknown) => {
    const scopes = words.split(' ');
    const { key } = await newKey(on(), scopes.map((scope) => `--scope ${scope}`).join(' '));
    expect(await on().json('whoami', on().as(key))).toMatchObject({ name: null, scopes, unknown });
  });

  test('whoami says in words what a key may do, and what does not show', async () => {
    const { key } = await newKey(on(), '--scope directory:read --scope audit:read');
    const doubt = '; it does not show whether it has rights:write';
    const { stdout } = await on().run('whoami', on().as(key));
    expect(stdout).toContain(
      `  the key may read and read the audit log (directory:read, audit:read)${doubt}\n`,
    );
  });

  test('a key without the right is exit code 4, and says where to look', async () => {
    const { key } = await newKey(on(), '--scope directory:read');
    const { code, stderr } = await on().run('accounts create --company-name No', on().as(key));
    expect(code).toBe(4);
    expect(stderr).toMatch(/^This needs the scope directory:write\. \(request .*\)\n`edge-accounts whoami` /);
  });

  test('a key that may not invalidate is told so where a cache answers', async () => {
    const { key } = await newKey(on(), '--scope directory:read');
    await on().run('users get 7');
    const { code, stderr } = await on().run('cache invalidate /v1/users/7', on().as(key));
    expect([code, stderr]).toEqual([4, expect.stringMatching(/^The key lacks the scope cache:invalidate/)]);
  });

  test('a deletion by a key that reads no deletions names no undo', async () => {
    const { key } = await newKey(on(), '--scope directory:read --scope directory:write');
    await on().json('users create --username lone --email lone@example.com');
    const { stdout } = await on().run('users delete lone --yes', on().as(key));
    expect(stdout).toBe('Deleted.\n');
  });

  test('a key is changed, rotated and revoked by its id', async () => {
    const { id, key } = await newKey(on(), '--scope directory:read --scope keys:write');
    const changed = await on().run(`keys update ${id} --scope directory:read --expires never`);
    expect(changed.stdout).toBe(`key ${id} "Tested"\n  scopes directory:read, keys:write → directory:read\n`);
    const rotated = await on().json<Issued>(`keys rotate ${id} --grace-seconds 0`);
    expect((await on().run('users get 3', on().as(key))).code).toBe(4);
    expect((await on().run('users get 3', on().as(rotated.key))).code).toBe(0);
    const revoked = await on().run(`keys delete ${id}`, { columns: 100, typed: ['Tested'] });
    expect(revoked).toMatchObject({
      code: 0,
      stdout: 'Revoked.\n',
      questions: ['Type the name of the key to go on: '],
    });
    expect((await on().run('users get 3', on().as(rotated.key))).code).toBe(4);
    expect((await on().run('keys list --all')).stdout).toMatch(
      new RegExp(`\n${id} +Tested +revoked \\d{4}-`),
    );
  });

  test('the text of a key is no id, and is not sent', async () => {
    const { code, stderr } = await on().run('keys get ea_local_root');
    expect([code, stderr]).toEqual([2, 'A key is named by its id, which `keys list` shows.\n']);
  });

  test('a key for a context is typed unseen or sent to stdin, and its rights are told', async () => {
    const { key } = await newKey(on(), '--scope directory:read');
    const line = 'context add spare --url http://127.0.0.1:8787';
    for (const world of [{ columns: 100, typed: [key] }, { stdin: `${key}\n` }]) {
      const { code, stdout, stderr, questions } = await on().run(line, world);
      expect(stdout).toMatch(/^Saved\. "spare" is the current context; the key may read \(directory:read\)/);
      expect([code, questions]).toEqual([0, ['[Key (hidden): ]']]);
      expect(stdout + stderr).not.toContain(key);
    }
    expect((await on().run(line, { stdin: 'ea_local_wrong' })).code).toBe(4);
  });
}
