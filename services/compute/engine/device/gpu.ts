/**
 * One GPU device and what must live as long as it does: the WebGPU instance, the pipelines compiled on it, and the
 * watch over its loss. Everything above asks a Gpu for kernels and buffers; nothing else talks to `webgpu`.
 */
import { create, globals } from 'webgpu';
import { reasonOf, ReptraceError } from '../../../../lib/errors.ts';
import { buildKernel, type Kernel, type KernelSpec } from './kernel.ts';
import { pollPatiently } from './patient-polling.ts';

/** `webgpu` types its globals as a bare object; they are the constants and classes of the WebGPU standard. */
const { GPUBufferUsage, GPUOutOfMemoryError } = globals as typeof globalThis;
export const USAGE = GPUBufferUsage;

/** What `reptrace doctor` shows of an adapter, and what manifests keep of it. */
export interface AdapterReport {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** True for an adapter that computes on the CPU (llvmpipe, SwiftShader). */
  readonly software: boolean;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  /** Lanes of a subgroup, where they are always the same number and subgroup operations can be used. */
  readonly subgroupSize?: number | undefined;
  /** What its matrix units multiply at once, of float16 into sums of float32; none where they cannot be used. */
  readonly matrices: readonly MatrixShape[];
}

/** A left matrix of m rows and k columns, a right one of k rows and n columns. */
export interface MatrixShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/**
 * `f32`: operands as stored, products and sums in float32. `mixed`: linear layers may round operands to float16 on the way,
 * sums in float32. An index is of one class, which its manifest names.
 */
export type Numbers = 'f32' | 'mixed';

export interface GpuOptions {
  /** Part of the wanted adapter's name; default `REPTRACE_ADAPTER`, else the first that the system offers. */
  readonly adapter?: string | undefined;
  /** The variant of linear layers (kernels/linear-choice.ts); default `REPTRACE_LINEAR`, else the fastest that is known. */
  readonly linear?: string | undefined;
  /** The variant of attention (kernels/attention-choice.ts); default `REPTRACE_ATTENTION`, else what suits the adapter. */
  readonly attention?: string | undefined;
  /** Default `REPTRACE_NUMBERS`, else `f32`. */
  readonly numbers?: Numbers | undefined;
}

/** What the engine uses of a GPU. Memory is planned on one that only counts (counting-gpu.ts). */
export type GpuPort = GpuKind & Pick<Gpu, 'device' | 'attention' | 'kernel' | 'assertHealthy' | 'idle'>;

/** A GPU as far as the choice of kernels goes. */
export interface GpuKind {
  readonly report: AdapterReport;
  /** The variant of linear layers that was asked for by name. */
  readonly linear: string | undefined;
  readonly numbers: Numbers;
  /** What was found the fastest (tuning/): names of variants by products. */
  readonly tuned: Pick<ReadonlyMap<string, string>, 'get'>;
}

const MATRIX_FEATURE = 'chromium-experimental-subgroup-matrix';

/** Features that kernels may use where the adapter has them. */
const WANTED_FEATURES = ['shader-f16', 'subgroups', 'timestamp-query', MATRIX_FEATURE] as const;

/**
 * Dawn hides float16 on NVIDIA's drivers, of which some computed wrong, and matrix units everywhere, as an experiment. They are
 * shown where numbers may be `mixed` or a variant is named: results are compared with float64 before one is chosen (tuning/).
 */
const HIDDEN_FEATURES = 'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia';

const INSTALL_REMEDY =
  'Install a Vulkan driver for the GPU, or a software one (Debian 12: `apt-get install -t bookworm-backports ' +
  'mesa-vulkan-drivers libvulkan1`; Debian 13, Ubuntu 24.04: `apt-get install mesa-vulkan-drivers libvulkan1`), ' +
  'then run `reptrace doctor`.';

export class Gpu implements GpuKind {
  readonly device: GPUDevice;
  readonly report: AdapterReport;
  readonly linear: string | undefined;
  /** The variant of attention that was asked for by name; none takes scratch memory, so that plans of it do not ask. */
  readonly attention: string | undefined;
  readonly numbers: Numbers;
  readonly tuned = new Map<string, string>();
  /** Kept only to stay reachable: once the instance is collected while the device lives, the process dies. */
  readonly #instance: GPU;
  readonly #kernels = new Map<string, Kernel>();
  #failure: ReptraceError | undefined;
  #closed = false;

