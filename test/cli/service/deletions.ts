import { expect, test } from 'vitest';
import type { Account } from '../../../src/shapes/account.ts';
import type { UserProfile } from '../../../src/shapes/user-profile.ts';
import type { Service } from './service.ts';

let made = 0;

const newAccount = ({ json }: Service) => json<Account>(`accounts create --company-name "Doomed ${++made}"`);

export function testDeletions(on: () => Service): void {
  test('a deletion says what it takes, has the number typed, and names its undo', async () => {
    const { accountNumber, companyName } = await newAccount(on());
    await on().json(`profiles create --user nomad --account ${accountNumber}`);
    const deleted = await on().run(`accounts delete ${accountNumber}`, {
      columns: 100,
      typed: [accountNumber],
    });
    expect(deleted).toMatchObject({
      code: 0,
      questions: ['Type the account number to go on: '],
      stderr: `This deletes ${companyName}: 1 member, 0 keys. It can be restored for 30 days, unless the service is set otherwise.\n`,
    });
    const [, undo = ''] = /^Deleted\. Undo: edge-accounts (.*)\n$/.exec(deleted.stdout) ?? [];
    const dry = await on().run(`${undo} --dry-run`);
    expect(dry.stdout).toBe('This would come back: 1 account, 1 membership.\n');
    expect((await on().run(undo)).stdout).toBe('Restored: 1 account, 1 membership.\n');
    expect((await on().run(undo)).stdout).toBe('It was restored before. Nothing was changed.\n');
    expect(await on().json(`accounts get ${accountNumber}`)).toMatchObject({ companyName });
  });

  test('another name, nobody to ask and a dry run delete nothing', async () => {
    const { accountNumber } = await newAccount(on());
    const line = `accounts delete ${accountNumber}`;
    const wrong = await on().run(line, { columns: 100, typed: ['yes'] });
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      expect.stringMatching(/\nThat is another name\. Nothing was changed\.\n$/),
    ]);
    const alone = await on().run(line);
    expect([alone.code, alone.stderr]).toEqual([
      2,
      expect.stringMatching(/\nGive --yes to do it unasked\.\n$/),
    ]);
    expect(await on().json(`${line} --dry-run`)).toMatchObject({
      dryRun: true,
      accounts: 1,
    });
    expect((await on().run(`accounts get ${accountNumber}`)).code).toBe(0);
  });

  test('a row that somebody changed after it was shown is not deleted', async () => {
    const service = on();
    const { accountNumber } = await newAccount(service);
    const { code } = await service.run(`accounts delete ${accountNumber} --yes`, {
      async fetch(url, init) {
        if (init.method === 'DELETE' && !url.includes('dryRun')) {
          await service.json(`accounts update ${accountNumber} --city Quito`);
        }
        return service.fetch(url, init);
      },
    });
    expect(code).toBe(1);
  });

  test('users and profiles are deleted by the username, and undone', async () => {
    const { accountNumber } = await newAccount(on());
    const { id } = await on().json<{ id: number }>(
      `users create --username leaver --email leaver@example.com --account ${accountNumber}`,
    );
    const profiles = await on().json<UserProfile[]>(`profiles list --account ${accountNumber}`);
    const profile = profiles.find(({ user }) => user.id === id);
    const typed = { columns: 100, typed: ['leaver'] };
    const left = await on().json<{ undo: string }>(`profiles delete ${profile?.id}`, typed);
    expect(left.undo).toMatch(/^edge-accounts deletions restore \d+$/);
    expect(await on().json(`profiles list --account ${accountNumber}`)).toEqual([]);
    const gone = await on().json<{ undo: string }>('users delete leaver', typed);
    await on().run(gone.undo.replace('edge-accounts ', ''));
    expect(await on().json('users get leaver')).toMatchObject({ id });
  });

  test('the last admin of an account is protected, and --force insists', async () => {
    const { accountNumber } = await newAccount(on());
    const { username } = await on().json<{ username: string }>(`admin-user create ${accountNumber}`);
    const refused = await on().run(`users update ${username} --is-active false`);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/\n.*--force to insist\.\n$/)]);
    const forced = await on().run(`users update ${username} --is-active false --force`);
    expect(forced.stdout).toContain('  isActive yes → no\n');
  });

  test('a deletion is listed, and shown with what stands in the way of its return', async () => {
    await on().json('users create --username away --email away@example.com');
    const { undo } = await on().json<{ undo: string }>('users delete away --yes');
    await on().json('users create --username away --email away@example.com');
    const id = undo.split(' ').at(-1);
    const listed = await on().run('deletions list --kind user --username away');
    expect(listed.stdout).toMatch(new RegExp(`\n${id} {3,}\\d{4}-\\d\\d-\\d\\d \\S+Z +root +user +away`));
    expect((await on().run(`deletions get ${id}`)).stdout).toMatch(/\n {2}user \d+: .*username/);
    expect((await on().run(`deletions restore ${id}`)).code).toBe(1);
    expect((await on().run('deletions get x')).code).toBe(2);
  });

  test('an erasure counts what it takes, has the id typed, and leaves nothing', async () => {
    const { id } = await on().json<{ id: number }>(
      'users create --username erased --email erased@example.com',
    );
    const { stdout } = await on().run('users export erased');
    expect(JSON.parse(stdout)).toMatchObject({ userId: id, user: { username: 'erased' } });
    const dry = await on().run('users erase erased --dry-run');
    expect(dry.stderr).toMatch(
      /^This erases user \d+: 1 user, 0 memberships, 1 entry of the audit log, .* permanent\.\n$/,
    );
    expect((await on().run('users erase erased', { columns: 80, typed: ['erased'] })).code).toBe(1);
    expect(await on().run('users erase erased', { columns: 80, typed: [`${id}`] })).toMatchObject({
      code: 0,
      stdout: 'Erased.\n',
      questions: ['Type the id of the user to go on: '],
    });
    expect((await on().run('users get erased')).code).toBe(3);
    const again = await on().run(`users erase ${id} --yes`);
    expect(again.stdout).toBe('Nothing was left since an earlier erasure.\n');
  });

  test('the audit log shows what a change changed', async () => {
    const { accountNumber } = await newAccount(on());
    await on().json(`accounts update ${accountNumber} --city Lima`);
    const { stdout } = await on().run(`audit --account ${accountNumber} --action update`);
    expect(stdout).toMatch(new RegExp(`root +update account +${accountNumber} +city none → Lima\n`));
    expect((await on().run('audit --entity-id 3')).code).toBe(2);
  });
}
