/** How clients name a sample: its index and its point, so that it can be found by its id alone. */
import { isId } from '../runs/index-records.ts';

export interface SampleKey {
  readonly index: string;
  readonly point: string;
}

export function publicId(index: string, point: string): string {
  return `${index}.${point}`;
}

/** null for what is no such id. */
export function parseSampleId(id: string): SampleKey | null {
  const [index, point, ...rest] = id.length > 100 ? [] : id.split('.');
  if (index === undefined || point === undefined || rest.length > 0) return null;
  return isId(index) && isId(point) ? { index, point } : null;
}
