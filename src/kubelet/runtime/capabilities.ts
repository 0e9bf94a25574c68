import { readFileSync } from 'node:fs'

/** Bits of Linux capabilities, from capabilities(7). */
export const Capabilities = { sysResource: 24 } as const

/** Whether the text of a `/proc/<pid>/status` shows a capability in effect. */
export function hasCapability(statusText: string, capability: number): boolean {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(statusText)?.[1]
  return mask !== undefined && ((BigInt(`0x${mask}`) >> BigInt(capability)) & 1n) === 1n
}

/** Whether this process, and so its children, may lower OOM scores and raise limits. */
export const mayRaiseLimits = (): boolean =>
  hasCapability(readFileSync('/proc/self/status', 'utf8'), Capabilities.sysResource)
