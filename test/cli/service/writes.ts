import { expect, test } from 'vitest';
import type { Account } from '../../../src/shapes/account.ts';
import type { User } from '../../../src/shapes/user.ts';
import type { UserProfile } from '../../../src/shapes/user-profile.ts';
import type { Service } from './service.ts';

let made = 0;

/** Creates an account that no other test uses. */
async function newAccount({ json }: Service, fields = ''): Promise<Account> {
  return json<Account>(`accounts create --company-name "Written ${++made}" ${fields}`);
}

export function testWrites(on: () => Service): void {
  test('a change shows the fields that it changed, before and after', async () => {
    const { accountNumber, companyName } = await newAccount(on(), '--city Lima');
    const { code, stdout, stderr } = await on().run(
      `accounts update ${accountNumber} --city Oaxaca --is-active false`,
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(`${accountNumber}   ${companyName}\n  isActive yes → no\n  city Lima → Oaxaca\n`);
  });

  test('a change that changes nothing says so, and one without fields is exit code 2', async () => {
    const { accountNumber } = await newAccount(on(), '--city Lima');
    const same = await on().run(`accounts update ${accountNumber} --city Lima`);
    expect([same.code, same.stderr]).toEqual([0, 'Nothing changes: it is like that already.\n']);
    expect((await on().run(`accounts update ${accountNumber}`)).code).toBe(2);
  });

  test('a change is refused where somebody changed the row after it was read', async () => {
    const service = on();
    const { accountNumber } = await newAccount(service);
    const { code, stderr } = await service.run(`accounts update ${accountNumber} --city Lima`, {
      async fetch(url, init) {
        if (init.method === 'PATCH') await service.json(`accounts update ${accountNumber} --city Quito`);
        return service.fetch(url, init);
      },
    });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/\nSomebody changed it meanwhile\./)]);
    expect(await service.json(`accounts get ${accountNumber}`)).toMatchObject({ city: 'Quito' });
  });

  test('a dry run of a change shows it, and changes nothing', async () => {
    const fields = '--metadata plan=free --metadata trial=yes --external-id gone-soon';
    const { accountNumber } = await newAccount(on(), fields);
    const line = `accounts update ${accountNumber} --metadata plan=pro --remove-metadata trial --external-id ""`;
    const dry = await on().run(`${line} --dry-run`);
    expect(dry.stdout).toContain('  metadata plan=free, trial=yes → plan=pro\n');
    expect(dry.stderr).toBe('This would change:\n');
    const read = () => on().json<Account>(`accounts get ${accountNumber}`);
    expect((await read()).metadata).toEqual({ plan: 'free', trial: 'yes' });
    expect(await on().json(line)).toMatchObject({ metadata: { plan: 'pro' }, externalId: null });
  });

  test('a dry run of a creation shows what it would send, and creates nothing', async () => {
    const line = 'users create --username never_made --email never@example.com --is-active false';
    expect(await on().json(`${line} --dry-run`)).toEqual({
      username: 'never_made',
      email: 'never@example.com',
      isActive: false,
    });
    expect((await on().run('users get never_made')).code).toBe(3);
  });

  test('a creation is seen by the next command', async () => {
    const { id } = await on().json<User>('users create --username fresh --email fresh@example.com');
    expect(await on().json('users get fresh')).toMatchObject({ id });
  });

  test('a taken name is exit code 1', async () => {
    const { code, stderr } = await on().run('users create --username admin --email x@example.com');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^[A-Z].*\. \(request /)]);
  });

  test('a profile makes a user a member, by whatever names both', async () => {
    const { accountNumber } = await newAccount(on(), '--external-id joined');
    const line = 'profiles create --user staff_user --account joined --name Second';
    const { id } = await on().json<UserProfile>(line);
    const { stdout } = await on().run(`profiles list --account ${accountNumber}`);
    expect(stdout).toMatch(new RegExp(`\n${id} +Second +staff_user +${accountNumber} `));
    const renamed = await on().run(`profiles update ${id} --name Third`);
    expect(renamed.stdout).toContain('  name Second → Third\n');
  });

  test('the default account is told with the one before, and a dry run leaves it', async () => {
    const { accountNumber } = await newAccount(on());
    const { stdout } = await on().run(`default-account set ${accountNumber} --dry-run`);
    expect(stdout).toMatch(
      /^This would become the default account: .* until now 3141-5926-5359 {3}Smarter\n$/,
    );
    expect(await on().json('default-account get')).toMatchObject({ accountNumber: '3141-5926-5359' });
  });

  test('an admin is created once', async () => {
    const { accountNumber } = await newAccount(on());
    expect((await on().run(`admin-user get ${accountNumber}`)).code).toBe(3);
    const dry = await on().run(`admin-user create ${accountNumber} --dry-run`);
    expect(dry.stdout).toContain(`This would create the user ${accountNumber}-admin`);
    const first = await on().run(`admin-user create ${accountNumber}`);
    expect(first.stderr).toMatch(/^Created /);
    const second = await on().run(`admin-user create ${accountNumber}`);
    expect([second.stderr, second.stdout]).toEqual([
      expect.stringMatching(/ is the admin already\.\n$/),
      first.stdout,
    ]);
  });
}
