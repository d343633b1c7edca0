// Made from schema/index.graphql by `npm run schema`; do not edit.
import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { IndexParent, PlanParent, ProgressParent, SampleParent } from './graphql/parents.ts';
import type { RequestContext } from '../../lib/mesh/service.ts';
export type Maybe<T> = T | null | undefined;
export type InputMaybe<T> = T | null | undefined;
export type Omit<T, K extends keyof T> = Pick<T, Exclude<keyof T, K>>;
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string };
  String: { input: string; output: string };
  Boolean: { input: boolean; output: boolean };
  Int: { input: number; output: number };
  Float: { input: number; output: number };
  /** Any JSON value. */
  JSON: { input: unknown; output: unknown };
  _FieldSet: { input: string; output: string };
};

export type Query = {
  readonly __typename?: 'Query';
  /** By id or name. */
  readonly index?: Maybe<Index>;
  /** Newest first. */
  readonly indexes?: Maybe<ReadonlyArray<Index>>;
  /** How a build stands. Null when nothing is newer than the cursor `after`; a build that has ended always answers. */
  readonly indexProgress?: Maybe<IndexProgress>;
  /** By id, as traces name samples. */
  readonly sample?: Maybe<TrainingSample>;
  /**
   * What buildIndex would do with this input now, and what that takes; refused as it would be. Writes nothing. Reads the
   * dataset for about ten seconds at most (behind an index that is there it is read whole), renders some of its rows, and
   * measures for half a second how fast the GPU is.
   */
  readonly planIndex: PlanIndexResult;
  /** The samples that taught the model the most, before anyone has seen a bad output. Of an index with a base model. */
  readonly mostTaught: MostTaughtResult;
};

export type QueryIndexArgs = {
  id: Scalars['ID']['input'];
};

export type QueryIndexProgressArgs = {
  index: Scalars['ID']['input'];
  after?: InputMaybe<Scalars['String']['input']>;
};

export type QuerySampleArgs = {
  id: Scalars['ID']['input'];
};

export type QueryPlanIndexArgs = {
  input: BuildIndexInput;
};

export type QueryMostTaughtArgs = {
  index: Scalars['ID']['input'];
  top?: InputMaybe<Scalars['Int']['input']>;
  filter?: InputMaybe<SampleFilter>;
};

export type Mutation = {
  readonly __typename?: 'Mutation';
  /**
   * Builds an index, or brings one up to date: of an index of that name with the same model and settings, only rows that were
   * appended to the dataset since are signed. Answers at once, with a plan; `indexProgress` tells how it goes.
   */
  readonly buildIndex: BuildIndexResult;
  /** Stops a build. What was stored stays; resumeIndex goes on from there. */
  readonly cancelIndex: IndexResult;
  readonly resumeIndex: IndexResult;
  readonly deleteIndex: DeleteIndexResult;
  /** Removes samples for good. At least one condition must be given. */
  readonly eraseSamples: EraseResult;
};

export type MutationBuildIndexArgs = {
  input: BuildIndexInput;
};

export type MutationCancelIndexArgs = {
  index: Scalars['ID']['input'];
};

export type MutationResumeIndexArgs = {
  index: Scalars['ID']['input'];
};

export type MutationDeleteIndexArgs = {
  index: Scalars['ID']['input'];
};

export type MutationEraseSamplesArgs = {
  index: Scalars['ID']['input'];
  filter: SampleFilter;
};

export type Subscription = {
  readonly __typename?: 'Subscription';
  /** Begins with how the build stands (when newer than the cursor `after`), ends after COMPLETED, CANCELLED or FAILED. */
  readonly indexProgress: IndexProgress;
};

export type SubscriptionIndexProgressArgs = {
  index: Scalars['ID']['input'];
  after?: InputMaybe<Scalars['String']['input']>;
};

export type BuildIndexInput = {
  /** An alias for the index: 1 to 100 characters. */
  readonly name: Scalars['String']['input'];
  /** Model folder or GGUF file, under the allowed folders of the compute service; or a name in its Hugging Face cache. */
  readonly model: Scalars['String']['input'];
  /** PEFT LoRA adapter to apply to the model: a folder, or a name in the cache. */
  readonly adapter?: InputMaybe<Scalars['String']['input']>;
  /**
   * The model before the fine-tuning, named as `model` is: with it an index knows what the fine-tuning taught, token by token.
   * Default: the model without its adapter; without an adapter there is none.
   */
  readonly base?: InputMaybe<Scalars['String']['input']>;
  /** True: no base model, also where there is an adapter. Half the forward passes, and no verdicts. */
  readonly withoutBase?: InputMaybe<Scalars['Boolean']['input']>;
  /**
   * JSONL, CSV, TSV (packed or not), Parquet or Arrow: a file, or a folder of them, under the allowed folders of the index
   * service; or datasets/org/name in its Hugging Face cache.
   */
  readonly dataset: Scalars['String']['input'];
  /** `auto` (the default), or layers 0 to L with commas. */
  readonly layers?: InputMaybe<Scalars['String']['input']>;
  /** Longer samples lose the tail of their response. Default: the model's context. */
  readonly maxTokens?: InputMaybe<Scalars['Int']['input']>;
  /** Default SKIP: bad rows are reported and passed over. */
  readonly onBadRow?: InputMaybe<OnBadRow>;
  /** Names of columns, where guessing is not wanted. */
  readonly columns?: InputMaybe<ColumnsInput>;
  /** Of chats: which assistant turns are samples. Default LAST. */
  readonly turns?: InputMaybe<Turns>;
  /** Of plain text: characters of a window at most, 64 to 65536. Default 1024. */
  readonly textWindow?: InputMaybe<Scalars['Int']['input']>;
};

export type Turns =
  /** The last of each row. */
  | 'LAST'
  /** Every one, each with all turns before it. */
  | 'ALL';

export type ColumnsInput = {
  readonly prompt?: InputMaybe<Scalars['String']['input']>;
  readonly response?: InputMaybe<Scalars['String']['input']>;
  /** Of chat turns; stands for both prompt and response. */
  readonly messages?: InputMaybe<Scalars['String']['input']>;
  /** Of plain text, which is cut into windows; stands for both prompt and response. */
  readonly text?: InputMaybe<Scalars['String']['input']>;
  readonly label?: InputMaybe<Scalars['String']['input']>;
};

export type OnBadRow = 'SKIP' | 'STOP';

/** All conditions that are given must hold. */
export type SampleFilter = {
  /** Has this label. */
  readonly label?: InputMaybe<Scalars['String']['input']>;
  /** Has one of these labels. */
  readonly labels?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Has none of these labels. */
  readonly withoutLabels?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Each: the metadata value, as text, is one of `values`. */
  readonly metadata?: InputMaybe<ReadonlyArray<MetadataFilter>>;
  /** 0-based numbers of samples in the dataset, as `TrainingSample.row`. */
  readonly rows?: InputMaybe<ReadonlyArray<Scalars['Int']['input']>>;
};

