/**
 * Apache Arrow, the very instance that LanceDB loads. LanceDB is CommonJS; an `import` here would load the package a second
 * time, and LanceDB does not know the nested columns of tables made by another instance.
 */
import { createRequire } from 'node:module';

export const arrow = createRequire(import.meta.url)('apache-arrow') as typeof import('apache-arrow');
