/** Whether a file system error says that something is not there, as opposed to unreadable, which is a failure. */
export function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** The value, or `otherwise` where what it was read from is not there; every other failure is thrown. */
export async function unlessAbsent<T>(reading: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (isAbsent(error)) return otherwise;
    throw error;
  }
}
