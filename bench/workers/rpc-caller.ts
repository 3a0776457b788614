import { PEER_USER_ID } from './peer-user.ts';

interface CallerEnv {
  readonly ACCOUNTS: {
    getCachedUserForUserId(userId: number): Promise<unknown>;
    getMany(lookUps: readonly { readonly lookUp: 'user'; readonly userId: number }[]): Promise<unknown>;
  };
  readonly CONSTANT: { getUser(userId: number): Promise<unknown> };
}

/**
 * Calls the product or the constant, by the path. Makes `times` calls in sequence and answers the last user, or asks
 * the product for many users in one call.
 */
export default {
  async fetch(request: Request, { ACCOUNTS, CONSTANT }: CallerEnv): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/many') {
      const userIds = searchParams.get('ids')?.split(',').map(Number) ?? [];
      return Response.json(await ACCOUNTS.getMany(userIds.map((userId) => ({ lookUp: 'user', userId }))));
    }
    const times = Number(searchParams.get('times'));
    let user: unknown;
    if (pathname === '/accounts')
      for (let turn = 0; turn < times; turn += 1) user = await ACCOUNTS.getCachedUserForUserId(PEER_USER_ID);
    else for (let turn = 0; turn < times; turn += 1) user = await CONSTANT.getUser(PEER_USER_ID);
    return Response.json(user);
  },
};
