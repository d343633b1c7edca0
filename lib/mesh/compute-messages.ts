/** What the compute service answers over the bus, and the tasks that its workers take. */
import { procedure, type Procedure } from '../bus/procedure.ts';
import type { Beginning, TaughtToken } from '../taught/lesson.ts';

/** Which model is meant. A digest alone finds it under the worker's model folders, wherever they are on its machine. */
export interface ModelRef {
  /** Digest of model and adapter together; a worker refuses (MODEL_CHANGED) what does not have it. */
  readonly digest?: string | undefined;
  /** Model folder or GGUF file, as the client named it; a hint when there is a digest. */
  readonly path?: string | undefined;
  /** PEFT LoRA adapter folder. */
  readonly adapter?: string | undefined;
}

export interface ModelDescription {
  readonly digest: string;
  /** Of `model_type`, such as `llama`. */
  readonly architecture: string;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly vocabSize: number;
  readonly contextLength: number;
  /** SHA-256 of the chat template's text; null: the plain [INST] form. */
  readonly template: string | null;
  /** Numbers of different classes are not mixed in one index. */
  readonly precision: 'f32' | 'mixed';
  /** The GPU, in words. */
  readonly adapterName: string;
  /** reptrace's version. */
  readonly version: string;
  /** Real paths, for the manifest. */
  readonly path: string;
  readonly loraPath: string | null;
}