export type MetadataFilter = {
  readonly key: Scalars['String']['input'];
  readonly values: ReadonlyArray<Scalars['String']['input']>;
};

export type BuildIndexResult = Index | IndexFailure;

export type PlanIndexResult = IndexPlan | IndexFailure;

export type IndexResult = Index | IndexFailure;

export type DeleteIndexResult = DeletedIndex | IndexFailure;

export type EraseResult = ErasedSamples | IndexFailure;

export type MostTaughtResult = MostTaught | IndexFailure;

export type DeletedIndex = {
  readonly __typename?: 'DeletedIndex';
  readonly id: Scalars['ID']['output'];
  readonly name: Scalars['String']['output'];
};

export type MostTaught = {
  readonly __typename?: 'MostTaught';
  readonly index: Index;
  /** The most taught first; `TrainingSample.taught` says how much. */
  readonly samples: ReadonlyArray<TrainingSample>;
};

export type ErasedSamples = {
  readonly __typename?: 'ErasedSamples';
  readonly erased: Scalars['Int']['output'];
  readonly index: Index;
};

export type Failure = {
  readonly code: ErrorCode;
  readonly message: Scalars['String']['output'];
  readonly remedy: Scalars['String']['output'];
};

export type IndexFailure = Failure & {
  readonly __typename?: 'IndexFailure';
  readonly code: ErrorCode;
  readonly message: Scalars['String']['output'];
  readonly remedy: Scalars['String']['output'];
};

export type IndexState = 'QUEUED' | 'RUNNING' | 'CANCELLED' | 'FAILED' | 'COMPLETED';

export type Index = {
  readonly __typename?: 'Index';
  readonly id: Scalars['ID']['output'];
  readonly name: Scalars['String']['output'];
  readonly state: IndexState;
  readonly createdAt: Scalars['String']['output'];
  /** Samples that can be found. */
  readonly samples: Scalars['Int']['output'];
  /** What the last buildIndex set out to do. */
  readonly plan?: Maybe<BuildPlan>;
  readonly progress: IndexProgress;
  readonly model?: Maybe<Model>;
  readonly dataset: Dataset;
  /** Everything that made the index; null until the model has been opened. */
  readonly manifest?: Maybe<Scalars['JSON']['output']>;
  /** Why the build failed. */
  readonly error?: Maybe<IndexFailure>;
  /** Rows that have no signature, and why; in the order of their rows. */
  readonly failures: ReadonlyArray<RowFailure>;
};

export type IndexFailuresArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
};

export type BuildPlan = {
  readonly __typename?: 'BuildPlan';
  /** Samples of the dataset: its rows, unless a row gives several. */
  readonly total: Scalars['Int']['output'];
  /** Rows that the index has already. */
  readonly kept: Scalars['Int']['output'];
  /** Rows that will be signed. */
  readonly toSign: Scalars['Int']['output'];
  /** In words. */
  readonly summary: Scalars['String']['output'];
};

export type PlanAction =
  /** There is no index of the name: it is made. */
  | 'CREATE'
  /** A build that ended early, or rows that failed for a passing reason, are gone on with. */
  | 'RESUME'
  /** Rows were added to the dataset: they are signed, with whatever else is missing. */
  | 'ADD_ROWS'
  /** Everything is signed already. */
  | 'NOTHING';

export type IndexPlan = {
  readonly __typename?: 'IndexPlan';
  readonly action: PlanAction;
  /** In words. */
  readonly summary: Scalars['String']['output'];
  /** Samples of the dataset, those that cannot be read too. */
  readonly rows: Scalars['Int']['output'];
  /** False where the dataset was not read to its end: rows, sourceRows, unreadable and toSign are then extrapolated. */
  readonly rowsExact: Scalars['Boolean']['output'];
  /** Rows of the file that they are from. */
  readonly sourceRows: Scalars['Int']['output'];
  /** Rows that cannot be read. */
  readonly unreadable: Scalars['Int']['output'];
  /** Rows that the index has already. */
  readonly kept: Scalars['Int']['output'];
  /** Rows that would be given to the model. */
  readonly toSign: Scalars['Int']['output'];
  /** Share of the rows looked at that the model cannot take: their prompt is too long, say. */
  readonly refusedShare: Scalars['Float']['output'];
  /** The first rows that were found to have no signature, and why. */
  readonly failures: ReadonlyArray<RowFailure>;
  readonly tokens: PlannedTokens;
  readonly layers: PlannedLayers;
  readonly memory: PlannedMemory;
  /** Floating point operations of the build. */
  readonly flops: Scalars['Float']['output'];
  readonly seconds: PlannedSeconds;
  /** What the new signatures take in the store, about. */
  readonly storeBytes: Scalars['Float']['output'];
  /** The GPU, in words. */
  readonly gpu: Scalars['String']['output'];
};

export type PlannedTokens = {
  readonly __typename?: 'PlannedTokens';
  /** Of all rows that would be signed, about. */
  readonly total: Scalars['Float']['output'];
  /** Rows that were rendered, spread evenly over those read; the other numbers are theirs. */
  readonly sampled: Scalars['Int']['output'];
  readonly mean: Scalars['Float']['output'];
  readonly p95: Scalars['Int']['output'];
  readonly max: Scalars['Int']['output'];
  /** Share of rows whose response loses its tail. */
  readonly truncatedShare: Scalars['Float']['output'];
};

export type PlannedLayers = {
  readonly __typename?: 'PlannedLayers';
  /** For `auto` the lowest and the highest that may be chosen; seconds and flops are for the lowest. */
  readonly layers: ReadonlyArray<Scalars['Int']['output']>;
  readonly decided: Scalars['Boolean']['output'];
};

/** Bytes on the GPU. */
export type PlannedMemory = {
  readonly __typename?: 'PlannedMemory';
  /** Of all weights. */
  readonly weights: Scalars['Float']['output'];
  /** Of the weights that are there at once. */
  readonly weightsAtOnce: Scalars['Float']['output'];
  readonly activations: Scalars['Float']['output'];
  /** What may be used of the device; null where nothing says how much that is. */
  readonly available?: Maybe<Scalars['Float']['output']>;
  readonly mode: MemoryMode;
};

export type MemoryMode =
  /** All weights stay on the GPU. */
  | 'RESIDENT'
  /** Blocks are loaded in turn. */
  | 'STREAMED';

