import { registerHooks } from 'node:module';

const PACKAGE = '/node_modules/drizzle-orm/';

// Node looks for the format of a module in the package.json of its package. That of drizzle-orm has 180 kB, and Node
// parses it anew for each of its hundred modules, which takes as long as to load all other modules of the product. All
// of its files that end in .js are ES modules.
registerHooks({
  resolve(specifier, context, next) {
    const { parentURL = '' } = context;
    const isInside = parentURL.includes(PACKAGE) && specifier.startsWith('.');
    if (!isInside || !specifier.endsWith('.js')) return next(specifier, context);
    return { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true };
  },
});
