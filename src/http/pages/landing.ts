import { version } from '../../../package.json';
import { pageOf } from './page.ts';

/** The page that answers people at `/`. */
export const landingPage = pageOf(`<main class="text">
<h1>Edge Accounts</h1>
<p>Account and user look-ups for a multi-tenant platform, answered at the edge. Version ${version}.</p>
<ul>
<li><a href="/docs">Reference of the API</a>, with search, examples and a client that sends requests</li>
<li><a href="/openapi.json">OpenAPI document</a>, for tools and generated clients</li>
<li><a href="/healthz">Health of the process</a></li>
<li><a href="/readyz">Readiness of Redis and Postgres</a></li>
</ul>
<p>The API is below <code>/v1</code>. Send a key with each request: <code>Authorization: Bearer &lt;key&gt;</code>.</p>
</main>`);

/** The style sheet of this host, and nothing else. */
export const LANDING_POLICY =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
