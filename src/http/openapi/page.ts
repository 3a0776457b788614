import { html, raw } from 'hono/html';
import type { OpenApi } from './document.ts';
import { problems } from '../response/problem.ts';

const style = raw(`
  :root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
  pre { overflow-x: auto; padding: 1rem; border: 1px solid var(--line); border-radius: .5rem; }
  details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; padding: .5rem 1rem; }
  summary { cursor: pointer; } summary b { display: inline-block; min-width: 3rem; }
  summary span { opacity: .75; margin-left: .5rem; }
  table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top; padding: .25rem .5rem; border-bottom: 1px solid var(--line); }
  .open { opacity: .6; font-size: .85em; }
`);

/** The API as a page: rendered here, without a script, so that it works offline. */
export function renderDocsPage(api: OpenApi) {
  const operations = Object.entries(api.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation: operation as Operation })),
  );
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags ?? []))];
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${api.info.title}</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        <h1>${api.info.title} <small>${api.info.version}</small></h1>
        <p>${api.info.description} The same as <a href="/openapi.json">OpenAPI ${api.openapi}</a>.</p>
        <p>Send a key as <code>Authorization: Bearer &lt;key&gt;</code>, unless a path says <i>open</i>.</p>
        ${tags.map(
          (tag) =>
            html`<h2>${tag}</h2>
              ${operations.filter(({ operation }) => operation.tags?.includes(tag)).map(renderOperation)}`,
        )}
        <h2>Shapes</h2>
        ${Object.entries(api.components?.schemas ?? {}).map(renderSchema)}
        <h2>Problems</h2>
        <table>
          <tr>
            <th>code</th>
            <th>status</th>
            <th></th>
          </tr>
          ${Object.entries(problems).map(
            ([code, { status, title }]) =>
              html`<tr id="problem-${code}">
                <td><code>${code}</code></td>
                <td>${status}</td>
                <td>${title}</td>
              </tr>`,
          )}
        </table>
      </body>
    </html>`;
}

interface Operation {
  readonly tags?: readonly string[];
  readonly summary?: string;
  readonly description?: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly { in: string; name: string; required?: boolean; description?: string }[];
  readonly responses?: Readonly<Record<string, { description?: string }>>;
}

function renderOperation({
  path,
  method,
  operation,
}: {
  path: string;
  method: string;
  operation: Operation;
}) {
  return html`<details>
    <summary>
      <b>${method.toUpperCase()}</b> <code>${path}</code> <span>${operation.summary}</span>
      ${operation.security?.length === 0 ? html`<i class="open">open</i>` : ''}
    </summary>
    <p>${operation.description}</p>
    <table>
      ${(operation.parameters ?? []).map(
        (parameter) =>
          html`<tr>
            <td><code>${parameter.name}</code></td>
            <td>${parameter.in}${parameter.required ? ', required' : ''}</td>
            <td>${parameter.description}</td>
          </tr>`,
      )}
      ${Object.entries(operation.responses ?? {}).map(
        ([status, response]) =>
          html`<tr>
            <td>${status}</td>
            <td>answer</td>
            <td>${response.description}</td>
          </tr>`,
      )}
    </table>
  </details>`;
}

function renderSchema([name, schema]: [string, unknown]) {
  return html`<details>
    <summary><code>${name}</code></summary>
    <pre>${JSON.stringify(schema, null, 2)}</pre>
  </details>`;
}
