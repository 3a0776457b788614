import { problems } from '../response/problem.ts';
import { pageOf } from './page.ts';

const listed = Object.entries(problems).map(
  ([code, { status, title }]) =>
    `<li id="problem-${code}"><code>${code}</code>, status ${status}: ${title}.</li>`,
);

/** The reference of the API. Its scripts are assets, and fill it from `/openapi.json`. */
export const docsPage = pageOf(`<ul class="problems">
${listed.join('\n')}
</ul>
<p class="text" id="unscripted">A script shows the reference here. Without it, read the <a href="/openapi.json">OpenAPI document</a>.</p>
<div id="reference"></div>
<script src="/docs/scalar.js"></script>
<script src="/docs/start.js"></script>`);

/** Scripts and requests of this host alone. The reference sets styles of its own, and shows icons from `data:` URLs. */
export const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
