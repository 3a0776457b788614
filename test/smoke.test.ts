import { exports } from 'cloudflare:workers';
import { expect, test } from 'vitest';
test('x', async () => {
  expect(navigator.userAgent).toBe('Cloudflare-Workers');
  expect(await (await exports.default.fetch('http://x/')).text()).toBe('ok');
});
