// `npm run schema`: from schema/{compute,index,reporting}.graphql to what is made of them, all committed:
//   schema/supergraph.graphql          what the gateway runs, composed offline
//   schema/api.graphql                 what clients see
//   services/NAME/schema.generated.ts  types of each service's resolvers, and its schema as text
// `npm run schema -- --check` writes nothing and fails when one of them is not what would be written now.
import { readFileSync, writeFileSync } from 'node:fs';
import { composeServices } from '@apollo/composition';
import { codegen } from '@graphql-codegen/core';
import * as typescript from '@graphql-codegen/typescript';
import * as resolvers from '@graphql-codegen/typescript-resolvers';
import { Kind, parse, printSchema } from 'graphql';
import prettier from 'prettier';
import { inRoot } from './setup/paths.mjs';

const SERVICES = ['compute', 'index', 'reporting'];
/** What resolvers are given as the parent of these types, where it is not the type itself: MODULE#EXPORT. */
const PARENTS = {
  compute: { Model: './graphql/parents.ts#ModelParent' },
  index: {
    Index: './graphql/parents.ts#IndexParent',
    IndexPlan: './graphql/parents.ts#PlanParent',
    IndexProgress: './graphql/parents.ts#ProgressParent',
    TrainingSample: './graphql/parents.ts#SampleParent',
  },
  reporting: { Trace: './graphql/parents.ts#TraceParent' },
};
/** Stands in for the address, which each deployment gives to the gateway. */
const address = (name) => `http://${name}.reptrace.invalid/graphql`;

const sources = SERVICES.map((name) => {
  const text = readFileSync(inRoot('schema', `${name}.graphql`), 'utf8');
  return { name, text, typeDefs: parse(text) };
});

const check = process.argv.includes('--check');
const stale = [];
for (const [path, made] of [...composed(), ...(await Promise.all(sources.map(generated)))]) {
  const text = await formatted(path, made);
  if (!check) writeFileSync(inRoot(path), text);
  else if (read(path) !== text) stale.push(path);
}
if (stale.length > 0) {
  console.error(`not what the schema gives now: ${stale.join(', ')}\n  Run \`npm run schema\` and commit.`);
  process.exitCode = 1;
} else
  console.log(check ? 'the composed and generated files are up to date' : 'schema composed, types generated');

function composed() {
  const services = sources.map(({ name, typeDefs }) => ({ name, typeDefs, url: address(name) }));
  const { errors, hints, supergraphSdl, schema } = composeServices(services);
  if (errors) throw new Error(`the schemas do not compose: ${errors.map(String).join('; ')}`);
  for (const hint of hints) console.log(`hint: ${hint.message}`);
  return [
    ['schema/supergraph.graphql', supergraphSdl],
    ['schema/api.graphql', printSchema(schema.toAPISchema().toGraphQLJSSchema())],
  ];
}

async function generated({ name, text, typeDefs }) {
  const path = `services/${name}/schema.generated.ts`;
  const made = await codegen({
    filename: path,
    // The plugins know federation's directives themselves, without the link.
    schema: {
      ...typeDefs,
      definitions: typeDefs.definitions.filter(({ kind }) => kind !== Kind.SCHEMA_EXTENSION),
    },
    documents: [],
    config: {
      federation: true,
      contextType: '../../lib/mesh/service.ts#RequestContext',
      mappers: PARENTS[name],
      useTypeImports: true,
      strictScalars: true,
      enumsAsTypes: true,
      immutableTypes: true,
      maybeValue: 'T | null | undefined',
      scalars: { JSON: 'unknown', ID: 'string', _FieldSet: 'string' },
    },
    plugins: [{ typescript: {} }, { resolvers: {} }],
    pluginMap: { typescript, resolvers },
  });
  return [
    path,
    `// Made from schema/${name}.graphql by \`npm run schema\`; do not edit.\n${made}\nexport const SCHEMA = ${JSON.stringify(text)};\n`,
  ];
}

async function formatted(path, text) {
  const options = await prettier.resolveConfig(inRoot(path));
  return prettier.format(text, { ...options, filepath: inRoot(path) });
}

function read(path) {
  try {
    return readFileSync(inRoot(path), 'utf8');
  } catch {
    return undefined;
  }
}
