import type { Clock } from '../machinery/clock.js'
import { followFiles } from './file-changes.js'
import { readKeyPair } from './key-pair-files.js'

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
  let now = await readKeyPair('the authority', certificateFile, keyFile)
  const following = await followFiles([certificateFile, keyFile], {
    async changed() {
      now = await readKeyPair('the authority', certificateFile, keyFile)
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
