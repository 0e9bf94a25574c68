import { Node } from '../../api/core/v1/index.js'
import type { Client } from '../../client/client.js'
import { isConflict, isNotFound } from '../../machinery/status-error.js'

/** Times that somebody else may write a node's status in between. */
const tries = 5

/** Tells a node that it has a volume. False if it knew, or is gone. */
export const reportAttached = (client: Client, nodeName: string, uniqueName: string): Promise<boolean> =>
  changeStatus(client, nodeName, ({ volumesAttached = [] }) =>
    volumesAttached.some(({ name }) => name === uniqueName)
      ? false
      : [...volumesAttached, { name: uniqueName, devicePath: '' }],
  )

/**
 * Tells a node that a volume is not attached any more. False if the node has it mounted after all, unless `forced`: it is
 * to stay then.
 */
export async function withdraw(
  client: Client,
  nodeName: string,
  uniqueName: string,
  forced: boolean,
): Promise<boolean> {
  let inUse = false
  await changeStatus(client, nodeName, ({ volumesAttached = [], volumesInUse = [] }) => {
    inUse = volumesInUse.includes(uniqueName) && !forced
    const left = volumesAttached.filter(({ name }) => name !== uniqueName)
    return inUse || left.length === volumesAttached.length ? false : left
  })
  return !inUse
}

/** Writes what `change` makes of the status as the server has it; nothing if that is false. Answers whether it wrote. */
async function changeStatus(
  client: Client,
  name: string,
  change: (status: Node['status']) => Node['status']['volumesAttached'] | false,
): Promise<boolean> {
  for (let left = tries; ; left--)
    try {
      const { metadata, status } = await client.get(Node, { name })
      const volumesAttached = change(status)
      if (volumesAttached === false) return false
      const { resourceVersion } = metadata
      const body = {
        metadata: { resourceVersion },
        status: { volumesAttached: volumesAttached?.length ? volumesAttached : null },
      }
      await client.patch(Node, { name }, { type: 'merge', body }, { subresource: 'status' })
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      if (!isConflict(error) || left <= 1) throw error
    }
}
