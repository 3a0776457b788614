import { expect, test } from 'vitest';
import type { Account } from '../../../src/shapes/account.ts';
import type { User } from '../../../src/shapes/user.ts';
import type { Service } from './service.ts';

export function testReads(on: () => Service): void {
  test('what is not there is one sentence with the id of the request, and exit code 3', async () => {
    const { code, stdout, stderr } = await on().run('accounts get 1618-0339-8875');
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(/^[A-Z][^\n]*\. \(request [0-9a-f-]{36}\)\n$/);
  });

  test('a wrong key is exit code 4, with what to do', async () => {
    const { code, stderr } = await on().run('accounts list', on().as('ea_local_wrong'));
    expect(code).toBe(4);
    expect(stderr).toMatch(/^The key is not valid\. \(request .*\)\nGive another key: /);
  });

  test('what the service takes for bad input is exit code 2, with the name of the field', async () => {
    const { code, stderr } = await on().run('search x --limit 51');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^The service refuses the input: limit /)]);
  });

  test('a list is a table, an array or lines', async () => {
    const table = await on().run('accounts list --company Smarter');
    expect(table.stdout.split('\n')[0]).toBe('number           company   state             id');
    expect(table.stdout).toContain('3141-5926-5359   Smarter   active, default   1\n');
    const array = await on().json<Account[]>('accounts list --company S');
    expect(array.map(({ companyName }) => companyName)).toEqual(['Smarter', 'Stackademy']);
    const { stdout } = await on().run('accounts list --company S --jsonl');
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Account),
    ).toEqual(array);
  });

  test('a list that is cut says on stderr that there are more, unless it is quiet', async () => {
    const cut = await on().run('users list --limit 2 --jsonl');
    expect(cut.stdout.trim().split('\n')).toHaveLength(2);
    expect(cut.stderr).toBe('There are more: use --limit or --all.\n');
    expect((await on().run('users list --limit 2 --quiet')).stderr).toBe('');
    expect((await on().run('users list --all')).stderr).toBe('');
  });

  test('an empty list says so on stderr, and is an empty array for programs', async () => {
    const none = await on().run('accounts list --company Nobody');
    expect([none.code, none.stdout, none.stderr]).toEqual([0, '', 'None.\n']);
    expect(await on().json('accounts list --company Nobody')).toEqual([]);
  });

  test('a user is found by id, username and e-mail address', async () => {
    const names = ['2', 'staff_user', 'staff_user@example.com'];
    const found = await Promise.all(names.map((name) => on().json<User>(`users get ${name}`)));
    expect(found.map(({ id }) => id)).toEqual([2, 2, 2]);
  });

  test('several users of one name are told apart by their ids', async () => {
    for (const name of ['twin_a', 'twin_b']) {
      await on().json(`users create --username ${name} --email twins@example.com`);
    }
    const { code, stderr } = await on().run('users get twins@example.com');
    expect(code).toBe(1);
    expect(stderr).toMatch(/\nGive the id of one of them:\n {2}\d+ {3}twin_a .*\n {2}\d+ {3}twin_b /);
  });

  test('an account and a user are found by external ids with any letters', async () => {
    await on().json('accounts create --company-name Odd --external-id "a/b ?#ü"');
    expect(await on().json('accounts get "a/b ?#ü"')).toMatchObject({ companyName: 'Odd' });
  });

  test('resolve says of a URL how its account was found', async () => {
    await on().json('accounts update 2718-2818-2845 --city Lima');
    const { stdout } = await on().run('resolve https://hr.2718-2818-2845.api.localhost/');
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      '2718-2818-2845   Empty Ltd   active',
      '  label 2 of 4 is the account number, left of api.localhost',
    ]);
    expect(stdout).toContain('  admin: 2718-2818-2845-admin (user ');
    expect(stdout).toMatch(/ {2}last change: .*, city none → Lima, by root\n/);
  });

  test('resolve says of a URL without an account why it has none', async () => {
    const { code, stdout } = await on().run('resolve https://www.example.com/');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^No account\n {2}No label of the host /)]);
  });

  test('resolve takes a name for a user, and says which account answers and why', async () => {
    const { stdout } = await on().run('resolve staff_user');
    expect(stdout).toBe(
      'staff_user (user 2)   answered by 3141-5926-5359 Smarter, because it is a member of the default account\n',
    );
  });

  test('resolve takes a name for what it is told to', async () => {
    expect(await on().json('resolve www.example.com --as url')).toMatchObject({ accountNumber: null });
    expect((await on().run('resolve https://www.example.com/ --as user')).code).toBe(3);
  });

  test('search finds accounts and users, the words once', async () => {
    expect(await on().json('search Stackademy')).toMatchObject({ accounts: [{ id: 2 }], users: [] });
    const { stdout } = await on().run('search staff_user --jsonl');
    expect(JSON.parse(stdout)).toMatchObject({ username: 'staff_user' });
    expect((await on().run('search nothing-like-it')).stderr).toBe('None.\n');
  });

  test('cache explain names the tier and its reasons', async () => {
    const { stdout } = await on().run('cache explain /v1/users/2');
    expect(stdout).toMatch(/^\/v1\/users\/2 {3}answered by \w+\n {2}isolate: /);
    expect((await on().run('cache explain /nowhere')).code).toBe(2);
  });

  test('cache invalidate reads past the caches, and wants a path or everything', async () => {
    const { stdout } = await on().run('cache invalidate /v1/users/2');
    expect(stdout).toMatch(/^\/v1\/users\/2 {3}read anew from Postgres\n {2}redis; fwd=request/);
    expect((await on().run('cache invalidate')).code).toBe(2);
    expect((await on().run('cache invalidate /v1/users/2 --everything')).code).toBe(2);
  });

  test('--verbose shows each request and its id, but no key', async () => {
    const { stderr } = await on().run('accounts get 1234-5678-9012 --verbose');
    expect(stderr).toMatch(
      /^GET http:\S+\/v1\/accounts\/1234-5678-9012 200 in \d+ ms \(request [0-9a-f-]{36}\)\n$/,
    );
  });

  test('open opens the console from a terminal, and only prints its address elsewhere', async () => {
    const there = await on().run('open', { columns: 80 });
    expect([there.opened, there.stdout]).toEqual([
      ['http://127.0.0.1:8787/console'],
      'http://127.0.0.1:8787/console\n',
    ]);
    expect((await on().run('open --page docs')).opened).toEqual([]);
  });
}