/** From the first signature asked for to the last one stored; loading the model included. */
export type PlannedSeconds = {
  readonly __typename?: 'PlannedSeconds';
  readonly low: Scalars['Float']['output'];
  readonly high: Scalars['Float']['output'];
  /** Operations a second that they rest on. */
  readonly flopsPerSecond: Scalars['Float']['output'];
  readonly speedOf: SpeedOf;
};

export type SpeedOf =
  /** The model's own last batches on this GPU. */
  | 'BATCHES'
  /** A short run of one block of its shape. */
  | 'TRIAL';

export type Dataset = {
  readonly __typename?: 'Dataset';
  readonly path: Scalars['String']['output'];
  /** SHA-256 of the file as it was indexed; null until it has been read. */
  readonly digest?: Maybe<Scalars['String']['output']>;
  /** Samples, those that cannot be read too. */
  readonly rows?: Maybe<Scalars['Int']['output']>;
  /** Rows of the file that they are from. */
  readonly sourceRows?: Maybe<Scalars['Int']['output']>;
  readonly columns?: Maybe<Scalars['JSON']['output']>;
};

export type RowFailure = {
  readonly __typename?: 'RowFailure';
  /** As `TrainingSample.row`. */
  readonly row: Scalars['Int']['output'];
  /** 1-based line of the file, for rows that could not be read. */
  readonly line?: Maybe<Scalars['Int']['output']>;
  readonly code: ErrorCode;
  readonly reason: Scalars['String']['output'];
};

export type IndexProgress = {
  readonly __typename?: 'IndexProgress';
  /** Opaque; grows with every change. */
  readonly cursor: Scalars['String']['output'];
  readonly state: IndexState;
  /** Rows stored. Never falls within a build. */
  readonly done: Scalars['Int']['output'];
  readonly total: Scalars['Int']['output'];
  /** Rows without a signature; done + failed = total at the end. */
  readonly failed: Scalars['Int']['output'];
  readonly samplesPerSecond?: Maybe<Scalars['Float']['output']>;
  readonly etaSeconds?: Maybe<Scalars['Float']['output']>;
  /** What a running build waits for, such as a store that cannot be reached. It fails if that lasts. */
  readonly waiting?: Maybe<IndexFailure>;
  readonly index?: Maybe<Index>;
};

/** A turn of a conversation, with its role as chat files write it. */
export type ChatTurn = {
  readonly __typename?: 'ChatTurn';
  readonly role: ChatRole;
  readonly content: Scalars['String']['output'];
};

export type ChatRole = 'system' | 'user' | 'assistant';

export type TrainingSample = {
  readonly __typename?: 'TrainingSample';
  readonly id: Scalars['ID']['output'];
  /** Its number among the dataset's samples, from 0: the row's number, unless a row gives several. */
  readonly row?: Maybe<Scalars['Int']['output']>;
  /** 1-based line of the file where its row starts. */
  readonly line?: Maybe<Scalars['Float']['output']>;
  /** 0-based row of the file. */
  readonly sourceRow?: Maybe<Scalars['Int']['output']>;
  /** Which of its row's samples it is, from 0; null where every row is one sample. */
  readonly part?: Maybe<Scalars['Int']['output']>;
  /** The turns before the prompt's. */
  readonly context?: Maybe<ReadonlyArray<ChatTurn>>;
  readonly prompt?: Maybe<Scalars['String']['output']>;
  readonly response?: Maybe<Scalars['String']['output']>;
  /** A window of plain text, of which prompt and response are the halves. */
  readonly raw?: Maybe<Scalars['Boolean']['output']>;
  readonly label?: Maybe<Scalars['String']['output']>;
  readonly metadata?: Maybe<Scalars['JSON']['output']>;
  /** Tokens of the response were cut off to fit maxTokens. */
  readonly truncated?: Maybe<Scalars['Boolean']['output']>;
  /** Mean cross-entropy of the response under the model, in nats a token. */
  readonly loss?: Maybe<Scalars['Float']['output']>;
  /**
   * How much it taught: over its few most taught response tokens, the sum of log p_tuned - log p_base, in nats. Null in an index
   * without a base model.
   */
  readonly taught?: Maybe<Scalars['Float']['output']>;
  readonly index?: Maybe<Index>;
};

export type Model = {
  readonly __typename?: 'Model';
  readonly id: Scalars['ID']['output'];
};

/** One vocabulary, also on the bus and in the command's exit text. */
export type ErrorCode =
  | 'ADAPTER_NOT_FOUND'
  | 'BUS_UNREACHABLE'
  | 'CANCELLED'
  | 'CHECKPOINT_INVALID'
  | 'CONFIG_INVALID'
  | 'CONFIG_UNSUPPORTED'
  | 'CONFLICT'
  | 'DATASET_CHANGED'
  | 'DATASET_INVALID'
  | 'DATASET_NOT_FOUND'
  | 'DEVICE_LOST'
  | 'DISK_FULL'
  | 'DOWNLOAD_INVALID'
  | 'EVALUATION_EMPTY'
  | 'GPU_REFUSED'
  | 'INDEX_AMBIGUOUS'
  | 'INDEX_BUSY'
  | 'INDEX_NOT_FOUND'
  | 'INDEX_NOT_READY'
  | 'INPUT_INVALID'
  | 'INTERNAL'
  | 'LAYER_NOT_FOUND'
  | 'LORA_INVALID'
  | 'LORA_NOT_FOUND'
  | 'LORA_UNSUPPORTED'
  | 'MODEL_CHANGED'
  | 'MODEL_NOT_FOUND'
  | 'NOT_FINITE'
  | 'NOT_YET'
  | 'OUT_OF_MEMORY'
  | 'PATH_NOT_ALLOWED'
  | 'PROMPT_TOO_LONG'
  | 'QUERY_INVALID'
  | 'QUERY_TOO_COSTLY'
  | 'QUERY_TOO_DEEP'
  | 'RECIPE_INVALID'
  | 'REQUEST_TOO_LARGE'
  | 'SAMPLE_NOT_FOUND'
  | 'SERVICE_UNAVAILABLE'
  | 'SHAPE_MISMATCH'
  | 'STORE_UNREACHABLE'
  | 'TEMPLATE_INVALID'
  | 'TIMEOUT'
  | 'TOKENIZER_INVALID'
  | 'TOKENIZER_MISMATCH'
  | 'TOKEN_REQUIRED'
  | 'TRACE_NOT_FOUND'
  | 'UNAUTHENTICATED'
  | 'WEIGHTS_INVALID'
  | 'WEIGHTS_NOT_FINITE';

export type ResolverTypeWrapper<T> = Promise<T> | T;

export type ReferenceResolver<TResult, TReference, TContext> = (
  reference: TReference,
  context: TContext,
  info: GraphQLResolveInfo,
) => Promise<TResult> | TResult;

