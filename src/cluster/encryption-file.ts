import { randomBytes } from 'node:crypto'
import { access } from 'node:fs/promises'
import { stringify } from 'yaml'
import { messageOf } from '../machinery/message-of.js'
import { writeFileAtomically } from './atomic-file.js'
import { hasCode, OperatorError } from './operator-error.js'

/**
 * Sees to it that there is an EncryptionConfiguration at `path`: by default secrets are encrypted with a key made now.
 * What was stored before stays readable. A file that is there is left alone. Throws an `OperatorError`.
 */
export async function ensureEncryptionFile(path: string): Promise<void> {
  try {
    await access(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT'))
      throw new OperatorError(`${path} cannot be read: ${messageOf(error)}`, 'Run as the user that made it.')
    await writeFileAtomically(path, newConfiguration(), { mode: 0o600 })
  }
}

/** A key has a name of its own, so that data of a lost one are known as such. */
const newConfiguration = (): string =>
  stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources: [
      {
        resources: ['secrets'],
        providers: [
          {
            secretbox: {
              keys: [{ name: `key-${randomBytes(4).toString('hex')}`, secret: randomBytes(32).toString('base64') }],
            },
          },
          { identity: {} },
        ],
      },
    ],
  })