/** One turn of a conversation, as chat templates take it. */
export interface ChatTurn {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** A window of a plain text, without template; only the `last` window of a text ends with EOS. */
export type RawWindow = 'inner' | 'last';

/** What a sample is rendered from: prompt and response of a chat, or the two halves of a window of plain text. */
export interface TextPair {
  /** Turns before the prompt's, in order; none for a window of plain text. */
  readonly context: readonly ChatTurn[];
  readonly prompt: string;
  readonly response: string;
  /** null: a chat. */
  readonly raw: RawWindow | null;
}

/** What a worker needs of a sample, whatever else it has. */
export function textPair({ context, prompt, response, raw }: TextPair): TextPair {
  return { context, prompt, response, raw };
}

/** A traced output; without a prompt its user message is empty, and only its gradient means anything. */
export interface Question {
  /** Turns before the prompt's, in order; none without a prompt. */
  readonly context: readonly ChatTurn[];
  readonly prompt: string | null;
  readonly output: string;
}

/** Of the text that is rendered, for what bounds messages. */
export function textBytes({ context, prompt, response }: Omit<TextPair, 'raw'>): number {
  const turns = context.reduce((sum, { content }) => sum + Buffer.byteLength(content) + TURN_BYTES, 0);
  return turns + Buffer.byteLength(prompt) + Buffer.byteLength(response);
}

/** A turn's role, and what a message has around it. */
const TURN_BYTES = 32;

export interface LayerVectors {
  readonly layer: number;
  /** [hiddenSize], as the model has them. */
  readonly hidden: Float32Array;
  readonly gradient: Float32Array;
}

export interface TokenScore {
  /** The texts of all tokens, joined, are the rendering. */
  readonly text: string;
  readonly score: number;
  /** log p_tuned - log p_base of a response token, in nats; null for the prompt's, and without a base model. */
  readonly taught: number | null;
  readonly part: 'PROMPT' | 'RESPONSE';
  readonly position: number;
}

export interface LayerDecision {
  readonly layers: readonly number[];
  /** `named`, or the rule that chose: `deep`. */
  readonly rule: 'named' | 'deep' | 'released';
  /** Mean cosines of adjacent hidden states at p over the probes; empty when layers were named. */
  readonly curve: readonly number[];
  readonly probes: number;
}

/** Opens (and digests) a model. Throws MODEL_NOT_FOUND, PATH_NOT_ALLOWED, MODEL_CHANGED and what loading throws. */
export const describeModel = procedure<{ model: ModelRef }, ModelDescription>('compute.describe', 600_000);

/** The layers an index will have; `auto` looks at the curve over the probes. Throws LAYER_NOT_FOUND. */
export const decideLayers = procedure<
  {
    readonly model: ModelRef;
    readonly layers: 'auto' | readonly number[];
    readonly maxTokens: number | null;
    readonly probes: readonly TextPair[];
  },
  LayerDecision
>('compute.layers', 600_000);

/** A model that is known. */
export type KnownModel = ModelRef & { readonly digest: string };

/** What the taught tokens of an index are made with: fixed before its first sample. */
export interface TaughtSetup {
  /** The model before the fine-tuning. */
  readonly base: KnownModel;
  /** Of the projection. */
  readonly seed: number;
  /** [TOKEN_DIMS], the projected mean hidden state at the last layer, over the predicting positions of some samples. */
  readonly centre: Float32Array;
  /** [TOKEN_DIMS], the same at p alone; absent in indexes of METHOD 'taught 1', whose samples have no beginning. */
  readonly beginningCentre?: Float32Array | undefined;
}

/** What was found out for an index before its first sample. */
export interface TaughtPreparation {
  readonly seed: number;
  readonly centre: Float32Array;
  readonly beginningCentre: Float32Array;
  /** For each of the index's layers, in order, the mean hidden state at p [hiddenSize]. */
  readonly hiddenCentres: readonly Float32Array[];
  /** Rows that the centres are means over. */
  readonly rows: number;
  /** Mean log ratios, tuned to base, of outputs of the base model to prompts of the dataset, rising. */
  readonly nullRatios: readonly number[];
}

/**
 * The base model of a fine-tuned one. Throws what `describeModel` throws for either, TOKENIZER_MISMATCH, SHAPE_MISMATCH (other
 * layers or width), INPUT_INVALID when both are the same model.
 */
export const describeBase = procedure<
  { readonly model: ModelRef; readonly base: ModelRef },
  ModelDescription
>('compute.base', 600_000);

/**
 * Centres and null of an index. Throws as `describeBase`, what refuses every row, and SERVICE_UNAVAILABLE when nobody serves
 * `preparationWanted` any more: a worker does not go on for a build that was cancelled.
 */
export const prepareTaught = procedure<
  {
    /** Names the request, for `preparationWanted`: one word. null: it is wanted to its end. */
    readonly asked: string | null;
    readonly model: KnownModel;
    readonly base: KnownModel;
    readonly layers: readonly number[];
    readonly maxTokens: number | null;
    readonly rows: readonly TextPair[];
  },
  TaughtPreparation
>('compute.taught', 1_800_000);

/** Served, for as long as it waits, by whoever asked: a worker calls it before each piece of its work. */
export function preparationWanted(
  asked: string,
): Procedure<Record<string, never>, { readonly goOn: boolean }> {
  return procedure(`compute.taught.wanted.${asked}`, 10_000);
}

/** What an output shows of the fine-tuning. */
export interface QuestionLesson {
  /** log p_tuned - log p_base of each response token, closing tokens included, in nats. */
  readonly ratios: Float32Array;
  /** Those of ratio > 0, the most taught first, QUERY_TOKENS at most, and INCIDENT_TOKENS of all outputs. */
  readonly tokens: readonly TaughtToken[];
  /** null where the setup has no centre for it. */
  readonly beginning: Beginning | null;
}

export interface SignedQuestion {
  readonly layers: readonly LayerVectors[];
  readonly loss: number;
  readonly truncated: boolean;
  /** null where no setup was given. */
  readonly lesson: QuestionLesson | null;
}

/** Signatures of outputs, in their order. Throws PROMPT_TOO_LONG, NOT_FINITE, … naming the output. */
export const signQuestions = procedure<
  {
    readonly model: ModelRef;
    readonly layers: readonly number[];
    /** As the index was built: outputs lose the same tail. */
    readonly maxTokens: number | null;
    /** The index is of plain text: outputs are rendered without the template too. */
    readonly raw: boolean;
    readonly taught: TaughtSetup | null;
    readonly questions: readonly Question[];
  },
  { readonly signatures: readonly SignedQuestion[] }
>('compute.sign', 600_000);

/**
 * Token maps (design: "Token level"): the samples' tokens against the questions' unit gradient rows, averaged over the
 * questions, and each question's tokens against the samples', averaged over the samples.
 */
export const mapTokens = procedure<
  {
    readonly model: ModelRef;
    readonly layer: number;
    /** As the index was built: samples lose the same tail. */
    readonly maxTokens: number | null;
    /** The index is of plain text: outputs are rendered without the template too. */
    readonly raw: boolean;
    /** The model before the fine-tuning, for the tokens' ratios. */
    readonly base: KnownModel | null;
    readonly questions: readonly Question[];
    readonly samples: readonly TextPair[];
  },
  {
    readonly questions: readonly (readonly TokenScore[])[];
    readonly samples: readonly (readonly TokenScore[])[];
  }
>('compute.tokens', 600_000);

export const generateAnswers = procedure<
  {
    readonly model: ModelRef;
    readonly prompts: readonly string[];
    readonly maxTokens: number;
    readonly temperature: number;
    readonly seed: number;
  },
  { readonly answers: readonly { readonly text: string; readonly finished: boolean }[] }
>('compute.generate', 600_000);

/** The GPU of the worker that happens to answer, and the models that it has loaded. */
export const describeWorker = procedure<
  Record<string, never>,
  {
    readonly adapterName: string;
    readonly software: boolean;
    readonly features: readonly string[];
    readonly models: readonly ModelDescription[];
  }
>('compute.worker', 10_000);

/** The work queue of batches to sign; a task's topic is its index's id. */
export const SIGN_QUEUE = 'sign';

/** Deliveries of a task before it is taken to kill its worker, and is halved. */
export const MAX_DELIVERIES = 3;

export interface SignTask {
  readonly index: string;
  readonly model: KnownModel;
  /** Of the index: a worker of other numbers refuses. Absent in tasks of earlier versions, which had one class. */
  readonly precision?: ModelDescription['precision'] | undefined;
  readonly layers: readonly number[];
  readonly maxTokens: number | null;
  readonly taught: TaughtSetup | null;
  readonly rows: readonly (TextPair & { readonly row: number })[];
}
