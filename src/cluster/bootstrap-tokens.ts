import {
  type BootstrapToken,
  bootstrapTokenName,
  bootstrapTokenNamespace,
  bootstrapTokenSecret,
  bootstrapTokenType,
  readBootstrapToken,
} from '../api/core/v1/bootstrap-token.js'
import { Secret } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import { isAlreadyExists, isNotFound } from '../machinery/status-error.js'
import { OperatorError } from './operator-error.js'

export {
  type BootstrapToken,
  type BootstrapTokenUsage,
  bootstrapGroupForm,
  splitBootstrapToken,
} from '../api/core/v1/bootstrap-token.js'

/** Makes a token of new nodes. Throws an `OperatorError` if there is one of its id. */
export async function createBootstrapToken(client: Client, token: BootstrapToken): Promise<void> {
  try {
    await client.create(Secret, bootstrapTokenSecret(token))
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    throw new OperatorError(
      `there is a token with the id ${token.id} already`,
      `Delete it first: t8s token delete ${token.id}`,
    )
  }
}

/** The tokens of new nodes. */
export async function listBootstrapTokens(client: Client): Promise<readonly BootstrapToken[]> {
  const { items } = await client.list(Secret, {
    namespace: bootstrapTokenNamespace,
    fieldSelector: `type=${bootstrapTokenType}`,
  })
  return items.flatMap(secret => readBootstrapToken(secret) ?? [])
}

/** Deletes a token of new nodes. Throws an `OperatorError` if there is none of this id. */
export async function deleteBootstrapToken(client: Client, id: string): Promise<void> {
  try {
    await client.delete(Secret, { namespace: bootstrapTokenNamespace, name: bootstrapTokenName(id) })
  } catch (error) {
    if (!isNotFound(error)) throw error
    throw new OperatorError(`there is no token ${id}`, 'See `t8s token list`.')
  }
}
