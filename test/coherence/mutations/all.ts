import type { Mutation } from './mutation.ts';
import { isolateMutations } from './of-isolate.ts';
import { modelMutations } from './of-model.ts';
import { readsMutations } from './of-reads.ts';
import { scriptsMutations } from './of-scripts.ts';
import { validationMutations } from './of-validation.ts';

/** Every change that must break the property. */
export const mutations: readonly Mutation[] = [
  ...scriptsMutations,
  ...readsMutations,
  ...isolateMutations,
  ...validationMutations,
  ...modelMutations,
];
