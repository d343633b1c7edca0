// Made from schema/reporting.graphql by `npm run schema`; do not edit.
import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { TraceParent } from './graphql/parents.ts';
import type { RequestContext } from '../../lib/mesh/service.ts';
export type Maybe<T> = T | null | undefined;
export type InputMaybe<T> = T | null | undefined;
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
  /**
   * Which samples of an index taught this output? Same question, same index: same trace. A slow one answers TracePending: ask
   * `trace(id)` until it is there.
   */
  readonly traceBehavior: TraceResult;
  /** A trace by its id. */
  readonly trace?: Maybe<TraceResult>;
  /** Stored traces, newest first. */
  readonly traces?: Maybe<ReadonlyArray<Trace>>;
};

export type QueryTraceBehaviorArgs = {
  output: Scalars['String']['input'];
  prompt?: InputMaybe<Scalars['String']['input']>;
  context?: InputMaybe<ReadonlyArray<ChatTurnInput>>;
  index?: InputMaybe<Scalars['ID']['input']>;
  top?: InputMaybe<Scalars['Int']['input']>;
  method?: InputMaybe<TraceMethod>;
  alpha?: InputMaybe<Scalars['Float']['input']>;
  tokens?: InputMaybe<Scalars['Boolean']['input']>;
  filter?: InputMaybe<SampleFilter>;
  exact?: InputMaybe<Scalars['Boolean']['input']>;
  outputs?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  prompts?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
};

export type QueryTraceArgs = {
  id: Scalars['ID']['input'];
};

export type QueryTracesArgs = {
  index?: InputMaybe<Scalars['ID']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};

export type TraceMethod =
  /** By the words that the fine-tuning taught, in the output and in the samples (docs/method.md). */
  | 'TAUGHT'
  /** By the paper's signature: cosines of hidden states and of gradients, weighed by alpha. */
  | 'REPT'
  /** By the released code's formula, hidden state and gradient concatenated as they are: for comparison. */
  | 'RAW';

export type VerdictState =
  /** The fine-tuning taught this. */
  | 'TAUGHT'
  /** It did not: the base model says this, or about as readily. The matches are the nearest samples all the same. */
  | 'NOT_TAUGHT'
  /** Between the two. */
  | 'UNCERTAIN'
  /** The index has no base model to compare with. */
  | 'UNKNOWN';

/** Did the fine-tuning teach it, or was it not the data at all? */
export type Verdict = {
  readonly __typename?: 'Verdict';
  readonly state: VerdictState;
  /** In words. */
  readonly words: Scalars['String']['output'];
  /** What to do about it, where there is something. */
  readonly remedy?: Maybe<Scalars['String']['output']>;
  /** Mean over the response tokens of log p_tuned - log p_base, in nats. Null for UNKNOWN, as all below. */
  readonly meanRatio?: Maybe<Scalars['Float']['output']>;
  /** Of the most taught token. */
  readonly peakRatio?: Maybe<Scalars['Float']['output']>;
  /** Share of outputs of the base model with a mean as high. */
  readonly pValue?: Maybe<Scalars['Float']['output']>;
  /** How many such outputs the index knows; the smallest p-value is one over one more. */
  readonly nullOutputs?: Maybe<Scalars['Int']['output']>;
};

export type ChatTurnInput = {
  readonly role: ChatRole;
  readonly content: Scalars['String']['input'];
};

export type TraceResult = Trace | TracePending | TraceFailure;

export type Failure = {
  readonly code: ErrorCode;
  readonly message: Scalars['String']['output'];
  readonly remedy: Scalars['String']['output'];
};

export type TraceFailure = Failure & {
  readonly __typename?: 'TraceFailure';
  readonly code: ErrorCode;
  readonly message: Scalars['String']['output'];
  readonly remedy: Scalars['String']['output'];
};

/** Still being worked on. */
export type TracePending = {
  readonly __typename?: 'TracePending';
  readonly id: Scalars['ID']['output'];
};

