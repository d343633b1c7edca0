import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryBus } from '../../../lib/bus/memory-bus.ts';
import { serve } from '../../../lib/bus/procedure.ts';
import { encode } from '../../../lib/bus/wire.ts';
import { ReptraceError } from '../../../lib/errors.ts';
import { reportSigned, type SignedRow, type SignReport } from '../../../lib/mesh/index-messages.ts';
import { Reporter, sendReport } from './sign-reports.ts';

const MAX_PAYLOAD = 10_000;
const ROWS: SignedRow[] = Array.from({ length: 60 }, (_, row) =>
  row % 7 === 3
    ? { row, code: 'INPUT_INVALID', reason: 'é'.repeat(400) }
    : {
        row,
        layers: [2, 30].map((layer) => ({
          layer,
          hidden: new Float32Array(64).fill(row),
          gradient: new Float32Array(64).fill(-row),
        })),
        loss: row / 3,
        truncated: row % 2 === 0,
        lesson: row % 3 === 0 ? null : new Uint8Array(264 * (row % 9)).fill(row),
      },
);

let bus: MemoryBus;
let reports: SignReport[];
let open: AbortController;

beforeEach(() => {
  bus = new MemoryBus({ maxPayload: MAX_PAYLOAD });
  reports = [];
  open = new AbortController();
});

afterEach(async () => {
  await bus.close();
});

async function answering(goOn: boolean): Promise<void> {
  await serve(bus, reportSigned('one'), (report) => {
    reports.push(report);
    return Promise.resolve({ goOn });
  });
}

describe('Reporter', () => {
  it('sends every row once and in order, in few messages that the bus takes', async () => {
    await answering(true);
    const reporter = new Reporter(bus, 'one', open.signal);
    for (let i = 0; i < ROWS.length; i += 8) expect(await reporter.add(ROWS.slice(i, i + 8))).toBe(true);
    await reporter.end();
    expect(reports.flatMap((report) => (report.kind === 'signed' ? report.rows : []))).toEqual(ROWS);
    const sizes = reports.map((report) => encode(report).length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(MAX_PAYLOAD);
    expect(sizes.length).toBeLessThan(24);
  });

  it('stops when the build does not go on', async () => {
    await answering(false);
    const reporter = new Reporter(bus, 'one', open.signal);
    const went: boolean[] = [];
    for (let i = 0; i < ROWS.length; i += 8) went.push(await reporter.add(ROWS.slice(i, i + 8)));
    await reporter.end();
    expect(went.at(-1)).toBe(false);
    expect(reports).toHaveLength(1);
  });

  it('throws what kept rows from arriving, at the next call', async () => {
    await serve(bus, reportSigned('one'), () =>
      Promise.reject(new ReptraceError('DISK_FULL', 'full', 'Make room.')),
    );
    const reporter = new Reporter(bus, 'one', open.signal);
    const all = async (): Promise<void> => {
      for (const row of ROWS) await reporter.add([row]);
      await reporter.end();
    };
    await expect(all()).rejects.toMatchObject({ code: 'DISK_FULL' });
  });
});

describe('sendReport', () => {
  const report: SignReport = { kind: 'split', task: 'one-1-1', rows: [1] };

  it('waits for a service that is away, as long as it has patience', async () => {
    await expect(sendReport(bus, 'one', report, open.signal, 300)).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
    const sent = sendReport(bus, 'one', report, open.signal, 10_000);
    setTimeout(() => void answering(true), 300);
    expect(await sent).toBe(true);
    expect(reports).toEqual([report]);
  });

  it('stops waiting when it is called off', async () => {
    setTimeout(() => {
      open.abort();
    }, 50);
    const started = performance.now();
    await expect(sendReport(bus, 'one', report, open.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
