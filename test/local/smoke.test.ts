import { expect, test } from 'vitest';
test('x', () => { expect(process.version).toMatch(/^v24/); });