export type Trace = {
  readonly __typename?: 'Trace';
  /** A digest of index, manifest, question and settings. */
  readonly id: Scalars['ID']['output'];
  readonly createdAt: Scalars['String']['output'];
  readonly output: Scalars['String']['output'];
  readonly prompt?: Maybe<Scalars['String']['output']>;
  /** The turns before the prompt's. */
  readonly context?: Maybe<ReadonlyArray<ChatTurn>>;
  /** All traced outputs with their prompts, the first included. */
  readonly questions: ReadonlyArray<TracedQuestion>;
  readonly method: TraceMethod;
  /** Why this method. */
  readonly methodReason: Scalars['String']['output'];
  /** Over all outputs. */
  readonly verdict: Verdict;
  /** Of REPT; null for other methods. */
  readonly alpha?: Maybe<Scalars['Float']['output']>;
  /** Hidden and gradient scores are means over these. */
  readonly layers: ReadonlyArray<Scalars['Int']['output']>;
  /** Token scores are of this layer. */
  readonly tokenLayer: Scalars['Int']['output'];
  readonly index?: Maybe<Index>;
  readonly model?: Maybe<Model>;
  /** Whether every sample was compared; if not, the measured share of the true top 10 (of TAUGHT 50) that such a search finds. */
  readonly exact: Scalars['Boolean']['output'];
  readonly recall?: Maybe<Scalars['Float']['output']>;
  /** Tokens of the (first) prompt and output; null when tokens were not asked for. */
  readonly outputTokens?: Maybe<ReadonlyArray<Token>>;
  readonly matches: ReadonlyArray<Match>;
  readonly timings: ReadonlyArray<Timing>;
};

export type TracedQuestion = {
  readonly __typename?: 'TracedQuestion';
  readonly context?: Maybe<ReadonlyArray<ChatTurn>>;
  readonly prompt?: Maybe<Scalars['String']['output']>;
  readonly output: Scalars['String']['output'];
  /** Its tail was cut off to fit the index's maxTokens, as the samples' tails were. */
  readonly truncated: Scalars['Boolean']['output'];
  readonly verdict: Verdict;
  readonly tokens?: Maybe<ReadonlyArray<Token>>;
};

export type Match = {
  readonly __typename?: 'Match';
  /** 1 is the best. */
  readonly rank: Scalars['Int']['output'];
  /** By the trace's method; of REPT alpha * hiddenScore + (1 - alpha) * gradientScore. */
  readonly score: Scalars['Float']['output'];
  /** Cosine of the hidden states at p. */
  readonly hiddenScore: Scalars['Float']['output'];
  /** Cosine of the gradients at p. */
  readonly gradientScore: Scalars['Float']['output'];
  /**
   * Of TAUGHT, which word of an output met which word of the sample; the strongest pairs first. A pair of the last positions of both
   * prompts says that the responses begin alike. Null for other methods.
   */
  readonly evidence?: Maybe<ReadonlyArray<Evidence>>;
  /** The sample as it was when the trace was made. */
  readonly sample: TrainingSample;
  /** Null when tokens were not asked for, and beyond rank 100. */
  readonly tokens?: Maybe<ReadonlyArray<Token>>;
};

export type Evidence = {
  readonly __typename?: 'Evidence';
  /** Of the traced outputs, from 0. */
  readonly output: Scalars['Int']['output'];
  /** Positions as `Token.position`. */
  readonly outputPosition: Scalars['Int']['output'];
  readonly samplePosition: Scalars['Int']['output'];
  /**
   * What the pair added to the score; in an index made by the method `taught 1` before it is multiplied by 2 + max(0, hiddenScore) +
   * max(0, gradientScore).
   */
  readonly weight: Scalars['Float']['output'];
};

export type Token = {
  readonly __typename?: 'Token';
  readonly text: Scalars['String']['output'];
  readonly score: Scalars['Float']['output'];
  /** log p_tuned - log p_base of a response token, in nats; null for the prompt's, and without a base model. */
  readonly taught?: Maybe<Scalars['Float']['output']>;
  readonly part: TokenPart;
  /** 0-based, in the rendering. */
  readonly position: Scalars['Int']['output'];
};