  private constructor(
    instance: GPU,
    device: GPUDevice,
    { report, linear, attention, numbers }: Pick<Gpu, 'report' | 'linear' | 'attention' | 'numbers'>,
  ) {
    this.linear = linear;
    this.attention = attention;
    this.numbers = numbers;
    this.#instance = instance;
    this.device = device;
    this.report = report;
    device.onuncapturederror = (event) => {
      this.#failure ??= uncaptured(event.error);
    };
    void device.lost.then((info) => {
      if (this.#closed) return;
      this.#failure ??= new ReptraceError(
        'DEVICE_LOST',
        `the GPU device "${report.description}" was lost: ${info.message || info.reason}`,
        'Start again; if it happens again, run `reptrace doctor` and make batches smaller.',
      );
    });
  }

  /** Opens the adapter with every limit it offers. Throws ADAPTER_NOT_FOUND with what to install, and CONFIG_INVALID. */
  static async open(options: GpuOptions = {}): Promise<Gpu> {
    const wanted = options.adapter ?? process.env['REPTRACE_ADAPTER'];
    const numbers = options.numbers ?? numbersIn(process.env['REPTRACE_NUMBERS']);
    const linear = named(options.linear, 'REPTRACE_LINEAR');
    const instance = createInstance(wanted, { hidden: numbers === 'mixed' || linear !== undefined });
    const adapter = await findAdapter(instance, wanted);
    if (adapter === null) {
      throw new ReptraceError('ADAPTER_NOT_FOUND', 'no WebGPU adapter was found', INSTALL_REMEDY);
    }
    const report = describe(adapter);
    if (report.software) pollPatiently();
    const device = await adapter.requestDevice({
      requiredLimits: report.limits,
      requiredFeatures: WANTED_FEATURES.filter((feature) =>
        adapter.features.has(feature),
      ) as GPUFeatureName[],
    });
    return new Gpu(instance, device, {
      ...{ report, numbers, linear },
      attention: named(options.attention, 'REPTRACE_ATTENTION'),
    });
  }

  /** The compiled kernel of a spec; compiled once per device. */
  kernel(spec: KernelSpec): Kernel {
    const constants = Object.entries(spec.constants ?? {});
    const key = `${spec.shader}|${spec.weights ?? ''}|${constants.map((entry) => entry.join('=')).join(',')}`;
    let kernel = this.#kernels.get(key);
    if (kernel === undefined) {
      kernel = buildKernel(this.device, spec, key);
      this.#kernels.set(key, kernel);
    }
    return kernel;
  }

