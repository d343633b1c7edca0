import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryBus } from '../../../lib/bus/memory-bus.ts';
import { serve } from '../../../lib/bus/procedure.ts';
import { ReptraceError, type ErrorCode } from '../../../lib/errors.ts';
import { preparationWanted } from '../../../lib/mesh/compute-messages.ts';
import { stillWanted } from './still-wanted.ts';

const ASKED = 'some-build';

let bus: MemoryBus;
let logged: { readonly level: number; readonly code: string }[];

const log = pino(
  { level: 'debug' },
  { write: (line: string) => logged.push(JSON.parse(line) as (typeof logged)[number]) },
);

beforeEach(() => {
  bus = new MemoryBus();
  logged = [];
});

afterEach(async () => {
  await bus.close();
});

function failing(code: ErrorCode): Promise<unknown> {
  return serve(bus, preparationWanted(ASKED), () =>
    Promise.reject(new ReptraceError(code, 'It failed.', 'See.')),
  );
}

describe('a preparation', () => {
  it('goes on while somebody waits for it, or nobody was named', async () => {
    await stillWanted(bus, null, log);
    await serve(bus, preparationWanted(ASKED), () => Promise.resolve({ goOn: true }));
    await stillWanted(bus, ASKED, log);
    expect(logged).toEqual([]);
  });

  it('ends when nobody waits for it any more', async () => {
    await expect(stillWanted(bus, ASKED, log)).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: 'nobody waits for this preparation any more',
    });
  });

  it('goes on where the bus is away or the answer late, and a debug line says so', async () => {
    await failing('TIMEOUT');
    await stillWanted(bus, ASKED, log);
    await bus.close();
    await stillWanted(bus, ASKED, log);
    expect(logged).toMatchObject([
      { level: 20, code: 'TIMEOUT' },
      { level: 20, code: 'BUS_UNREACHABLE' },
    ]);
  });

  it.each(['INTERNAL', 'INDEX_NOT_FOUND', 'REQUEST_TOO_LARGE'] as const)(
    'ends with the failure %s of whoever was asked, which the log has',
    async (code) => {
      await failing(code);
      await expect(stillWanted(bus, ASKED, log)).rejects.toMatchObject({ code, message: 'It failed.' });
      expect(logged).toMatchObject([{ level: 40, code }]);
    },
  );

  it('ends with a fault that is not an expected one', async () => {
    await serve(bus, preparationWanted(ASKED), () => Promise.reject(new TypeError('a defect')));
    await expect(stillWanted(bus, ASKED, log)).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(logged).toMatchObject([{ level: 40, code: 'INTERNAL' }]);
  });
});