export type TokenPart = 'PROMPT' | 'RESPONSE';

export type Timing = {
  readonly __typename?: 'Timing';
  readonly name: Scalars['String']['output'];
  readonly milliseconds: Scalars['Float']['output'];
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
  readonly row?: Maybe<Scalars['Int']['output']>;
  readonly line?: Maybe<Scalars['Float']['output']>;
  readonly sourceRow?: Maybe<Scalars['Int']['output']>;
  readonly part?: Maybe<Scalars['Int']['output']>;
  readonly context?: Maybe<ReadonlyArray<ChatTurn>>;
  readonly prompt?: Maybe<Scalars['String']['output']>;
  readonly response?: Maybe<Scalars['String']['output']>;
  readonly raw?: Maybe<Scalars['Boolean']['output']>;
  readonly label?: Maybe<Scalars['String']['output']>;
  readonly metadata?: Maybe<Scalars['JSON']['output']>;
};

export type Index = {
  readonly __typename?: 'Index';
  readonly id: Scalars['ID']['output'];
};

export type Model = {
  readonly __typename?: 'Model';
  readonly id: Scalars['ID']['output'];
  readonly digest?: Maybe<Scalars['String']['output']>;
};

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
  Trace: Trace;
};

/** Mapping of federation reference types */
export type FederationReferenceTypes = {
  Trace: { __typename: 'Trace' } & GraphQLRecursivePick<FederationTypes['Trace'], { id: true }>;
};

/** Mapping of union types */
export type ResolversUnionTypes<_RefType extends Record<string, unknown>> = {
  TraceResult: TraceParent | TracePending | TraceFailure;
};

/** Mapping of interface types */
export type ResolversInterfaceTypes<_RefType extends Record<string, unknown>> = {
  Failure: TraceFailure;
};

/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  JSON: ResolverTypeWrapper<Scalars['JSON']['output']>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  Float: ResolverTypeWrapper<Scalars['Float']['output']>;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  TraceMethod: TraceMethod;
  VerdictState: VerdictState;
  Verdict: ResolverTypeWrapper<Verdict>;
  ChatTurnInput: ChatTurnInput;
  TraceResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['TraceResult']>;
  Failure: ResolverTypeWrapper<ResolversInterfaceTypes<ResolversTypes>['Failure']>;
  TraceFailure: ResolverTypeWrapper<TraceFailure>;
  TracePending: ResolverTypeWrapper<TracePending>;
  Trace: ResolverTypeWrapper<TraceParent>;
  TracedQuestion: ResolverTypeWrapper<TracedQuestion>;
  Match: ResolverTypeWrapper<Match>;
  Evidence: ResolverTypeWrapper<Evidence>;
  Token: ResolverTypeWrapper<Token>;
  TokenPart: TokenPart;
  Timing: ResolverTypeWrapper<Timing>;
  ChatTurn: ResolverTypeWrapper<ChatTurn>;
  ChatRole: ChatRole;
  TrainingSample: ResolverTypeWrapper<TrainingSample>;
  Index: ResolverTypeWrapper<Index>;
  Model: ResolverTypeWrapper<Model>;
  SampleFilter: SampleFilter;
  MetadataFilter: MetadataFilter;
  ErrorCode: ErrorCode;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  JSON: Scalars['JSON']['output'];
  Query: Record<PropertyKey, never>;
  String: Scalars['String']['output'];
  ID: Scalars['ID']['output'];
  Int: Scalars['Int']['output'];
  Float: Scalars['Float']['output'];
  Boolean: Scalars['Boolean']['output'];
  Verdict: Verdict;
  ChatTurnInput: ChatTurnInput;
  TraceResult: ResolversUnionTypes<ResolversParentTypes>['TraceResult'];
  Failure: ResolversInterfaceTypes<ResolversParentTypes>['Failure'];
  TraceFailure: TraceFailure;
  TracePending: TracePending;
  Trace: TraceParent;
  TracedQuestion: TracedQuestion;
  Match: Match;
  Evidence: Evidence;
  Token: Token;
  Timing: Timing;
  ChatTurn: ChatTurn;
  TrainingSample: TrainingSample;
  Index: Index;
  Model: Model;
  SampleFilter: SampleFilter;
  MetadataFilter: MetadataFilter;
};

