// Made from schema/compute.graphql by `npm run schema`; do not edit.
import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { ModelParent } from './graphql/parents.ts';
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
  /** Models that a worker has opened. */
  readonly models?: Maybe<ReadonlyArray<Model>>;
  /** The GPU of the worker that answers. */
  readonly adapter?: Maybe<Adapter>;
};

export type Mutation = {
  readonly __typename?: 'Mutation';
  /** What a model answers; greedy unless a temperature is given. */
  readonly generate: GenerateResult;
};

export type MutationGenerateArgs = {
  input: GenerateInput;
};

export type GenerateInput = {
  /** Model folder or GGUF file, under the allowed folders of the compute service; or a name in its Hugging Face cache. */
  readonly model: Scalars['String']['input'];
  readonly adapter?: InputMaybe<Scalars['String']['input']>;
  readonly prompts: ReadonlyArray<Scalars['String']['input']>;
  readonly maxTokens?: InputMaybe<Scalars['Int']['input']>;
  readonly temperature?: InputMaybe<Scalars['Float']['input']>;
  readonly seed?: InputMaybe<Scalars['Int']['input']>;
};

export type GenerateResult = Generation | GenerateFailure;

export type Generation = {
  readonly __typename?: 'Generation';
  readonly model: Model;
  readonly answers: ReadonlyArray<Answer>;
};

export type Answer = {
  readonly __typename?: 'Answer';
  readonly text: Scalars['String']['output'];
  /** False when maxTokens cut it off. */
  readonly finished: Scalars['Boolean']['output'];
};

export type Failure = {
  readonly code: ErrorCode;
  readonly message: Scalars['String']['output'];
  readonly remedy: Scalars['String']['output'];
};

export type GenerateFailure = Failure & {
  readonly __typename?: 'GenerateFailure';
  readonly code: ErrorCode;
  readonly message: Scalars['String']['output'];
  readonly remedy: Scalars['String']['output'];
};

/** A model, known by the digest of its weights, config, tokenizer and template, wherever its folder is. */
export type Model = {
  readonly __typename?: 'Model';
  readonly id: Scalars['ID']['output'];
  readonly digest?: Maybe<Scalars['String']['output']>;
  readonly architecture?: Maybe<Scalars['String']['output']>;
  readonly layers?: Maybe<Scalars['Int']['output']>;
  readonly hiddenSize?: Maybe<Scalars['Int']['output']>;
  readonly vocabSize?: Maybe<Scalars['Int']['output']>;
  readonly contextLength?: Maybe<Scalars['Int']['output']>;
  readonly precision?: Maybe<Scalars['String']['output']>;
};

export type Adapter = {
  readonly __typename?: 'Adapter';
  readonly name: Scalars['String']['output'];
  /** Computes on the CPU. */
  readonly software: Scalars['Boolean']['output'];
  readonly features: ReadonlyArray<Scalars['String']['output']>;
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
  Model: Model;
};

/** Mapping of federation reference types */
export type FederationReferenceTypes = {
  Model: { __typename: 'Model' } & GraphQLRecursivePick<FederationTypes['Model'], { id: true }>;
};

/** Mapping of union types */
export type ResolversUnionTypes<_RefType extends Record<string, unknown>> = {
  GenerateResult: (Omit<Generation, 'model'> & { model: _RefType['Model'] }) | GenerateFailure;
};

/** Mapping of interface types */
export type ResolversInterfaceTypes<_RefType extends Record<string, unknown>> = {
  Failure: GenerateFailure;
};

