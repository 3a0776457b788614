// Fills the page /docs. Nothing is loaded from another host, and nothing is sent to one.
Scalar.createApiReference('#reference', {
  url: '/openapi.json',
  servers: [{ url: location.origin }],
  authentication: { preferredSecurityScheme: 'key' },
  proxyUrl: '',
  telemetry: false,
  withDefaultFonts: false,
  agent: { disabled: true, hideAddApi: true },
  mcp: { disabled: true },
  showDeveloperTools: 'never',
  hideClientButton: true,
  persistAuth: false,
  documentDownloadType: 'json',
  metaData: { title: 'Edge Accounts' },
});
// The notice stays if the reference could not be loaded.
document.getElementById('unscripted').remove();