type ScalarCheck<T, S> = S extends true ? T : NullableCheck<T, S>;
type NullableCheck<T, S> = Maybe<T> extends T ? Maybe<ListCheck<NonNullable<T>, S>> : ListCheck<T, S>;
type ListCheck<T, S> = T extends (infer U)[] ? NullableCheck<U, S>[] : GraphQLRecursivePick<T, S>;
export type GraphQLRecursivePick<T, S> = { [K in keyof T & keyof S]: ScalarCheck<T[K], S[K]> };

export type ResolverWithResolve<TResult, TParent, TContext, TArgs> = {
  resolve: ResolverFn<TResult, TParent, TContext, TArgs>;
};
export type Resolver<
  TResult,
  TParent = Record<PropertyKey, never>,
  TContext = Record<PropertyKey, never>,
  TArgs = Record<PropertyKey, never>,
> = ResolverFn<TResult, TParent, TContext, TArgs> | ResolverWithResolve<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo,
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo,
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo,
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<any, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, any, TContext, TArgs>;
}

export type SubscriptionObject<TResult, TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionSubscriberObject<TResult, TKey, TParent, TContext, TArgs>
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<
  TResult,
  TKey extends string,
  TParent = Record<PropertyKey, never>,
  TContext = Record<PropertyKey, never>,
  TArgs = Record<PropertyKey, never>,
> =
  | ((...args: any[]) => SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>)
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<
  TTypes,
  TParent = Record<PropertyKey, never>,
  TContext = Record<PropertyKey, never>,
> = (parent: TParent, context: TContext, info: GraphQLResolveInfo) => Maybe<TTypes> | Promise<Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  obj: T,
  context: TContext,
  info: GraphQLResolveInfo,
) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<
  TResult = Record<PropertyKey, never>,
  TParent = Record<PropertyKey, never>,
  TContext = Record<PropertyKey, never>,
  TArgs = Record<PropertyKey, never>,
> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo,
) => TResult | Promise<TResult>;

/** Mapping of federation types */
export type FederationTypes = {
  Index: Index;
  TrainingSample: TrainingSample;
};

/** Mapping of federation reference types */
export type FederationReferenceTypes = {
  Index: { __typename: 'Index' } & GraphQLRecursivePick<FederationTypes['Index'], { id: true }>;
  TrainingSample: { __typename: 'TrainingSample' } & GraphQLRecursivePick<
    FederationTypes['TrainingSample'],
    { id: true }
  >;
};

/** Mapping of union types */
export type ResolversUnionTypes<_RefType extends Record<string, unknown>> = {
  BuildIndexResult: IndexParent | IndexFailure;
  PlanIndexResult: PlanParent | IndexFailure;
  IndexResult: IndexParent | IndexFailure;
  DeleteIndexResult: DeletedIndex | IndexFailure;
  EraseResult: (Omit<ErasedSamples, 'index'> & { index: _RefType['Index'] }) | IndexFailure;
  MostTaughtResult:
    | (Omit<MostTaught, 'index' | 'samples'> & {
        index: _RefType['Index'];
        samples: ReadonlyArray<_RefType['TrainingSample']>;
      })
    | IndexFailure;
};

/** Mapping of interface types */
export type ResolversInterfaceTypes<_RefType extends Record<string, unknown>> = {
  Failure: IndexFailure;
};

/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  JSON: ResolverTypeWrapper<Scalars['JSON']['output']>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  Mutation: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Subscription: ResolverTypeWrapper<Record<PropertyKey, never>>;
  BuildIndexInput: BuildIndexInput;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  Turns: Turns;
  ColumnsInput: ColumnsInput;
  OnBadRow: OnBadRow;
  SampleFilter: SampleFilter;
  MetadataFilter: MetadataFilter;
  BuildIndexResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['BuildIndexResult']>;
  PlanIndexResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['PlanIndexResult']>;
  IndexResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['IndexResult']>;
  DeleteIndexResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['DeleteIndexResult']>;
  EraseResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['EraseResult']>;
  MostTaughtResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['MostTaughtResult']>;
  DeletedIndex: ResolverTypeWrapper<DeletedIndex>;
  MostTaught: ResolverTypeWrapper<
    Omit<MostTaught, 'index' | 'samples'> & {
      index: ResolversTypes['Index'];
      samples: ReadonlyArray<ResolversTypes['TrainingSample']>;
    }
  >;
  ErasedSamples: ResolverTypeWrapper<Omit<ErasedSamples, 'index'> & { index: ResolversTypes['Index'] }>;
  Failure: ResolverTypeWrapper<ResolversInterfaceTypes<ResolversTypes>['Failure']>;
  IndexFailure: ResolverTypeWrapper<IndexFailure>;
  IndexState: IndexState;
  Index: ResolverTypeWrapper<IndexParent>;
  BuildPlan: ResolverTypeWrapper<BuildPlan>;
  PlanAction: PlanAction;
  IndexPlan: ResolverTypeWrapper<PlanParent>;
  Float: ResolverTypeWrapper<Scalars['Float']['output']>;
  PlannedTokens: ResolverTypeWrapper<PlannedTokens>;
  PlannedLayers: ResolverTypeWrapper<PlannedLayers>;
  PlannedMemory: ResolverTypeWrapper<PlannedMemory>;
  MemoryMode: MemoryMode;
  PlannedSeconds: ResolverTypeWrapper<PlannedSeconds>;
  SpeedOf: SpeedOf;
  Dataset: ResolverTypeWrapper<Dataset>;
  RowFailure: ResolverTypeWrapper<RowFailure>;
  IndexProgress: ResolverTypeWrapper<ProgressParent>;
  ChatTurn: ResolverTypeWrapper<ChatTurn>;
  ChatRole: ChatRole;
  TrainingSample: ResolverTypeWrapper<SampleParent>;
  Model: ResolverTypeWrapper<Model>;
  ErrorCode: ErrorCode;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  JSON: Scalars['JSON']['output'];
  Query: Record<PropertyKey, never>;
  ID: Scalars['ID']['output'];
  String: Scalars['String']['output'];
  Int: Scalars['Int']['output'];
  Mutation: Record<PropertyKey, never>;
  Subscription: Record<PropertyKey, never>;
  BuildIndexInput: BuildIndexInput;
  Boolean: Scalars['Boolean']['output'];
  ColumnsInput: ColumnsInput;
  SampleFilter: SampleFilter;
  MetadataFilter: MetadataFilter;
  BuildIndexResult: ResolversUnionTypes<ResolversParentTypes>['BuildIndexResult'];
  PlanIndexResult: ResolversUnionTypes<ResolversParentTypes>['PlanIndexResult'];
  IndexResult: ResolversUnionTypes<ResolversParentTypes>['IndexResult'];
  DeleteIndexResult: ResolversUnionTypes<ResolversParentTypes>['DeleteIndexResult'];
  EraseResult: ResolversUnionTypes<ResolversParentTypes>['EraseResult'];
  MostTaughtResult: ResolversUnionTypes<ResolversParentTypes>['MostTaughtResult'];
  DeletedIndex: DeletedIndex;
  MostTaught: Omit<MostTaught, 'index' | 'samples'> & {
    index: ResolversParentTypes['Index'];
    samples: ReadonlyArray<ResolversParentTypes['TrainingSample']>;
  };
  ErasedSamples: Omit<ErasedSamples, 'index'> & { index: ResolversParentTypes['Index'] };
  Failure: ResolversInterfaceTypes<ResolversParentTypes>['Failure'];
  IndexFailure: IndexFailure;
  Index: IndexParent;
  BuildPlan: BuildPlan;
  IndexPlan: PlanParent;
  Float: Scalars['Float']['output'];
  PlannedTokens: PlannedTokens;
  PlannedLayers: PlannedLayers;
  PlannedMemory: PlannedMemory;
  PlannedSeconds: PlannedSeconds;
  Dataset: Dataset;
  RowFailure: RowFailure;
  IndexProgress: ProgressParent;
  ChatTurn: ChatTurn;
  TrainingSample: SampleParent;
  Model: Model;
};

