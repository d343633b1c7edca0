/**
 * Gradients of TensorFlow.js's operations. Those that Node loads of @tensorflow/tfjs-core have none: they are in a folder of ES
 * modules which bundlers understand and Node does not (no file endings, no `"type"`). Resolved here as bundlers do; the operations
 * find them in a registry among the globals. (The package @tensorflow/tfjs has them in a bundle, of 300 MB with what it needs.)
 */
import { register } from 'node:module';

const HOOKS = `
const isCore = (url) => url !== undefined && /\\/@tensorflow\\/tfjs-core\\/dist\\/(?!tf-core)/.test(url);
export const resolve = (specifier, context, next) =>
  next(specifier.startsWith('.') && isCore(context.parentURL) && !specifier.endsWith('.js') ? specifier + '.js' : specifier, context);
export const load = (url, context, next) => next(url, isCore(url) ? { ...context, format: 'module' } : context);
`;

export async function registerGradients(): Promise<void> {
  register(`data:text/javascript,${encodeURIComponent(HOOKS)}`);
  await import('@tensorflow/tfjs-core/dist/register_all_gradients.js');
}
