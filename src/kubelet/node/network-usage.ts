import { readFile } from 'node:fs/promises'

/** What went through a network interface since it is there. */
export interface InterfaceUsage {
  readonly name: string
  readonly received: Traffic
  readonly sent: Traffic
}

export interface Traffic {
  readonly bytes: number
  readonly packets: number
  readonly errors: number
  readonly dropped: number
}

/** Interfaces that carry what others have counted already: the loopback, and the node's ends of pods' own. */
const uncounted = /^(?:lo$|veth|docker|nerdctl)/

/** Reads the text of /proc/net/dev. */
export function parseInterfaces(text: string): InterfaceUsage[] {
  const found: InterfaceUsage[] = []
  for (const line of text.split('\n').slice(2)) {
    const [name = '', counters = ''] = line.split(/:\s*/)
    if (!counters || uncounted.test(name.trim())) continue
    const numbers = counters.trim().split(/\s+/).map(Number)
    const traffic = (at: number): Traffic => {
      const [bytes = 0, packets = 0, errors = 0, dropped = 0] = numbers.slice(at)
      return { bytes, packets, errors, dropped }
    }
    found.push({ name: name.trim(), received: traffic(0), sent: traffic(8) })
  }
  return found
}

/** The interfaces that a process sees; none if it has gone. */
export const networkUsage = async (pid: number | 'self'): Promise<readonly InterfaceUsage[]> =>
  parseInterfaces(await readFile(`/proc/${pid}/net/dev`, 'utf8').catch(() => ''))
