import { readBounded } from '../cluster/bounded-file.js'
import { OperatorError } from '../cluster/operator-error.js'
import { parseDuration } from '../schema/index.js'

/** The text of a file that a flag names. Throws an `OperatorError`. */
export async function fileText(path: string): Promise<string> {
  try {
    return await readBounded(path)
  } catch (error) {
    throw new OperatorError(
      `${path} cannot be read: ${(error as Error).message}`,
      'Check the path and its permissions.',
      { cause: error },
    )
  }
}

/** A duration such as 5m or 1h30m, in milliseconds. Throws an `OperatorError` that names the flag. */
export function durationMs(flag: string, value: string): number {
  try {
    return Number(parseDuration(value)) / 1e6
  } catch {
    throw new OperatorError(`${flag} is ${JSON.stringify(value)}`, 'Durations are like 30s, 5m or 1h.')
  }
}

/** The flags by the names they have on the command line. */
export const shownFlags = (flags: object): { readonly [name: string]: string } =>
  Object.fromEntries(
    Object.entries(flags).map(([name, value]) => [
      name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`),
      String(value),
    ]),
  )