/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  JSON: ResolverTypeWrapper<Scalars['JSON']['output']>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Mutation: ResolverTypeWrapper<Record<PropertyKey, never>>;
  GenerateInput: GenerateInput;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  Float: ResolverTypeWrapper<Scalars['Float']['output']>;
  GenerateResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['GenerateResult']>;
  Generation: ResolverTypeWrapper<Omit<Generation, 'model'> & { model: ResolversTypes['Model'] }>;
  Answer: ResolverTypeWrapper<Answer>;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  Failure: ResolverTypeWrapper<ResolversInterfaceTypes<ResolversTypes>['Failure']>;
  GenerateFailure: ResolverTypeWrapper<GenerateFailure>;
  Model: ResolverTypeWrapper<ModelParent>;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  Adapter: ResolverTypeWrapper<Adapter>;
  ErrorCode: ErrorCode;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  JSON: Scalars['JSON']['output'];
  Query: Record<PropertyKey, never>;
  Mutation: Record<PropertyKey, never>;
  GenerateInput: GenerateInput;
  String: Scalars['String']['output'];
  Int: Scalars['Int']['output'];
  Float: Scalars['Float']['output'];
  GenerateResult: ResolversUnionTypes<ResolversParentTypes>['GenerateResult'];
  Generation: Omit<Generation, 'model'> & { model: ResolversParentTypes['Model'] };
  Answer: Answer;
  Boolean: Scalars['Boolean']['output'];
  Failure: ResolversInterfaceTypes<ResolversParentTypes>['Failure'];
  GenerateFailure: GenerateFailure;
  Model: ModelParent;
  ID: Scalars['ID']['output'];
  Adapter: Adapter;
};

export interface JsonScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['JSON'], any> {
  name: 'JSON';
}

export type QueryResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query'],
> = {
  models?: Resolver<Maybe<ReadonlyArray<ResolversTypes['Model']>>, ParentType, ContextType>;
  adapter?: Resolver<Maybe<ResolversTypes['Adapter']>, ParentType, ContextType>;
};

export type MutationResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Mutation'] = ResolversParentTypes['Mutation'],
> = {
  generate?: Resolver<
    ResolversTypes['GenerateResult'],
    ParentType,
    ContextType,
    RequireFields<MutationGenerateArgs, 'input'>
  >;
};

export type GenerateResultResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['GenerateResult'] = ResolversParentTypes['GenerateResult'],
> = {
  __resolveType: TypeResolveFn<'Generation' | 'GenerateFailure', ParentType, ContextType>;
};

