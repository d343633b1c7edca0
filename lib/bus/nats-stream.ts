/** What a work queue is on the server: names, and the configuration of its streams and its consumer. */
import {
  AckPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type ConsumerConfig,
  type JetStreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';
import { millis, nanos } from '@nats-io/transport-node';

/** Carries the caller's id of a task; the server's own id may name a marker too. */
export const TASK_ID_HEADER = 'Reptrace-Task';

const DUPLICATES_MS = 120_000;
/** Markers of `clear` matter only as long as the server remembers ids. */
const MARKERS_MS = 5 * DUPLICATES_MS;
/** Tasks handed out or waiting for their retry, of all workers together. */
const MAX_AT_WORK = 20_000;
const CONSUMER = 'workers';

export interface QueueSettings {
  /** [a-z0-9]+ */
  readonly namespace: string;
  readonly name: string;
  readonly ackWaitMs: number;
}

export interface QueueNames {
  readonly stream: string;
  readonly consumer: string;
  readonly clearedStream: string;
  readonly taskSubject: (topic: string) => string;
  readonly clearedSubject: (topic: string) => string;
}

export function queueNames({ namespace, name }: Pick<QueueSettings, 'namespace' | 'name'>): QueueNames {
  return {
    stream: `${namespace.toUpperCase()}_${name}`,
    consumer: CONSUMER,
    // One for all queues of the namespace. No queue's stream has a dash after the namespace.
    clearedStream: `${namespace.toUpperCase()}-CLEARED`,
    taskSubject: (topic) => `${namespace}.work.${name}.${topic}`,
    clearedSubject: (topic) => `${namespace}.cleared.${name}.${topic}`,
  };
}

/**
 * Makes the streams and the consumer that are not there; those that are keep their configuration, so that an operator
 * may change it (replicas, say). Gives the consumer's ack wait in milliseconds.
 */
export async function ensureQueue(manager: JetStreamManager, settings: QueueSettings): Promise<number> {
  const { namespace, ackWaitMs } = settings;
  const { stream, consumer, clearedStream, taskSubject } = queueNames(settings);
  await ensureStream(manager, {
    ...{ name: stream, subjects: [taskSubject('*')] },
    ...{ retention: RetentionPolicy.Workqueue, storage: StorageType.File },
    duplicate_window: nanos(DUPLICATES_MS),
  });
  await ensureStream(manager, {
    ...{ name: clearedStream, subjects: [`${namespace}.cleared.>`] },
    ...{ retention: RetentionPolicy.Limits, storage: StorageType.File, max_msgs_per_subject: 1 },
    max_age: nanos(MARKERS_MS),
  });
  const config = {
    ...{ durable_name: consumer, ack_policy: AckPolicy.Explicit, ack_wait: nanos(ackWaitMs) },
    ...{ max_deliver: -1, max_ack_pending: MAX_AT_WORK },
  };
  return millis((await ensureConsumer(manager, stream, config)).ack_wait ?? nanos(ackWaitMs));
}

async function ensureStream(
  manager: JetStreamManager,
  config: Partial<StreamConfig> & { name: string; subjects: string[] },
): Promise<void> {
  await findOrMake(
    JetStreamApiCodes.StreamNotFound,
    () => manager.streams.info(config.name),
    () => manager.streams.add(config),
  );
}

async function ensureConsumer(
  manager: JetStreamManager,
  stream: string,
  config: Partial<ConsumerConfig> & { durable_name: string },
): Promise<ConsumerConfig> {
  const { config: actual } = await findOrMake(
    JetStreamApiCodes.ConsumerNotFound,
    () => manager.consumers.info(stream, config.durable_name),
    () => manager.consumers.add(stream, config),
  );
  return actual;
}

/** Two services may start at once with different settings: the one that comes second takes what the first has made. */
async function findOrMake<T>(missing: number, find: () => Promise<T>, make: () => Promise<T>): Promise<T> {
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== missing) throw error;
  }
  try {
    return await make();
  } catch (error) {
    if (error instanceof JetStreamApiError) return find();
    throw error;
  }
}