export interface JsonScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['JSON'], any> {
  name: 'JSON';
}

export type QueryResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query'],
> = {
  index?: Resolver<
    Maybe<ResolversTypes['Index']>,
    ParentType,
    ContextType,
    RequireFields<QueryIndexArgs, 'id'>
  >;
  indexes?: Resolver<Maybe<ReadonlyArray<ResolversTypes['Index']>>, ParentType, ContextType>;
  indexProgress?: Resolver<
    Maybe<ResolversTypes['IndexProgress']>,
    ParentType,
    ContextType,
    RequireFields<QueryIndexProgressArgs, 'index'>
  >;
  sample?: Resolver<
    Maybe<ResolversTypes['TrainingSample']>,
    ParentType,
    ContextType,
    RequireFields<QuerySampleArgs, 'id'>
  >;
  planIndex?: Resolver<
    ResolversTypes['PlanIndexResult'],
    ParentType,
    ContextType,
    RequireFields<QueryPlanIndexArgs, 'input'>
  >;
  mostTaught?: Resolver<
    ResolversTypes['MostTaughtResult'],
    ParentType,
    ContextType,
    RequireFields<QueryMostTaughtArgs, 'index' | 'top'>
  >;
};

export type MutationResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Mutation'] = ResolversParentTypes['Mutation'],
> = {
  buildIndex?: Resolver<
    ResolversTypes['BuildIndexResult'],
    ParentType,
    ContextType,
    RequireFields<MutationBuildIndexArgs, 'input'>
  >;
  cancelIndex?: Resolver<
    ResolversTypes['IndexResult'],
    ParentType,
    ContextType,
    RequireFields<MutationCancelIndexArgs, 'index'>
  >;
  resumeIndex?: Resolver<
    ResolversTypes['IndexResult'],
    ParentType,
    ContextType,
    RequireFields<MutationResumeIndexArgs, 'index'>
  >;
  deleteIndex?: Resolver<
    ResolversTypes['DeleteIndexResult'],
    ParentType,
    ContextType,
    RequireFields<MutationDeleteIndexArgs, 'index'>
  >;
  eraseSamples?: Resolver<
    ResolversTypes['EraseResult'],
    ParentType,
    ContextType,
    RequireFields<MutationEraseSamplesArgs, 'index' | 'filter'>
  >;
};

export type SubscriptionResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Subscription'] = ResolversParentTypes['Subscription'],
> = {
  indexProgress?: SubscriptionResolver<
    ResolversTypes['IndexProgress'],
    'indexProgress',
    ParentType,
    ContextType,
    RequireFields<SubscriptionIndexProgressArgs, 'index'>
  >;
};

export type BuildIndexResultResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['BuildIndexResult'] = ResolversParentTypes['BuildIndexResult'],
> = {
  __resolveType: TypeResolveFn<'Index' | 'IndexFailure', ParentType, ContextType>;
};

export type PlanIndexResultResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['PlanIndexResult'] = ResolversParentTypes['PlanIndexResult'],
> = {
  __resolveType: TypeResolveFn<'IndexPlan' | 'IndexFailure', ParentType, ContextType>;
};

export type IndexResultResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['IndexResult'] = ResolversParentTypes['IndexResult'],
> = {
  __resolveType: TypeResolveFn<'Index' | 'IndexFailure', ParentType, ContextType>;
};

export type DeleteIndexResultResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['DeleteIndexResult'] = ResolversParentTypes['DeleteIndexResult'],
> = {
  __resolveType: TypeResolveFn<'DeletedIndex' | 'IndexFailure', ParentType, ContextType>;
};

export type EraseResultResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['EraseResult'] = ResolversParentTypes['EraseResult'],
> = {
  __resolveType: TypeResolveFn<'ErasedSamples' | 'IndexFailure', ParentType, ContextType>;
};

export type MostTaughtResultResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['MostTaughtResult'] = ResolversParentTypes['MostTaughtResult'],
> = {
  __resolveType: TypeResolveFn<'MostTaught' | 'IndexFailure', ParentType, ContextType>;
};

