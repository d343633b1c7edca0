/** Apollo Server as every process of the mesh runs it: nothing is sent anywhere, nothing is loaded from anywhere. */
import type { ApolloServerOptionsWithSchema } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { Log } from '../log.ts';
import type { RequestContext } from '../mesh/service.ts';
import { publicError } from './public-error.ts';

type Options = Omit<ApolloServerOptionsWithSchema<RequestContext>, 'schema' | 'gateway' | 'plugins'> & {
  readonly plugins: NonNullable<ApolloServerOptionsWithSchema<RequestContext>['plugins']>;
};

export function apolloOptions(log: Log): Options {
  return {
    formatError: (error, thrown) => publicError(error, thrown, log),
    includeStacktraceInErrorResponses: false,
    introspection: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    csrfPrevention: true,
    // The process has its own way to end.
    stopOnTerminationSignals: false,
    logger: apolloLogger(log),
    plugins: [
      // With APOLLO_KEY in the environment, these would report to Apollo.
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      // The landing page loads its scripts from a CDN.
      ApolloServerPluginLandingPageDisabled(),
    ],
  };
}

/** Apollo's own words are for who debugs, save warnings and errors. */
export function apolloLogger(log: Log): NonNullable<Options['logger']> {
  const at = (level: 'debug' | 'warn' | 'error') => (message?: unknown) => {
    log[level](String(message));
  };
  return { debug: at('debug'), info: at('debug'), warn: at('warn'), error: at('error') };
}
