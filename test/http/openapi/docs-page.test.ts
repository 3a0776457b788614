import { beforeAll, expect, test } from 'vitest';
import { problems } from '../../../src/http/response/problem.ts';
import { send, useStack } from '../../support/stack.ts';
import { routes } from '../../support/http/routes.ts';

const stack = useStack();
let page = '';
let headers = new Headers();

beforeAll(async () => {
  const response = await send(stack.current, '/docs');
  [page, headers] = [await response.text(), response.headers];
});

test('the page is HTML', () => {
  expect(headers.get('Content-Type')).toMatch(/^text\/html; charset=utf-8$/i);
  expect(page).toMatch(/^<!doctype html>/);
});

test('its policy admits no script and no other host', () => {
  const policy = headers.get('Content-Security-Policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/script-src|https?:|\*/);
});

test('it works offline: no script, and nothing loaded from anywhere', () => {
  expect(page).not.toMatch(/<script|<iframe|<object|<embed|<link|<img|@import|url\(/i);
  expect(page).not.toMatch(/\son\w+\s*=/i);
  expect([...page.matchAll(/(?:src|href|action)="([^"]*)"/g)].map(([, target]) => target)).toEqual([
    '/openapi.json',
  ]);
});

test('every route is on it', () => {
  for (const { path } of routes) expect(page).toContain(`<code>${path.replaceAll(/:(\w+)/g, '{$1}')}</code>`);
});

test('the type of every problem leads to it', () => {
  for (const code of Object.keys(problems)) expect(page).toContain(`id="problem-${code}"`);
});
