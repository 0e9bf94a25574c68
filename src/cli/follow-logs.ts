import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { ClusterConfig } from '../cluster/cluster-config.js'
import { localNodes } from '../cluster/local-nodes.js'
import { tailLog } from '../cluster/log-file.js'
import { hasCode, OperatorError } from '../cluster/operator-error.js'
import { type ClusterPaths, nodePaths } from '../cluster/paths.js'

export interface FollowOptions {
  readonly component: string | undefined
  readonly lines: number
  readonly follow: boolean
  readonly signal: AbortSignal
}

const pollMs = 200

/** Prints the log of a component, or those of all, and goes on as it grows. */
export async function followLogs(
  paths: ClusterPaths,
  config: ClusterConfig,
  { component, lines, follow, signal }: FollowOptions,
): Promise<void> {
  const files: { readonly [component: string]: string } = {
    'control-plane': join(paths.logs, 'control-plane.log'),
    ...Object.fromEntries(
      localNodes(config).flatMap(({ name, process: node }) => [
        [node, join(paths.logs, `${node}.log`)],
        [node.replace('node', 'containerd'), join(nodePaths(paths, name).containerdRoot, 'containerd.log')],
      ]),
    ),
    supervisor: join(paths.logs, 'supervisor.log'),
  }
  const chosen = component === undefined ? Object.entries(files) : [[component, files[component]] as const]
  const followed = chosen.map(async ([name, file]) => {
    if (!file)
      throw new OperatorError(`there is no component ${name}`, `Choose one of ${Object.keys(files).join(', ')}.`)
    const prefix = component === undefined ? `${name}: ` : ''
    for (const line of await tailLog(file, { lines })) process.stdout.write(`${prefix}${line}\n`)
    if (follow) await followFile(file, line => process.stdout.write(`${prefix}${line}\n`), signal)
  })
  await Promise.all(followed)
}

async function followFile(path: string, print: (line: string) => void, signal: AbortSignal): Promise<void> {
  let file: FileHandle | undefined
  let position = Number.POSITIVE_INFINITY
  let rest = ''
  const buffer = Buffer.alloc(64 * 1024)
  try {
    while (!signal.aborted) {
      file ??= await open(path).catch(error => {
        if (hasCode(error, 'ENOENT')) return undefined
        throw error
      })
      if (file) {
        const { size } = await file.stat()
        // The first look begins at the end; a file that has shrunk was emptied by rotation.
        if (position === Number.POSITIVE_INFINITY) position = size
        else if (size < position) position = 0
        while (position < size) {
          const { bytesRead } = await file.read(buffer, 0, buffer.length, position)
          if (bytesRead === 0) break
          position += bytesRead
          const parts = (rest + buffer.toString('utf8', 0, bytesRead)).split('\n')
          rest = parts.pop() ?? ''
          for (const line of parts) print(line)
        }
      }
      await pause(pollMs, undefined, { signal }).catch(() => {})
    }
  } finally {
    await file?.close()
  }
}
