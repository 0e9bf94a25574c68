import { createPrivateKey, X509Certificate } from 'node:crypto'
import { messageOf } from '../machinery/message-of.js'
import { readBounded } from './bounded-file.js'
import { OperatorError } from './operator-error.js'

/** A certificate and its key as two files hold them: PEM texts. Throws an `OperatorError` that names `what` they are for. */
export async function readKeyPair(
  what: string,
  certificateFile: string,
  keyFile: string,
): Promise<{ readonly certificate: string; readonly key: string }> {
  try {
    const [certificate, key] = await Promise.all([readBounded(certificateFile), readBounded(keyFile)])
    if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)))
      throw new Error('the key is that of another certificate')
    return { certificate, key }
  } catch (error) {
    throw new OperatorError(
      `${what} in ${certificateFile} and ${keyFile} cannot be used: ${messageOf(error)}`,
      'Name a certificate and its key, both as PEM.',
      { cause: error },
    )
  }
}