export type GenerationResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Generation'] = ResolversParentTypes['Generation'],
> = {
  model?: Resolver<ResolversTypes['Model'], ParentType, ContextType>;
  answers?: Resolver<ReadonlyArray<ResolversTypes['Answer']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type AnswerResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Answer'] = ResolversParentTypes['Answer'],
> = {
  text?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  finished?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type FailureResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Failure'] = ResolversParentTypes['Failure'],
> = {
  __resolveType: TypeResolveFn<'GenerateFailure', ParentType, ContextType>;
};

export type GenerateFailureResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['GenerateFailure'] = ResolversParentTypes['GenerateFailure'],
> = {
  code?: Resolver<ResolversTypes['ErrorCode'], ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  remedy?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ModelResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Model'] = ResolversParentTypes['Model'],
  FederationReferenceType extends FederationReferenceTypes['Model'] = FederationReferenceTypes['Model'],
> = {
  __resolveReference?: ReferenceResolver<
    Maybe<ResolversTypes['Model']> | FederationReferenceType,
    FederationReferenceType,
    ContextType
  >;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  digest?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  architecture?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  layers?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  hiddenSize?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  vocabSize?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  contextLength?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  precision?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type AdapterResolvers<
  ContextType = RequestContext,
  ParentType extends ResolversParentTypes['Adapter'] = ResolversParentTypes['Adapter'],
> = {
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  software?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  features?: Resolver<ReadonlyArray<ResolversTypes['String']>, ParentType, ContextType>;
};

export type Resolvers<ContextType = RequestContext> = {
  JSON?: GraphQLScalarType;
  Query?: QueryResolvers<ContextType>;
  Mutation?: MutationResolvers<ContextType>;
  GenerateResult?: GenerateResultResolvers<ContextType>;
  Generation?: GenerationResolvers<ContextType>;
  Answer?: AnswerResolvers<ContextType>;
  Failure?: FailureResolvers<ContextType>;
  GenerateFailure?: GenerateFailureResolvers<ContextType>;
  Model?: ModelResolvers<ContextType>;
  Adapter?: AdapterResolvers<ContextType>;
};

export const SCHEMA =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])\n\n"Any JSON value."\nscalar JSON\n\ntype Query {\n  "Models that a worker has opened."\n  models: [Model!]\n  "The GPU of the worker that answers."\n  adapter: Adapter\n}\n\ntype Mutation {\n  "What a model answers; greedy unless a temperature is given."\n  generate(input: GenerateInput!): GenerateResult!\n}\n\ninput GenerateInput {\n  "Model folder or GGUF file, under the allowed folders of the compute service; or a name in its Hugging Face cache."\n  model: String!\n  adapter: String\n  prompts: [String!]!\n  maxTokens: Int = 128\n  temperature: Float = 0\n  seed: Int = 0\n}\n\nunion GenerateResult = Generation | GenerateFailure\n\ntype Generation {\n  model: Model!\n  answers: [Answer!]!\n}\n\ntype Answer {\n  text: String!\n  "False when maxTokens cut it off."\n  finished: Boolean!\n}\n\ninterface Failure {\n  code: ErrorCode!\n  message: String!\n  remedy: String!\n}\n\ntype GenerateFailure implements Failure {\n  code: ErrorCode!\n  message: String!\n  remedy: String!\n}\n\n"A model, known by the digest of its weights, config, tokenizer and template, wherever its folder is."\ntype Model @key(fields: "id") {\n  id: ID!\n  digest: String @shareable\n  architecture: String\n  layers: Int\n  hiddenSize: Int\n  vocabSize: Int\n  contextLength: Int\n  precision: String\n}\n\ntype Adapter {\n  name: String!\n  "Computes on the CPU."\n  software: Boolean!\n  features: [String!]!\n}\n\n"One vocabulary, also on the bus and in the command\'s exit text."\nenum ErrorCode {\n  ADAPTER_NOT_FOUND\n  BUS_UNREACHABLE\n  CANCELLED\n  CHECKPOINT_INVALID\n  CONFIG_INVALID\n  CONFIG_UNSUPPORTED\n  CONFLICT\n  DATASET_CHANGED\n  DATASET_INVALID\n  DATASET_NOT_FOUND\n  DEVICE_LOST\n  DISK_FULL\n  DOWNLOAD_INVALID\n  EVALUATION_EMPTY\n  GPU_REFUSED\n  INDEX_AMBIGUOUS\n  INDEX_BUSY\n  INDEX_NOT_FOUND\n  INDEX_NOT_READY\n  INPUT_INVALID\n  INTERNAL\n  LAYER_NOT_FOUND\n  LORA_INVALID\n  LORA_NOT_FOUND\n  LORA_UNSUPPORTED\n  MODEL_CHANGED\n  MODEL_NOT_FOUND\n  NOT_FINITE\n  NOT_YET\n  OUT_OF_MEMORY\n  PATH_NOT_ALLOWED\n  PROMPT_TOO_LONG\n  QUERY_INVALID\n  QUERY_TOO_COSTLY\n  QUERY_TOO_DEEP\n  RECIPE_INVALID\n  REQUEST_TOO_LARGE\n  SAMPLE_NOT_FOUND\n  SERVICE_UNAVAILABLE\n  SHAPE_MISMATCH\n  STORE_UNREACHABLE\n  TEMPLATE_INVALID\n  TIMEOUT\n  TOKENIZER_INVALID\n  TOKENIZER_MISMATCH\n  TOKEN_REQUIRED\n  TRACE_NOT_FOUND\n  UNAUTHENTICATED\n  WEIGHTS_INVALID\n  WEIGHTS_NOT_FINITE\n}\n';
