import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { deletionFlags } from '../command/shared-flags.ts';
import { deleteRow, undoOf } from '../rows/delete.ts';
import { ACCOUNT, readAccount } from './find.ts';

export const deleteAccount = defineCommand({
  name: 'accounts delete',
  summary: 'Deletes an account with its memberships and its keys.',
  args: { account: ACCOUNT },
  flags: deletionFlags,
  examples: ['accounts delete 1618-0339-8874 --dry-run', 'accounts delete 1618-0339-8874 --yes'],
  page: 'docs/undo.md',
  async run({ args, flags, output, io, session }) {
    const opened = await session();
    const { body, etag } = await readAccount(opened, args.account);
    const { id, accountNumber, companyName } = body;
    const account = opened.client.v1.accounts[':accountNumber'];
    const param = { accountNumber };
    await deleteRow({
      io,
      output,
      flags,
      title: companyName,
      name: accountNumber,
      nameOfName: 'the account number',
      foresee: () => bodyOf(account.$delete({ param, query: { dryRun: 'true' } })),
      remove: () => bodyOf(account.$delete({ param }, { headers: { 'If-Match': etag } })),
      undo: () => undoOf(opened, { kind: 'account', entityId: id }),
    });
  },
});