export interface JsonScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['JSON'], any> {
  name: 'JSON';
}

export type QueryResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query'],
> = {
  traceBehavior?: Resolver<
    ResolversTypes['TraceResult'],
    ParentType,
    ContextType,
    RequireFields<QueryTraceBehaviorArgs, 'output' | 'top' | 'tokens' | 'exact'>
  >;
  trace?: Resolver<
    Maybe<ResolversTypes['TraceResult']>,
    ParentType,
    ContextType,
    RequireFields<QueryTraceArgs, 'id'>
  >;
  traces?: Resolver<
    Maybe<ReadonlyArray<ResolversTypes['Trace']>>,
    ParentType,
    ContextType,
    RequireFields<QueryTracesArgs, 'first'>
  >;
};

export type VerdictResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Verdict'] = ResolversParentTypes['Verdict'],
> = {
  state?: Resolver<ResolversTypes['VerdictState'], ParentType, ContextType>;
  words?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  remedy?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  meanRatio?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  peakRatio?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  pValue?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  nullOutputs?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
};

export type TraceResultResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['TraceResult'] = ResolversParentTypes['TraceResult'],
> = {
  __resolveType: TypeResolveFn<'Trace' | 'TracePending' | 'TraceFailure', ParentType, ContextType>;
};

export type FailureResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Failure'] = ResolversParentTypes['Failure'],
> = {
  __resolveType: TypeResolveFn<'TraceFailure', ParentType, ContextType>;
};

