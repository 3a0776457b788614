import { expect, test } from 'vitest';
import type { Account } from '../../../src/shapes/account.ts';
import type { Service } from './service.ts';

export function testAliases(on: () => Service): void {
  test('the management commands of the original platform work', async () => {
    const number = '1111-2222-3333';
    const line = `create_account --company_name "Aliased Ltd" --account_number=${number}`;
    expect(await on().json(line)).toMatchObject({ accountNumber: number, companyName: 'Aliased Ltd' });
    const user = `--username al --email al@example.com --account_number ${number}`;
    expect(await on().json(`create_user ${user}`)).toMatchObject({ username: 'al', isStaff: false });
    const admin = '--username aladmin --email aladmin@example.com';
    expect(await on().json(`create_admin_user ${admin}`)).toMatchObject({
      isStaff: true,
      isSuperuser: false,
    });
    const key = await on().json(`create_api_key --account_number ${number} --description Chatbot`);
    expect(key).toMatchObject({ name: 'Chatbot', accountNumber: number, scopes: ['directory:read'] });
    const { stdout } = await on().run('get_accounts');
    expect((JSON.parse(stdout) as Account[]).map(({ accountNumber }) => accountNumber)).toContain(number);
    expect((await on().run('reset_cache')).stdout).toMatch(/^The next drain drops all/);
  });

  test('what of them has no counterpart is refused with the reason', async () => {
    const refused = await on().run('create_user --username x --email x@example.com --password secret');
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('keeps no passwords')]);
    expect((await on().run('create_api_key --username johndoe')).code).toBe(2);
  });
}
