/** Expected failures as members of GraphQL unions, and as GraphQL errors where a field cannot be a union. */
import { GraphQLError } from 'graphql';
import { ReptraceError, type ErrorCode } from '../errors.ts';

export interface FailureFields<Typename extends string> {
  readonly __typename: Typename;
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
}

/** The union member of a ReptraceError; anything else is thrown on. */
export function failureMember<Typename extends string>(
  typename: Typename,
  error: unknown,
): FailureFields<Typename> {
  if (!(error instanceof ReptraceError)) throw error;
  return { __typename: typename, code: error.code, message: error.message, remedy: error.remedy };
}

/** What `work` gives, or the failure member of the ReptraceError that it threw. */
export async function orFailure<T, Typename extends string>(
  typename: Typename,
  work: () => Promise<T>,
): Promise<T | FailureFields<Typename>> {
  try {
    return await work();
  } catch (error) {
    return failureMember(typename, error);
  }
}

/** A ReptraceError as clients see it among `errors`: its code and remedy in the extensions. */
export function graphqlError(error: ReptraceError): GraphQLError {
  const { code, message, remedy } = error;
  return new GraphQLError(message, { originalError: error, extensions: { code, remedy } });
}
