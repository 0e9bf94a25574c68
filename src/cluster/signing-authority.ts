import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Clock } from '../machinery/clock.js'
import { messageOf } from '../machinery/message-of.js'
import { readBounded } from './bounded-file.js'
import { followFiles } from './file-changes.js'
import { OperatorError } from './operator-error.js'

/** An authority as its files have it by now: PEM texts. Dispose of it to follow them no more. */
export interface FollowedAuthority extends AsyncDisposable {
  readonly certificate: string
  readonly key: string
}

export interface AuthorityFiles {
  readonly certificateFile: string
  readonly keyFile: string
  /** Hears of files that have become unusable; what they held before goes on. */
  readonly onError: (error: unknown) => void
  readonly clock?: Clock
}

/** Reads the authority that signs certificates, and follows its files. Throws an `OperatorError` if they are of no use. */
export async function followAuthority({
  certificateFile,
  keyFile,
  onError,
  clock,
}: AuthorityFiles): Promise<FollowedAuthority> {
  let now = await readPair(certificateFile, keyFile)
  const following = await followFiles([certificateFile, keyFile], {
    async changed() {
      now = await readPair(certificateFile, keyFile)
    },
    onError,
    ...(clock ? { clock } : {}),
  })
  return {
    get certificate() {
      return now.certificate
    },
    get key() {
      return now.key
    },
    [Symbol.asyncDispose]: () => following[Symbol.asyncDispose](),
  }
}

async function readPair(certificateFile: string, keyFile: string): Promise<{ certificate: string; key: string }> {
  try {
    const [certificate, key] = await Promise.all([readBounded(certificateFile), readBounded(keyFile)])
    if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)))
      throw new Error('the key is that of another certificate')
    return { certificate, key }
  } catch (error) {
    throw new OperatorError(
      `the authority in ${certificateFile} and ${keyFile} cannot be used: ${messageOf(error)}`,
      'Name a certificate and its key, both as PEM.',
      { cause: error },
    )
  }
}
