import { isIP } from 'node:net'

export interface ResolvConf {
  /** Addresses of the servers to ask, in this order. */
  readonly nameservers: readonly string[]
  /** How long to wait for one server, in milliseconds. */
  readonly timeoutMs: number
  /** How often all servers are asked before giving up. */
  readonly attempts: number
}

/** A client in a pod waits 5 seconds by itself: long enough for two servers that do not answer. */
const defaults = { timeoutMs: 2000, attempts: 2 }

/** Reads a resolv.conf(5), as resolvers do: what makes no sense is passed over, and no more than three servers count. */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = []
  let { timeoutMs, attempts } = defaults
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/)
    if (keyword === 'nameserver') {
      const [address = ''] = values
      if (isIP(address.replace(/%.*$/, '')) && nameservers.length < 3) nameservers.push(address)
    } else if (keyword === 'options') {
      for (const option of values) {
        const [, name, digits] = /^(timeout|attempts):(\d{1,4})$/.exec(option) ?? []
        if (name === 'timeout') timeoutMs = Math.min(Math.max(Number(digits), 1), 30) * 1000
        else if (name === 'attempts') attempts = Math.min(Math.max(Number(digits), 1), 5)
      }
    }
  }
  return { nameservers, timeoutMs, attempts }
}
