import { testBounds } from './bounds-tests.ts';

testBounds({ isPlaced: true });
