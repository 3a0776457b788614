import { beforeAll, expect, test } from 'vitest';
import { problems } from '../../../src/http/response/problem.ts';
import { send, useStack } from '../../support/stack.ts';

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

test('its policy admits scripts and requests of this host alone, and no evaluated text', () => {
  const policy = new Map(
    (headers.get('Content-Security-Policy') ?? '').split('; ').map((directive) => {
      const [name = '', ...sources] = directive.split(' ');
      return [name, sources.join(' ')];
    }),
  );
  expect(policy.get('default-src')).toBe("'none'");
  expect(policy.get('script-src')).toBe("'self'");
  expect(policy.get('connect-src')).toBe("'self'");
  expect(policy.get('style-src')).toBe("'self' 'unsafe-inline'");
  for (const sources of policy.values()) expect(sources).not.toMatch(/https?:|\*|unsafe-eval|blob:/);
});

test('it has no script of its own, and loads nothing from another host', () => {
  expect(page).not.toMatch(/<iframe|<object|<embed|<img|@import|url\(|<style|\sstyle=/i);
  expect(page).not.toMatch(/\son\w+\s*=/i);
  expect([...page.matchAll(/<script\b[^>]*>([^]*?)<\/script>/g)].map(([, code]) => code)).toEqual(['', '']);
  expect([...page.matchAll(/(?:src|href|action)="([^"]*)"/g)].map(([, target]) => target)).toEqual([
    '/page.css',
    '/openapi.json',
    '/docs/scalar.js',
    '/docs/start.js',
  ]);
});

test('the type of every problem leads to it', () => {
  for (const [code, { title }] of Object.entries(problems)) {
    expect(page).toMatch(new RegExp(`<li id="problem-${code}">.*${title}`));
  }
});
