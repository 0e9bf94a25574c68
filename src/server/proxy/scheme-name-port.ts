/** What a proxied object is asked by: `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`. */
export interface SchemeNamePort {
  /** Empty if none is asked for. */
  readonly scheme: '' | 'http' | 'https'
  readonly name: string
  /** A number or a name; empty if none is asked for. */
  readonly port: string
}

/** Reads the name of a proxied object off its URL; undefined if it is none. */
export function schemeNamePort(id: string): SchemeNamePort | undefined {
  const parts = id.split(':')
  if (parts.length > 3) return undefined
  const [scheme = '', name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts]
  return name && (scheme === '' || scheme === 'http' || scheme === 'https') ? { scheme, name, port } : undefined
}