  /** Throws what went wrong on the device since it was opened, if anything did. */
  assertHealthy(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Makes buffers. Throws OUT_OF_MEMORY when the device refuses the memory of one, and is then as healthy as before; whoever
   * made the buffers destroys those that there are.
   */
  async allocating<T>(make: () => T): Promise<T> {
    this.device.pushErrorScope('out-of-memory');
    let made: T;
    let refusal: GPUError | null;
    try {
      made = make();
    } finally {
      refusal = await this.device.popErrorScope();
    }
    if (refusal !== null) throw uncaptured(refusal);
    return made;
  }

  /** Work that the device may refuse, and is then as healthy as before: gives what it refused, or the work's result. */
  async attempt<T>(work: () => Promise<T>): Promise<T | ReptraceError> {
    const filters = ['internal', 'validation', 'out-of-memory'] as const;
    for (const filter of filters) this.device.pushErrorScope(filter);
    const refusals: GPUError[] = [];
    let result: T;
    try {
      result = await work();
    } finally {
      for (let i = 0; i < filters.length; i++) {
        const refusal = await this.device.popErrorScope();
        if (refusal !== null) refusals.push(refusal);
      }
    }
    const [refusal] = refusals;
    return refusal === undefined ? result : uncaptured(refusal);
  }

  /** Whether buffers of so many bytes together can be made at present. */
  async hasRoomFor(bytes: number): Promise<boolean> {
    const limit = this.report.limits['maxBufferSize'] ?? bytes;
    const most = limit - (limit % 4);
    const buffers: GPUBuffer[] = [];
    try {
      await this.allocating(() => {
        for (let left = bytes; left > 0; left -= most) {
          const size = Math.ceil(Math.min(left, most) / 4) * 4;
          buffers.push(this.device.createBuffer({ label: 'probe', size, usage: USAGE.STORAGE }));
        }
      });
      return true;
    } catch (error) {
      if (error instanceof ReptraceError && error.code === 'OUT_OF_MEMORY') return false;
      throw error;
    } finally {
      for (const buffer of buffers) buffer.destroy();
      await this.idle();
    }
  }

  /** Waits until the device has done all that was submitted. */
  async idle(): Promise<void> {
    await this.device.queue.onSubmittedWorkDone();
    this.assertHealthy();
  }

  /** Destroys the device; the instance stays reachable through this object. Safe to call twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.device.destroy();
    keepForever.push(this.#instance);
  }
}

/** Empty is unset. */
function named(option: string | undefined, variable: string): string | undefined {
  const name = option ?? process.env[variable];
  return name === '' ? undefined : name;
}

function numbersIn(value = ''): Numbers {
  if (value === '' || value === 'f32') return 'f32';
  if (value === 'mixed') return 'mixed';
  throw new ReptraceError(
    'CONFIG_INVALID',
    `REPTRACE_NUMBERS is ${JSON.stringify(value.slice(0, 100))}`,
    'Set it to f32 or mixed, or unset it.',
  );
}

/** Instances are never released while the process lives: destruction of the device may still be under way. */
const keepForever: GPU[] = [];

function createInstance(wanted: string | undefined, { hidden }: { readonly hidden: boolean }): GPU {
  // Lets a benchmark or a new driver try Dawn's toggles (enable-dawn-features=…) without a code change.
  const flags = (process.env['REPTRACE_DAWN_FLAGS'] ?? '').split(' ').filter((flag) => flag !== '');
  if (hidden && flags.length === 0) flags.push(HIDDEN_FEATURES);
  if (wanted !== undefined && wanted !== '') flags.push(`adapter=${wanted}`);
  return create(flags);
}

async function findAdapter(instance: GPU, wanted: string | undefined): Promise<GPUAdapter | null> {
  try {
    return await instance.requestAdapter({ powerPreference: 'high-performance' });
  } catch (error) {
    // With an `adapter=` flag that matches nothing, Dawn throws a text that lists what there is.
    throw new ReptraceError(
      'ADAPTER_NOT_FOUND',
      `no WebGPU adapter matches "${wanted ?? ''}": ${reasonOf(error)}`,
      'Set REPTRACE_ADAPTER to part of a listed name, or unset it.',
      { cause: error },
    );
  }
}

function describe(adapter: GPUAdapter): AdapterReport {
  const limits: Record<string, number> = {};
  const offered = adapter.limits as unknown as Record<string, unknown>;
  for (const name in adapter.limits) {
    const value = offered[name];
    if (typeof value === 'number') limits[name] = value;
  }
  const { vendor, architecture, device, description, subgroupMinSize, subgroupMaxSize } = adapter.info;
  const software = /llvmpipe|lavapipe|swiftshader|software/i.test(`${device} ${description} ${architecture}`);
  return {
    vendor,
    architecture,
    device,
    description,
    software,
    features: [...adapter.features].sort(),
    limits,
    subgroupSize:
      adapter.features.has('subgroups') && subgroupMinSize === subgroupMaxSize ? subgroupMinSize : undefined,
    matrices: matricesOf(adapter),
  };
}

/** An experiment of Dawn's, which its types do not have. */
interface MatrixInfo {
  readonly subgroupMatrixConfigs?: Iterable<{
    readonly componentType: string;
    readonly resultComponentType: string;
    readonly M: number;
    readonly N: number;
    readonly K: number;
  }>;
}

function matricesOf({ features, info }: GPUAdapter): MatrixShape[] {
  if (!features.has(MATRIX_FEATURE)) return [];
  const configs = [...((info as MatrixInfo).subgroupMatrixConfigs ?? [])];
  return configs
    .filter((config) => config.componentType === 'f16' && config.resultComponentType === 'f32')
    .map(({ M, N, K }) => ({ m: M, n: N, k: K }));
}

function uncaptured(error: GPUError): ReptraceError {
  const memory = error instanceof GPUOutOfMemoryError;
  return new ReptraceError(
    memory ? 'OUT_OF_MEMORY' : 'GPU_REFUSED',
    memory ? `the GPU is out of memory: ${error.message}` : `the GPU refused an operation: ${error.message}`,
    memory
      ? 'Use smaller batches, shorter samples or a smaller model.'
      : 'This is a defect of reptrace: report it.',
  );
}
