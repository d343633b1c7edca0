/** The operations that the command line asks. */

const FAILURE = `... on Failure { code message remedy }`;

const PROGRESS = `cursor state done total failed samplesPerSecond etaSeconds waiting { code message remedy }`;

export const INDEX_FIELDS = `
  id name state createdAt samples
  plan { total kept toSign summary }
  progress { ${PROGRESS} }
  model { id }
  dataset { path digest rows }
  manifest
  error { code message remedy }
  failures(first: 20) { row line code reason }
`;

export const BUILD_INDEX = `
  mutation BuildIndex($input: BuildIndexInput!) {
    buildIndex(input: $input) { __typename ... on Index { ${INDEX_FIELDS} } ${FAILURE} }
  }
`;

export const PLAN_INDEX = `
  query PlanIndex($input: BuildIndexInput!) {
    planIndex(input: $input) {
      __typename
      ... on IndexPlan {
        action summary rows rowsExact sourceRows unreadable kept toSign refusedShare
        failures { row line code reason }
        tokens { total sampled mean p95 max truncatedShare }
        layers { layers decided }
        memory { weights weightsAtOnce activations available mode }
        flops
        seconds { low high flopsPerSecond speedOf }
        storeBytes gpu
      }
      ${FAILURE}
    }
  }
`;

export const INDEX = `query Index($index: ID!) { index(id: $index) { ${INDEX_FIELDS} } }`;

export const INDEXES = `query Indexes { indexes { ${INDEX_FIELDS} } }`;

export const INDEX_PROGRESS = `
  subscription IndexProgress($index: ID!, $after: String) {
    indexProgress(index: $index, after: $after) { ${PROGRESS} }
  }
`;

export const CANCEL_INDEX = `
  mutation CancelIndex($index: ID!) {
    cancelIndex(index: $index) { __typename ... on Index { ${INDEX_FIELDS} } ${FAILURE} }
  }
`;

export const RESUME_INDEX = `
  mutation ResumeIndex($index: ID!) {
    resumeIndex(index: $index) { __typename ... on Index { ${INDEX_FIELDS} } ${FAILURE} }
  }
`;

export const DELETE_INDEX = `
  mutation DeleteIndex($index: ID!) {
    deleteIndex(index: $index) { __typename ... on DeletedIndex { id name } ${FAILURE} }
  }
`;

export const ERASE_SAMPLES = `
  mutation EraseSamples($index: ID!, $filter: SampleFilter!) {
    eraseSamples(index: $index, filter: $filter) {
      __typename ... on ErasedSamples { erased index { ${INDEX_FIELDS} } } ${FAILURE}
    }
  }
`;

const TOKENS = `text score taught part position`;
const TURN = `role content`;
const VERDICT = `state words remedy meanRatio peakRatio pValue nullOutputs`;

export const MOST_TAUGHT = `
  query MostTaught($index: ID!, $top: Int, $filter: SampleFilter) {
    mostTaught(index: $index, top: $top, filter: $filter) {
      __typename
      ... on MostTaught {
        index { id name }
        samples {
          id row line sourceRow part context { ${TURN} } prompt response raw label metadata taught
        }
      }
      ${FAILURE}
    }
  }
`;

export const TRACE_FIELDS = `
  id createdAt output prompt method methodReason alpha layers tokenLayer exact recall
  verdict { ${VERDICT} }
  index { id name }
  model { id digest }
  context { ${TURN} }
  questions { context { ${TURN} } prompt output truncated verdict { ${VERDICT} } tokens { ${TOKENS} } }
  outputTokens { ${TOKENS} }
  matches {
    rank score hiddenScore gradientScore
    evidence { output outputPosition samplePosition weight }
    sample { id row line sourceRow part context { ${TURN} } prompt response raw label metadata }
    tokens { ${TOKENS} }
  }
  timings { name milliseconds }
`;

const traceResult = (fields: string): string =>
  `__typename ... on Trace { ${fields} } ... on TracePending { id } ${FAILURE}`;

/** Asks for a trace, and of it for these fields. */
export const traceBehavior = (fields: string): string => `
  query TraceBehavior(
    $output: String!, $prompt: String, $context: [ChatTurnInput!], $index: ID, $top: Int, $method: TraceMethod,
    $alpha: Float, $tokens: Boolean, $filter: SampleFilter, $exact: Boolean, $outputs: [String!], $prompts: [String!]
  ) {
    traceBehavior(
      output: $output, prompt: $prompt, context: $context, index: $index, top: $top, method: $method, alpha: $alpha,
      tokens: $tokens, filter: $filter, exact: $exact, outputs: $outputs, prompts: $prompts
    ) { ${traceResult(fields)} }
  }
`;

/** Asks for one by its id. */
export const traceById = (fields: string): string =>
  `query Trace($id: ID!) { trace(id: $id) { ${traceResult(fields)} } }`;

export const TRACE_BEHAVIOR = traceBehavior(TRACE_FIELDS);

export const GENERATE = `
  mutation Generate($input: GenerateInput!) {
    generate(input: $input) { __typename ... on Generation { answers { text finished } } ${FAILURE} }
  }
`;
