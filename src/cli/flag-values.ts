import { X509Certificate } from 'node:crypto'
import { readBounded } from '../cluster/bounded-file.js'
import { readKeyPair } from '../cluster/key-pair-files.js'
import { OperatorError } from '../cluster/operator-error.js'
import { messageOf } from '../machinery/message-of.js'
import { parseDuration } from '../schema/index.js'

/** The text of a file that a flag names. Throws an `OperatorError`. */
export async function fileText(path: string): Promise<string> {
  try {
    return await readBounded(path)
  } catch (error) {
    throw new OperatorError(`${path} cannot be read: ${messageOf(error)}`, 'Check the path and its permissions.', {
      cause: error,
    })
  }
}

/** The certificates of a file that a flag names, as PEM. Throws an `OperatorError`. */
export async function certificatesText(path: string): Promise<string> {
  const text = await fileText(path)
  try {
    new X509Certificate(text)
    return text
  } catch (error) {
    throw new OperatorError(
      `${path} holds no certificate: ${messageOf(error)}`,
      'Name a file of certificates as PEM.',
      {
        cause: error,
      },
    )
  }
}

type FileFlag = readonly [name: string, file: string | undefined]

/** The certificate and key of two flags; undefined if neither is given. Throws an `OperatorError` if only one is. */
export async function keyPairOf(
  what: string,
  certificate: FileFlag,
  key: FileFlag,
): Promise<{ readonly certificate: string; readonly key: string } | undefined> {
  if (certificate[1] === undefined && key[1] === undefined) return undefined
  if (certificate[1] === undefined || key[1] === undefined)
    throw new OperatorError(`${what} needs its key`, `Give both ${certificate[0]} and ${key[0]}.`)
  return readKeyPair(what, certificate[1], key[1])
}

/** A flag that is true or false. Throws an `OperatorError` that names it. */
export function isTrue(flag: string, value: string): boolean {
  if (value !== 'true' && value !== 'false')
    throw new OperatorError(`${flag} is ${JSON.stringify(value)}`, 'Give true or false.')
  return value === 'true'
}

/** A number, not negative. Throws an `OperatorError` that names the flag. */
export function numberOf(flag: string, value: string): number {
  const number = Number(value)
  if (value.trim() === '' || !Number.isFinite(number) || number < 0)
    throw new OperatorError(`${flag} is ${JSON.stringify(value)}`, 'Give a number, 0 or more.')
  return number
}

/** A whole number. Throws an `OperatorError` that names the flag. */
export function countOf(flag: string, value: string, least = 0): number {
  const count = Number(value)
  if (value.trim() === '' || !Number.isSafeInteger(count) || count < least)
    throw new OperatorError(`${flag} is ${JSON.stringify(value)}`, `Give a whole number, ${least} or more.`)
  return count
}

/** A port. Throws an `OperatorError` that names the flag. */
export function portNumber(flag: string, value: string): number {
  const port = Number(value)
  if (!/^\d+$/.test(value) || port > 65_535)
    throw new OperatorError(
      `${flag} is ${JSON.stringify(value)}, which is no port`,
      'Ports are numbers from 0 to 65535.',
    )
  return port
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
