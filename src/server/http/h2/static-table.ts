/** A header as it is in a table, or in a request. */
export interface HeaderField {
  readonly name: string
  readonly value: string
}

/** What a field takes of a table or of a list, in bytes. */
export const sizeOfField = ({ name, value }: HeaderField): number => name.length + value.length + 32

const none: readonly string[] = ['']

/** Names with the values that the table knows: https://www.rfc-editor.org/rfc/rfc7541#appendix-A. */
const known: readonly (readonly [string, readonly string[]])[] = [
  [':authority', none],
  [':method', ['GET', 'POST']],
  [':path', ['/', '/index.html']],
  [':scheme', ['http', 'https']],
  [':status', ['200', '204', '206', '304', '400', '404', '500']],
  ['accept-charset', none],
  ['accept-encoding', ['gzip, deflate']],
  ...[
    ...['accept-language', 'accept-ranges', 'accept', 'access-control-allow-origin', 'age', 'allow', 'authorization'],
    ...['cache-control', 'content-disposition', 'content-encoding', 'content-language', 'content-length'],
    ...['content-location', 'content-range', 'content-type', 'cookie', 'date', 'etag', 'expect', 'expires', 'from'],
    ...['host', 'if-match', 'if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since', 'last-modified'],
    ...['link', 'location', 'max-forwards', 'proxy-authenticate', 'proxy-authorization', 'range', 'referer', 'refresh'],
    ...['retry-after', 'server', 'set-cookie', 'strict-transport-security', 'transfer-encoding', 'user-agent', 'vary'],
    ...['via', 'www-authenticate'],
  ].map(name => [name, none] as const),
]

/** By index, from 1 on; nothing is at 0. */
export const staticTable: readonly HeaderField[] = [
  { name: '', value: '' },
  ...known.flatMap(([name, values]) => values.map(value => ({ name, value }))),
]

/** The first index of a name. */
export const staticNames: ReadonlyMap<string, number> = new Map(
  staticTable.map(({ name }, index) => [name, index] as const).reverse(),
)