export type DeletedIndexResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['DeletedIndex'] = ResolversParentTypes['DeletedIndex'],
> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type MostTaughtResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['MostTaught'] = ResolversParentTypes['MostTaught'],
> = {
  index?: Resolver<ResolversTypes['Index'], ParentType, ContextType>;
  samples?: Resolver<ReadonlyArray<ResolversTypes['TrainingSample']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ErasedSamplesResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['ErasedSamples'] = ResolversParentTypes['ErasedSamples'],
> = {
  erased?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  index?: Resolver<ResolversTypes['Index'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type FailureResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Failure'] = ResolversParentTypes['Failure'],
> = {
  __resolveType: TypeResolveFn<'IndexFailure', ParentType, ContextType>;
};

export type IndexFailureResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['IndexFailure'] = ResolversParentTypes['IndexFailure'],
> = {
  code?: Resolver<ResolversTypes['ErrorCode'], ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  remedy?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type IndexResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Index'] = ResolversParentTypes['Index'],
  FederationReferenceType extends FederationReferenceTypes['Index'] = FederationReferenceTypes['Index'],
> = {
  __resolveReference?: ReferenceResolver<
    Maybe<ResolversTypes['Index']> | FederationReferenceType,
    FederationReferenceType,
    ContextType
  >;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  state?: Resolver<ResolversTypes['IndexState'], ParentType, ContextType>;
  createdAt?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  samples?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  plan?: Resolver<Maybe<ResolversTypes['BuildPlan']>, ParentType, ContextType>;
  progress?: Resolver<ResolversTypes['IndexProgress'], ParentType, ContextType>;
  model?: Resolver<Maybe<ResolversTypes['Model']>, ParentType, ContextType>;
  dataset?: Resolver<ResolversTypes['Dataset'], ParentType, ContextType>;
  manifest?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  error?: Resolver<Maybe<ResolversTypes['IndexFailure']>, ParentType, ContextType>;
  failures?: Resolver<
    ReadonlyArray<ResolversTypes['RowFailure']>,
    ParentType,
    ContextType,
    RequireFields<IndexFailuresArgs, 'first'>
  >;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type BuildPlanResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['BuildPlan'] = ResolversParentTypes['BuildPlan'],
> = {
  total?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  kept?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  toSign?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  summary?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type IndexPlanResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['IndexPlan'] = ResolversParentTypes['IndexPlan'],
> = {
  action?: Resolver<ResolversTypes['PlanAction'], ParentType, ContextType>;
  summary?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  rows?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  rowsExact?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  sourceRows?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  unreadable?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  kept?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  toSign?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  refusedShare?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  failures?: Resolver<ReadonlyArray<ResolversTypes['RowFailure']>, ParentType, ContextType>;
  tokens?: Resolver<ResolversTypes['PlannedTokens'], ParentType, ContextType>;
  layers?: Resolver<ResolversTypes['PlannedLayers'], ParentType, ContextType>;
  memory?: Resolver<ResolversTypes['PlannedMemory'], ParentType, ContextType>;
  flops?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  seconds?: Resolver<ResolversTypes['PlannedSeconds'], ParentType, ContextType>;
  storeBytes?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  gpu?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type PlannedTokensResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['PlannedTokens'] = ResolversParentTypes['PlannedTokens'],
> = {
  total?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  sampled?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  mean?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  p95?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  max?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  truncatedShare?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
};

export type PlannedLayersResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['PlannedLayers'] = ResolversParentTypes['PlannedLayers'],
> = {
  layers?: Resolver<ReadonlyArray<ResolversTypes['Int']>, ParentType, ContextType>;
  decided?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type PlannedMemoryResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['PlannedMemory'] = ResolversParentTypes['PlannedMemory'],
> = {
  weights?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  weightsAtOnce?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  activations?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  available?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  mode?: Resolver<ResolversTypes['MemoryMode'], ParentType, ContextType>;
};

export type PlannedSecondsResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['PlannedSeconds'] = ResolversParentTypes['PlannedSeconds'],
> = {
  low?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  high?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  flopsPerSecond?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  speedOf?: Resolver<ResolversTypes['SpeedOf'], ParentType, ContextType>;
};

export type DatasetResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Dataset'] = ResolversParentTypes['Dataset'],
> = {
  path?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  digest?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  rows?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  sourceRows?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  columns?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
};

export type RowFailureResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['RowFailure'] = ResolversParentTypes['RowFailure'],
> = {
  row?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  line?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  code?: Resolver<ResolversTypes['ErrorCode'], ParentType, ContextType>;
  reason?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type IndexProgressResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['IndexProgress'] = ResolversParentTypes['IndexProgress'],
> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  state?: Resolver<ResolversTypes['IndexState'], ParentType, ContextType>;
  done?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  total?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  failed?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  samplesPerSecond?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  etaSeconds?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  waiting?: Resolver<Maybe<ResolversTypes['IndexFailure']>, ParentType, ContextType>;
  index?: Resolver<Maybe<ResolversTypes['Index']>, ParentType, ContextType>;
};

export type ChatTurnResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['ChatTurn'] = ResolversParentTypes['ChatTurn'],
> = {
  role?: Resolver<ResolversTypes['ChatRole'], ParentType, ContextType>;
  content?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type TrainingSampleResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['TrainingSample'] = ResolversParentTypes['TrainingSample'],
  FederationReferenceType extends FederationReferenceTypes['TrainingSample'] =
    FederationReferenceTypes['TrainingSample'],
> = {
  __resolveReference?: ReferenceResolver<
    Maybe<ResolversTypes['TrainingSample']> | FederationReferenceType,
    FederationReferenceType,
    ContextType
  >;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  row?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  line?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  sourceRow?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  part?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  context?: Resolver<Maybe<ReadonlyArray<ResolversTypes['ChatTurn']>>, ParentType, ContextType>;
  prompt?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  response?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  raw?: Resolver<Maybe<ResolversTypes['Boolean']>, ParentType, ContextType>;
  label?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  metadata?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  truncated?: Resolver<Maybe<ResolversTypes['Boolean']>, ParentType, ContextType>;
  loss?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  taught?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  index?: Resolver<Maybe<ResolversTypes['Index']>, ParentType, ContextType>;
};

export type ModelResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Model'] = ResolversParentTypes['Model'],
> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
};

export type Resolvers<ContextType = RequestContext> = {
  JSON?: GraphQLScalarType;
  Query?: QueryResolvers<ContextType>;
  Mutation?: MutationResolvers<ContextType>;
  Subscription?: SubscriptionResolvers<ContextType>;
  BuildIndexResult?: BuildIndexResultResolvers<ContextType>;
  PlanIndexResult?: PlanIndexResultResolvers<ContextType>;
  IndexResult?: IndexResultResolvers<ContextType>;
  DeleteIndexResult?: DeleteIndexResultResolvers<ContextType>;
  EraseResult?: EraseResultResolvers<ContextType>;
  MostTaughtResult?: MostTaughtResultResolvers<ContextType>;
  DeletedIndex?: DeletedIndexResolvers<ContextType>;
  MostTaught?: MostTaughtResolvers<ContextType>;
  ErasedSamples?: ErasedSamplesResolvers<ContextType>;
  Failure?: FailureResolvers<ContextType>;
  IndexFailure?: IndexFailureResolvers<ContextType>;
  Index?: IndexResolvers<ContextType>;
  BuildPlan?: BuildPlanResolvers<ContextType>;
  IndexPlan?: IndexPlanResolvers<ContextType>;
  PlannedTokens?: PlannedTokensResolvers<ContextType>;
  PlannedLayers?: PlannedLayersResolvers<ContextType>;
  PlannedMemory?: PlannedMemoryResolvers<ContextType>;
  PlannedSeconds?: PlannedSecondsResolvers<ContextType>;
  Dataset?: DatasetResolvers<ContextType>;
  RowFailure?: RowFailureResolvers<ContextType>;
  IndexProgress?: IndexProgressResolvers<ContextType>;
  ChatTurn?: ChatTurnResolvers<ContextType>;
  TrainingSample?: TrainingSampleResolvers<ContextType>;
  Model?: ModelResolvers<ContextType>;
};

export const SCHEMA =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])\n\n"Any JSON value."\nscalar JSON\n\ntype Query {\n  "By id or name."\n  index(id: ID!): Index\n  "Newest first."\n  indexes: [Index!]\n  "How a build stands. Null when nothing is newer than the cursor `after`; a build that has ended always answers."\n  indexProgress(index: ID!, after: String): IndexProgress\n  "By id, as traces name samples."\n  sample(id: ID!): TrainingSample\n  """\n  What buildIndex would do with this input now, and what that takes; refused as it would be. Writes nothing. Reads the\n  dataset for about ten seconds at most (behind an index that is there it is read whole), renders some of its rows, and\n  measures for half a second how fast the GPU is.\n  """\n  planIndex(input: BuildIndexInput!): PlanIndexResult!\n  "The samples that taught the model the most, before anyone has seen a bad output. Of an index with a base model."\n  mostTaught(index: ID!, "1 to 1000." top: Int = 20, filter: SampleFilter): MostTaughtResult!\n}\n\ntype Mutation {\n  """\n  Builds an index, or brings one up to date: of an index of that name with the same model and settings, only rows that were\n  appended to the dataset since are signed. Answers at once, with a plan; `indexProgress` tells how it goes.\n  """\n  buildIndex(input: BuildIndexInput!): BuildIndexResult!\n  "Stops a build. What was stored stays; resumeIndex goes on from there."\n  cancelIndex(index: ID!): IndexResult!\n  resumeIndex(index: ID!): IndexResult!\n  deleteIndex(index: ID!): DeleteIndexResult!\n  "Removes samples for good. At least one condition must be given."\n  eraseSamples(index: ID!, filter: SampleFilter!): EraseResult!\n}\n\ntype Subscription {\n  "Begins with how the build stands (when newer than the cursor `after`), ends after COMPLETED, CANCELLED or FAILED."\n  indexProgress(index: ID!, after: String): IndexProgress!\n}\n\ninput BuildIndexInput {\n  "An alias for the index: 1 to 100 characters."\n  name: String!\n  "Model folder or GGUF file, under the allowed folders of the compute service; or a name in its Hugging Face cache."\n  model: String!\n  "PEFT LoRA adapter to apply to the model: a folder, or a name in the cache."\n  adapter: String\n  """\n  The model before the fine-tuning, named as `model` is: with it an index knows what the fine-tuning taught, token by token.\n  Default: the model without its adapter; without an adapter there is none.\n  """\n  base: String\n  "True: no base model, also where there is an adapter. Half the forward passes, and no verdicts."\n  withoutBase: Boolean\n  """\n  JSONL, CSV, TSV (packed or not), Parquet or Arrow: a file, or a folder of them, under the allowed folders of the index\n  service; or datasets/org/name in its Hugging Face cache.\n  """\n  dataset: String!\n  "`auto` (the default), or layers 0 to L with commas."\n  layers: String\n  "Longer samples lose the tail of their response. Default: the model\'s context."\n  maxTokens: Int\n  "Default SKIP: bad rows are reported and passed over."\n  onBadRow: OnBadRow\n  "Names of columns, where guessing is not wanted."\n  columns: ColumnsInput\n  "Of chats: which assistant turns are samples. Default LAST."\n  turns: Turns\n  "Of plain text: characters of a window at most, 64 to 65536. Default 1024."\n  textWindow: Int\n}\n\nenum Turns {\n  "The last of each row."\n  LAST\n  "Every one, each with all turns before it."\n  ALL\n}\n\ninput ColumnsInput {\n  prompt: String\n  response: String\n  "Of chat turns; stands for both prompt and response."\n  messages: String\n  "Of plain text, which is cut into windows; stands for both prompt and response."\n  text: String\n  label: String\n}\n\nenum OnBadRow {\n  SKIP\n  STOP\n}\n\n"All conditions that are given must hold."\ninput SampleFilter {\n  "Has this label."\n  label: String\n  "Has one of these labels."\n  labels: [String!]\n  "Has none of these labels."\n  withoutLabels: [String!]\n  "Each: the metadata value, as text, is one of `values`."\n  metadata: [MetadataFilter!]\n  "0-based numbers of samples in the dataset, as `TrainingSample.row`."\n  rows: [Int!]\n}\n\ninput MetadataFilter {\n  key: String!\n  values: [String!]!\n}\n\nunion BuildIndexResult = Index | IndexFailure\nunion PlanIndexResult = IndexPlan | IndexFailure\nunion IndexResult = Index | IndexFailure\nunion DeleteIndexResult = DeletedIndex | IndexFailure\nunion EraseResult = ErasedSamples | IndexFailure\nunion MostTaughtResult = MostTaught | IndexFailure\n\ntype DeletedIndex {\n  id: ID!\n  name: String!\n}\n\ntype MostTaught {\n  index: Index!\n  "The most taught first; `TrainingSample.taught` says how much."\n  samples: [TrainingSample!]!\n}\n\ntype ErasedSamples {\n  erased: Int!\n  index: Index!\n}\n\ninterface Failure {\n  code: ErrorCode!\n  message: String!\n  remedy: String!\n}\n\ntype IndexFailure implements Failure {\n  code: ErrorCode!\n  message: String!\n  remedy: String!\n}\n\nenum IndexState {\n  QUEUED\n  RUNNING\n  CANCELLED\n  FAILED\n  COMPLETED\n}\n\ntype Index @key(fields: "id") {\n  id: ID!\n  name: String!\n  state: IndexState!\n  createdAt: String!\n  "Samples that can be found."\n  samples: Int!\n  "What the last buildIndex set out to do."\n  plan: BuildPlan\n  progress: IndexProgress!\n  model: Model\n  dataset: Dataset!\n  "Everything that made the index; null until the model has been opened."\n  manifest: JSON\n  "Why the build failed."\n  error: IndexFailure\n  "Rows that have no signature, and why; in the order of their rows."\n  failures(first: Int = 20): [RowFailure!]!\n}\n\ntype BuildPlan {\n  "Samples of the dataset: its rows, unless a row gives several."\n  total: Int!\n  "Rows that the index has already."\n  kept: Int!\n  "Rows that will be signed."\n  toSign: Int!\n  "In words."\n  summary: String!\n}\n\nenum PlanAction {\n  "There is no index of the name: it is made."\n  CREATE\n  "A build that ended early, or rows that failed for a passing reason, are gone on with."\n  RESUME\n  "Rows were added to the dataset: they are signed, with whatever else is missing."\n  ADD_ROWS\n  "Everything is signed already."\n  NOTHING\n}\n\ntype IndexPlan {\n  action: PlanAction!\n  "In words."\n  summary: String!\n  "Samples of the dataset, those that cannot be read too."\n  rows: Int!\n  "False where the dataset was not read to its end: rows, sourceRows, unreadable and toSign are then extrapolated."\n  rowsExact: Boolean!\n  "Rows of the file that they are from."\n  sourceRows: Int!\n  "Rows that cannot be read."\n  unreadable: Int!\n  "Rows that the index has already."\n  kept: Int!\n  "Rows that would be given to the model."\n  toSign: Int!\n  "Share of the rows looked at that the model cannot take: their prompt is too long, say."\n  refusedShare: Float!\n  "The first rows that were found to have no signature, and why."\n  failures: [RowFailure!]!\n  tokens: PlannedTokens!\n  layers: PlannedLayers!\n  memory: PlannedMemory!\n  "Floating point operations of the build."\n  flops: Float!\n  seconds: PlannedSeconds!\n  "What the new signatures take in the store, about."\n  storeBytes: Float!\n  "The GPU, in words."\n  gpu: String!\n}\n\ntype PlannedTokens {\n  "Of all rows that would be signed, about."\n  total: Float!\n  "Rows that were rendered, spread evenly over those read; the other numbers are theirs."\n  sampled: Int!\n  mean: Float!\n  p95: Int!\n  max: Int!\n  "Share of rows whose response loses its tail."\n  truncatedShare: Float!\n}\n\ntype PlannedLayers {\n  "For `auto` the lowest and the highest that may be chosen; seconds and flops are for the lowest."\n  layers: [Int!]!\n  decided: Boolean!\n}\n\n"Bytes on the GPU."\ntype PlannedMemory {\n  "Of all weights."\n  weights: Float!\n  "Of the weights that are there at once."\n  weightsAtOnce: Float!\n  activations: Float!\n  "What may be used of the device; null where nothing says how much that is."\n  available: Float\n  mode: MemoryMode!\n}\n\nenum MemoryMode {\n  "All weights stay on the GPU."\n  RESIDENT\n  "Blocks are loaded in turn."\n  STREAMED\n}\n\n"From the first signature asked for to the last one stored; loading the model included."\ntype PlannedSeconds {\n  low: Float!\n  high: Float!\n  "Operations a second that they rest on."\n  flopsPerSecond: Float!\n  speedOf: SpeedOf!\n}\n\nenum SpeedOf {\n  "The model\'s own last batches on this GPU."\n  BATCHES\n  "A short run of one block of its shape."\n  TRIAL\n}\n\ntype Dataset {\n  path: String!\n  "SHA-256 of the file as it was indexed; null until it has been read."\n  digest: String\n  "Samples, those that cannot be read too."\n  rows: Int\n  "Rows of the file that they are from."\n  sourceRows: Int\n  columns: JSON\n}\n\ntype RowFailure {\n  "As `TrainingSample.row`."\n  row: Int!\n  "1-based line of the file, for rows that could not be read."\n  line: Int\n  code: ErrorCode!\n  reason: String!\n}\n\ntype IndexProgress {\n  "Opaque; grows with every change."\n  cursor: String!\n  state: IndexState!\n  "Rows stored. Never falls within a build."\n  done: Int!\n  total: Int!\n  "Rows without a signature; done + failed = total at the end."\n  failed: Int!\n  samplesPerSecond: Float\n  etaSeconds: Float\n  "What a running build waits for, such as a store that cannot be reached. It fails if that lasts."\n  waiting: IndexFailure\n  index: Index\n}\n\n"A turn of a conversation, with its role as chat files write it."\ntype ChatTurn @shareable {\n  role: ChatRole!\n  content: String!\n}\n\nenum ChatRole {\n  system\n  user\n  assistant\n}\n\ntype TrainingSample @key(fields: "id") {\n  id: ID!\n  "Its number among the dataset\'s samples, from 0: the row\'s number, unless a row gives several."\n  row: Int @shareable\n  "1-based line of the file where its row starts."\n  line: Float @shareable\n  "0-based row of the file."\n  sourceRow: Int @shareable\n  "Which of its row\'s samples it is, from 0; null where every row is one sample."\n  part: Int @shareable\n  "The turns before the prompt\'s."\n  context: [ChatTurn!] @shareable\n  prompt: String @shareable\n  response: String @shareable\n  "A window of plain text, of which prompt and response are the halves."\n  raw: Boolean @shareable\n  label: String @shareable\n  metadata: JSON @shareable\n  "Tokens of the response were cut off to fit maxTokens."\n  truncated: Boolean\n  "Mean cross-entropy of the response under the model, in nats a token."\n  loss: Float\n  """\n  How much it taught: over its few most taught response tokens, the sum of log p_tuned - log p_base, in nats. Null in an index\n  without a base model.\n  """\n  taught: Float\n  index: Index\n}\n\ntype Model @key(fields: "id", resolvable: false) {\n  id: ID!\n}\n\n"One vocabulary, also on the bus and in the command\'s exit text."\nenum ErrorCode {\n  ADAPTER_NOT_FOUND\n  BUS_UNREACHABLE\n  CANCELLED\n  CHECKPOINT_INVALID\n  CONFIG_INVALID\n  CONFIG_UNSUPPORTED\n  CONFLICT\n  DATASET_CHANGED\n  DATASET_INVALID\n  DATASET_NOT_FOUND\n  DEVICE_LOST\n  DISK_FULL\n  DOWNLOAD_INVALID\n  EVALUATION_EMPTY\n  GPU_REFUSED\n  INDEX_AMBIGUOUS\n  INDEX_BUSY\n  INDEX_NOT_FOUND\n  INDEX_NOT_READY\n  INPUT_INVALID\n  INTERNAL\n  LAYER_NOT_FOUND\n  LORA_INVALID\n  LORA_NOT_FOUND\n  LORA_UNSUPPORTED\n  MODEL_CHANGED\n  MODEL_NOT_FOUND\n  NOT_FINITE\n  NOT_YET\n  OUT_OF_MEMORY\n  PATH_NOT_ALLOWED\n  PROMPT_TOO_LONG\n  QUERY_INVALID\n  QUERY_TOO_COSTLY\n  QUERY_TOO_DEEP\n  RECIPE_INVALID\n  REQUEST_TOO_LARGE\n  SAMPLE_NOT_FOUND\n  SERVICE_UNAVAILABLE\n  SHAPE_MISMATCH\n  STORE_UNREACHABLE\n  TEMPLATE_INVALID\n  TIMEOUT\n  TOKENIZER_INVALID\n  TOKENIZER_MISMATCH\n  TOKEN_REQUIRED\n  TRACE_NOT_FOUND\n  UNAUTHENTICATED\n  WEIGHTS_INVALID\n  WEIGHTS_NOT_FINITE\n}\n';
