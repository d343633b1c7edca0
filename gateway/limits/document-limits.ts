/**
 * What an operation may ask for at most, told from its document before it is validated or planned. Fragments count at every place
 * that spreads them, each measured once, so that fragments which double each other cost nothing to refuse. Pure.
 */
import { Kind, type DocumentNode, type FragmentDefinitionNode, type SelectionSetNode } from 'graphql';
import { tooDeep } from '../../lib/http/query-text.ts';
import { ReptraceError } from '../../lib/errors.ts';

export interface DocumentLimits {
  /** Fields within each other, through fragments. */
  readonly depth: number;
  /** Fields and fragments, counted where they are spread. */
  readonly selections: number;
  readonly rootFields: number;
  /** Root fields that put a GPU to work. */
  readonly costlyFields: number;
}

const COSTLY: ReadonlySet<string> = new Set([
  'traceBehavior',
  'generate',
  'buildIndex',
  'planIndex',
  'resumeIndex',
]);

interface Size {
  readonly depth: number;
  readonly selections: number;
}

const NOTHING: Size = { depth: 0, selections: 0 };

/** Throws QUERY_TOO_DEEP, QUERY_TOO_COSTLY. Nonsense (fragments that are not there, or spread themselves) is left to validation. */
export function checkDocument(document: DocumentNode, limits: DocumentLimits): void {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  }
  const sizeOf = measure(fragments);
  for (const node of document.definitions) {
    if (node.kind !== Kind.OPERATION_DEFINITION && node.kind !== Kind.FRAGMENT_DEFINITION) continue;
    const { depth, selections } = sizeOf(node.selectionSet);
    if (depth > limits.depth) throw tooDeep(limits.depth);
    refuseAbove(limits.selections, selections, 'selects', 'fields, fragments counted where they are used');
    if (node.kind === Kind.FRAGMENT_DEFINITION) continue;
    const roots = [...rootFields(node.selectionSet, fragments)];
    refuseAbove(limits.rootFields, roots.length, 'has', 'root fields');
    const costly = roots.filter((name) => COSTLY.has(name)).length;
    refuseAbove(limits.costlyFields, costly, 'asks', `times for work on a GPU (${[...COSTLY].join(', ')})`);
  }
}

function measure(fragments: ReadonlyMap<string, FragmentDefinitionNode>): (set: SelectionSetNode) => Size {
  const known = new Map<string, Size>();
  const sizeOfFragment = (name: string): Size => {
    const size = known.get(name);
    if (size !== undefined) return size;
    // Stands in while the fragment is measured: one that spreads itself ends here.
    known.set(name, NOTHING);
    const fragment = fragments.get(name);
    const measured = fragment === undefined ? NOTHING : sizeOf(fragment.selectionSet);
    known.set(name, measured);
    return measured;
  };
  const sizeOf = ({ selections }: SelectionSetNode): Size => {
    let depth = 0;
    let count = selections.length;
    for (const selection of selections) {
      const isField = selection.kind === Kind.FIELD;
      const inner =
        selection.kind === Kind.FRAGMENT_SPREAD
          ? sizeOfFragment(selection.name.value)
          : selection.selectionSet
            ? sizeOf(selection.selectionSet)
            : NOTHING;
      depth = Math.max(depth, inner.depth + (isField ? 1 : 0));
      count += inner.selections;
    }
    return { depth, selections: count };
  };
  return sizeOf;
}

/** Names of the root fields, as often as they are selected. To be called on what has passed the limit of selections. */
function* rootFields(
  { selections }: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  within: readonly string[] = [],
): Generator<string, void, void> {
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) yield selection.name.value;
    else if (selection.kind === Kind.INLINE_FRAGMENT)
      yield* rootFields(selection.selectionSet, fragments, within);
    else {
      const name = selection.name.value;
      const fragment = within.includes(name) ? undefined : fragments.get(name);
      if (fragment) yield* rootFields(fragment.selectionSet, fragments, [...within, name]);
    }
  }
}

function refuseAbove(limit: number, count: number, verb: string, what: string): void {
  if (count <= limit) return;
  throw new ReptraceError(
    'QUERY_TOO_COSTLY',
    `the operation ${verb} ${Number.isFinite(count) ? count : 'countless'} ${what}; ${limit} are allowed`,
    'Split it into several operations.',
  );
}
