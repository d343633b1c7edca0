/** The benchmark's tables, as printed and as put into bench/README.md. */
import { percent, short, table } from '../measure/table.ts';
import type { Machine } from '../measure/machine.ts';
import type { ProductSpeed } from './product-speed.ts';
import type { SignatureSpeed } from './signature-speed.ts';

export function machineLine(machine: Machine): string {
  const { adapter, node, platform, cpu, cores, commit, date, loadBefore } = machine;
  const source =
    commit === null ? 'no commit' : `commit ${commit.hash.slice(0, 9)}${commit.dirty ? ' with changes' : ''}`;
  return (
    `${adapter.driver} on ${cpu}, ${cores} cores, ${platform}, Node ${node}, webgpu ${machine.webgpu ?? 'unknown'}, ` +
    `${source}, ${date.slice(0, 10)}, load ${loadBefore.toFixed(1)} at the start`
  );
}

export function signatureTable(speeds: readonly SignatureSpeed[]): string {
  return table(
    ['model', 'layer', 'GFLOP', 'seconds', 'spread', 'tokens/s', 'GFLOP/s'],
    speeds.map(({ model, layer, layers, flops, seconds, tokensPerSecond, gigaflops }) => [
      model,
      `${layer} of ${layers}`,
      short(flops.total / 1e9),
      short(seconds.median),
      percent(seconds.spread),
      short(tokensPerSecond),
      short(gigaflops),
    ]),
  );
}

export function productTable(speeds: readonly ProductSpeed[]): string {
  return table(
    [
      'shape of',
      'product',
      'rows',
      'inner',
      'columns',
      'ours',
      'of limit',
      'jax [out,in]',
      'jax [in,out]',
      'speed-up',
      'spread',
    ],
    speeds.map(({ name, product, rows, inner, columns, flops, ours, ofLimit, jax, speedUp }) => {
      const gigaflops = (seconds: number): number => short(flops / seconds / 1e9);
      return [
        name,
        product,
        rows,
        inner,
        columns,
        gigaflops(ours.median),
        percent(ofLimit),
        gigaflops(jax['out-in'].median),
        gigaflops(jax['in-out'].median),
        short(speedUp.median),
        percent(speedUp.spread),
      ];
    }),
  );
}