export type TraceFailureResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['TraceFailure'] = ResolversParentTypes['TraceFailure'],
> = {
  code?: Resolver<ResolversTypes['ErrorCode'], ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  remedy?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type TracePendingResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['TracePending'] = ResolversParentTypes['TracePending'],
> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type TraceResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Trace'] = ResolversParentTypes['Trace'],
  FederationReferenceType extends FederationReferenceTypes['Trace'] = FederationReferenceTypes['Trace'],
> = {
  __resolveReference?: ReferenceResolver<
    Maybe<ResolversTypes['Trace']> | FederationReferenceType,
    FederationReferenceType,
    ContextType
  >;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  createdAt?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  output?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  prompt?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  context?: Resolver<Maybe<ReadonlyArray<ResolversTypes['ChatTurn']>>, ParentType, ContextType>;
  questions?: Resolver<ReadonlyArray<ResolversTypes['TracedQuestion']>, ParentType, ContextType>;
  method?: Resolver<ResolversTypes['TraceMethod'], ParentType, ContextType>;
  methodReason?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  verdict?: Resolver<ResolversTypes['Verdict'], ParentType, ContextType>;
  alpha?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  layers?: Resolver<ReadonlyArray<ResolversTypes['Int']>, ParentType, ContextType>;
  tokenLayer?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  index?: Resolver<Maybe<ResolversTypes['Index']>, ParentType, ContextType>;
  model?: Resolver<Maybe<ResolversTypes['Model']>, ParentType, ContextType>;
  exact?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  recall?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  outputTokens?: Resolver<Maybe<ReadonlyArray<ResolversTypes['Token']>>, ParentType, ContextType>;
  matches?: Resolver<ReadonlyArray<ResolversTypes['Match']>, ParentType, ContextType>;
  timings?: Resolver<ReadonlyArray<ResolversTypes['Timing']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type TracedQuestionResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['TracedQuestion'] = ResolversParentTypes['TracedQuestion'],
> = {
  context?: Resolver<Maybe<ReadonlyArray<ResolversTypes['ChatTurn']>>, ParentType, ContextType>;
  prompt?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  output?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  truncated?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  verdict?: Resolver<ResolversTypes['Verdict'], ParentType, ContextType>;
  tokens?: Resolver<Maybe<ReadonlyArray<ResolversTypes['Token']>>, ParentType, ContextType>;
};

export type MatchResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Match'] = ResolversParentTypes['Match'],
> = {
  rank?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  score?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  hiddenScore?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  gradientScore?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  evidence?: Resolver<Maybe<ReadonlyArray<ResolversTypes['Evidence']>>, ParentType, ContextType>;
  sample?: Resolver<ResolversTypes['TrainingSample'], ParentType, ContextType>;
  tokens?: Resolver<Maybe<ReadonlyArray<ResolversTypes['Token']>>, ParentType, ContextType>;
};

export type EvidenceResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Evidence'] = ResolversParentTypes['Evidence'],
> = {
  output?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  outputPosition?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  samplePosition?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  weight?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
};

export type TokenResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Token'] = ResolversParentTypes['Token'],
> = {
  text?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  score?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  taught?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  part?: Resolver<ResolversTypes['TokenPart'], ParentType, ContextType>;
  position?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type TimingResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Timing'] = ResolversParentTypes['Timing'],
> = {
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  milliseconds?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
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
> = {
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
};

export type IndexResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Index'] = ResolversParentTypes['Index'],
> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
};

export type ModelResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Model'] = ResolversParentTypes['Model'],
> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  digest?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type Resolvers<ContextType = RequestContext> = {
  JSON?: GraphQLScalarType;
  Query?: QueryResolvers<ContextType>;
  Verdict?: VerdictResolvers<ContextType>;
  TraceResult?: TraceResultResolvers<ContextType>;
  Failure?: FailureResolvers<ContextType>;
  TraceFailure?: TraceFailureResolvers<ContextType>;
  TracePending?: TracePendingResolvers<ContextType>;
  Trace?: TraceResolvers<ContextType>;
  TracedQuestion?: TracedQuestionResolvers<ContextType>;
  Match?: MatchResolvers<ContextType>;
  Evidence?: EvidenceResolvers<ContextType>;
  Token?: TokenResolvers<ContextType>;
  Timing?: TimingResolvers<ContextType>;
  ChatTurn?: ChatTurnResolvers<ContextType>;
  TrainingSample?: TrainingSampleResolvers<ContextType>;
  Index?: IndexResolvers<ContextType>;
  Model?: ModelResolvers<ContextType>;
};

export const SCHEMA =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])\n\n"Any JSON value."\nscalar JSON\n\ntype Query {\n  """\n  Which samples of an index taught this output? Same question, same index: same trace. A slow one answers TracePending: ask\n  `trace(id)` until it is there.\n  """\n  traceBehavior(\n    "What the model said, as it said it."\n    output: String!\n    "What it was asked. Without it hidden states count for nothing: REPT goes by gradients alone (alpha 0)."\n    prompt: String\n    """\n    The turns before, 256 at most, the same for all outputs. Without a prompt the last of them is the user\'s, and is the\n    prompt.\n    """\n    context: [ChatTurnInput!]\n    "Id or name; may be left out when there is exactly one."\n    index: ID\n    "Matches, 1 to 1000."\n    top: Int = 10\n    """\n    What ranks the matches. Default: TAUGHT where the index has a base model, unless alpha is given; else REPT.\n    """\n    method: TraceMethod\n    "Of REPT: weight of the hidden state\'s cosine, 0 to 1; the rest is the gradient\'s. Default 0.5, without a prompt 0."\n    alpha: Float\n    "Score the tokens of the matches and of the output."\n    tokens: Boolean = true\n    filter: SampleFilter\n    "Compare with every sample, also where the store\'s search would be approximate."\n    exact: Boolean = false\n    "Further outputs of the same incident, 31 at most: scores are averaged over all."\n    outputs: [String!]\n    "Prompts of `outputs`, one each. Left out: `prompt` for all."\n    prompts: [String!]\n  ): TraceResult!\n  "A trace by its id."\n  trace(id: ID!): TraceResult\n  "Stored traces, newest first."\n  traces(index: ID, first: Int = 20): [Trace!]\n}\n\nenum TraceMethod {\n  "By the words that the fine-tuning taught, in the output and in the samples (docs/method.md)."\n  TAUGHT\n  "By the paper\'s signature: cosines of hidden states and of gradients, weighed by alpha."\n  REPT\n  "By the released code\'s formula, hidden state and gradient concatenated as they are: for comparison."\n  RAW\n}\n\nenum VerdictState {\n  "The fine-tuning taught this."\n  TAUGHT\n  "It did not: the base model says this, or about as readily. The matches are the nearest samples all the same."\n  NOT_TAUGHT\n  "Between the two."\n  UNCERTAIN\n  "The index has no base model to compare with."\n  UNKNOWN\n}\n\n"Did the fine-tuning teach it, or was it not the data at all?"\ntype Verdict {\n  state: VerdictState!\n  "In words."\n  words: String!\n  "What to do about it, where there is something."\n  remedy: String\n  "Mean over the response tokens of log p_tuned - log p_base, in nats. Null for UNKNOWN, as all below."\n  meanRatio: Float\n  "Of the most taught token."\n  peakRatio: Float\n  "Share of outputs of the base model with a mean as high."\n  pValue: Float\n  "How many such outputs the index knows; the smallest p-value is one over one more."\n  nullOutputs: Int\n}\n\ninput ChatTurnInput {\n  role: ChatRole!\n  content: String!\n}\n\nunion TraceResult = Trace | TracePending | TraceFailure\n\ninterface Failure {\n  code: ErrorCode!\n  message: String!\n  remedy: String!\n}\n\ntype TraceFailure implements Failure {\n  code: ErrorCode!\n  message: String!\n  remedy: String!\n}\n\n"Still being worked on."\ntype TracePending {\n  id: ID!\n}\n\ntype Trace @key(fields: "id") {\n  "A digest of index, manifest, question and settings."\n  id: ID!\n  createdAt: String!\n  output: String!\n  prompt: String\n  "The turns before the prompt\'s."\n  context: [ChatTurn!]\n  "All traced outputs with their prompts, the first included."\n  questions: [TracedQuestion!]!\n  method: TraceMethod!\n  "Why this method."\n  methodReason: String!\n  "Over all outputs."\n  verdict: Verdict!\n  "Of REPT; null for other methods."\n  alpha: Float\n  "Hidden and gradient scores are means over these."\n  layers: [Int!]!\n  "Token scores are of this layer."\n  tokenLayer: Int!\n  index: Index\n  model: Model\n  "Whether every sample was compared; if not, the measured share of the true top 10 (of TAUGHT 50) that such a search finds."\n  exact: Boolean!\n  recall: Float\n  "Tokens of the (first) prompt and output; null when tokens were not asked for."\n  outputTokens: [Token!]\n  matches: [Match!]!\n  timings: [Timing!]!\n}\n\ntype TracedQuestion {\n  context: [ChatTurn!]\n  prompt: String\n  output: String!\n  "Its tail was cut off to fit the index\'s maxTokens, as the samples\' tails were."\n  truncated: Boolean!\n  verdict: Verdict!\n  tokens: [Token!]\n}\n\ntype Match {\n  "1 is the best."\n  rank: Int!\n  "By the trace\'s method; of REPT alpha * hiddenScore + (1 - alpha) * gradientScore."\n  score: Float!\n  "Cosine of the hidden states at p."\n  hiddenScore: Float!\n  "Cosine of the gradients at p."\n  gradientScore: Float!\n  """\n  Of TAUGHT, which word of an output met which word of the sample; the strongest pairs first. A pair of the last positions of both\n  prompts says that the responses begin alike. Null for other methods.\n  """\n  evidence: [Evidence!]\n  "The sample as it was when the trace was made."\n  sample: TrainingSample!\n  "Null when tokens were not asked for, and beyond rank 100."\n  tokens: [Token!]\n}\n\ntype Evidence {\n  "Of the traced outputs, from 0."\n  output: Int!\n  "Positions as `Token.position`."\n  outputPosition: Int!\n  samplePosition: Int!\n  """\n  What the pair added to the score; in an index made by the method `taught 1` before it is multiplied by 2 + max(0, hiddenScore) +\n  max(0, gradientScore).\n  """\n  weight: Float!\n}\n\ntype Token {\n  text: String!\n  score: Float!\n  "log p_tuned - log p_base of a response token, in nats; null for the prompt\'s, and without a base model."\n  taught: Float\n  part: TokenPart!\n  "0-based, in the rendering."\n  position: Int!\n}\n\nenum TokenPart {\n  PROMPT\n  RESPONSE\n}\n\ntype Timing {\n  name: String!\n  milliseconds: Float!\n}\n\n"A turn of a conversation, with its role as chat files write it."\ntype ChatTurn @shareable {\n  role: ChatRole!\n  content: String!\n}\n\nenum ChatRole {\n  system\n  user\n  assistant\n}\n\ntype TrainingSample @key(fields: "id", resolvable: false) {\n  id: ID!\n  row: Int @shareable\n  line: Float @shareable\n  sourceRow: Int @shareable\n  part: Int @shareable\n  context: [ChatTurn!] @shareable\n  prompt: String @shareable\n  response: String @shareable\n  raw: Boolean @shareable\n  label: String @shareable\n  metadata: JSON @shareable\n}\n\ntype Index @key(fields: "id", resolvable: false) {\n  id: ID!\n}\n\ntype Model @key(fields: "id", resolvable: false) {\n  id: ID!\n  digest: String @shareable\n}\n\n"All conditions that are given must hold."\ninput SampleFilter {\n  "Has this label."\n  label: String\n  "Has one of these labels."\n  labels: [String!]\n  "Has none of these labels."\n  withoutLabels: [String!]\n  "Each: the metadata value, as text, is one of `values`."\n  metadata: [MetadataFilter!]\n  "0-based numbers of samples in the dataset, as `TrainingSample.row`."\n  rows: [Int!]\n}\n\ninput MetadataFilter {\n  key: String!\n  values: [String!]!\n}\n\n"One vocabulary, also on the bus and in the command\'s exit text."\nenum ErrorCode {\n  ADAPTER_NOT_FOUND\n  BUS_UNREACHABLE\n  CANCELLED\n  CHECKPOINT_INVALID\n  CONFIG_INVALID\n  CONFIG_UNSUPPORTED\n  CONFLICT\n  DATASET_CHANGED\n  DATASET_INVALID\n  DATASET_NOT_FOUND\n  DEVICE_LOST\n  DISK_FULL\n  DOWNLOAD_INVALID\n  EVALUATION_EMPTY\n  GPU_REFUSED\n  INDEX_AMBIGUOUS\n  INDEX_BUSY\n  INDEX_NOT_FOUND\n  INDEX_NOT_READY\n  INPUT_INVALID\n  INTERNAL\n  LAYER_NOT_FOUND\n  LORA_INVALID\n  LORA_NOT_FOUND\n  LORA_UNSUPPORTED\n  MODEL_CHANGED\n  MODEL_NOT_FOUND\n  NOT_FINITE\n  NOT_YET\n  OUT_OF_MEMORY\n  PATH_NOT_ALLOWED\n  PROMPT_TOO_LONG\n  QUERY_INVALID\n  QUERY_TOO_COSTLY\n  QUERY_TOO_DEEP\n  RECIPE_INVALID\n  REQUEST_TOO_LARGE\n  SAMPLE_NOT_FOUND\n  SERVICE_UNAVAILABLE\n  SHAPE_MISMATCH\n  STORE_UNREACHABLE\n  TEMPLATE_INVALID\n  TIMEOUT\n  TOKENIZER_INVALID\n  TOKENIZER_MISMATCH\n  TOKEN_REQUIRED\n  TRACE_NOT_FOUND\n  UNAUTHENTICATED\n  WEIGHTS_INVALID\n  WEIGHTS_NOT_FINITE\n}\n';
